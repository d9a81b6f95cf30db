"""Rows of training: trainings and model versions."""

from typing import Any

from guidance.training.models import DriftReading, ModelVersion, RetrainingPolicy, TrainingRun
from tests.factories.core import job
from tests.factories.numbers import next_number

PASSED_VERDICT = {
    "passed": True,
    "against": "popularity",
    "difference": 0.02,
    "low": 0.01,
    "high": 0.03,
    "comparisons": [{"against": "popularity", "difference": 0.02, "low": 0.01, "high": 0.03}],
    "current_version": "",
    "note": "",
}


def training_run(**given: Any) -> TrainingRun:
    return TrainingRun.objects.create(
        **{"recipe": "recommender", "job": given.pop("job", None) or job(), **given}
    )


def retraining_policy(**given: Any) -> RetrainingPolicy:
    return RetrainingPolicy.objects.create(**{"recipe": f"recipe-{next_number()}", **given})


def drift_reading(**given: Any) -> DriftReading:
    return DriftReading.objects.create(**{"recipe": "recommender", **given})


def model_version(**given: Any) -> ModelVersion:
    return ModelVersion.objects.create(
        **{
            "recipe": "recommender",
            "number": next_number(),
            "run": given.pop("run", None) or training_run(),
            "policy": "model",
            "best_baseline": "popularity",
            "directory": "nowhere",
            "verdict": PASSED_VERDICT,
            **given,
        }
    )
