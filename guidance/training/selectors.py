"""Reads about runs and versions: what serves, what would after a rollback, how a run stands, and
what speaks for the next one.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Case, IntegerField, QuerySet, When

from guidance.core.models import Job
from guidance.training.due import Situation
from guidance.training.hooks import data_size
from guidance.training.models import DriftReading, ModelVersion, RetrainingPolicy, TrainingRun

ESTIMATE_JOB = "estimate_version"


@dataclass(frozen=True)
class Serving:
    """What web processes load for a recipe.

    `policy` is the version's own where a person promoted it, and its best baseline otherwise.
    """

    version_id: uuid.UUID
    number: int
    folder: Path
    policy: str
    best_baseline: str
    status: str

    @property
    def is_promoted(self) -> bool:
        return self.status == ModelVersion.Status.PROMOTED


def serving(recipe: str) -> Serving | None:
    """Return what serves now: the promoted version, else the newest one's best baseline.

    One query. None before the first training has ended.
    """
    promoted_first = Case(
        When(status=ModelVersion.Status.PROMOTED, then=0), default=1, output_field=IntegerField()
    )
    version = (
        ModelVersion.objects.filter(recipe=recipe)
        .only("number", "directory", "policy", "best_baseline", "status")
        .order_by(promoted_first, "-number")
        .first()
    )
    if version is None:
        return None
    promoted = version.status == ModelVersion.Status.PROMOTED
    return Serving(
        version_id=version.pk,
        number=version.number,
        folder=version.folder,
        policy=version.policy if promoted else version.best_baseline,
        best_baseline=version.best_baseline,
        status=version.status,
    )


def promoted_version(recipe: str) -> ModelVersion | None:
    """Return the promoted version, None where nobody promoted one."""
    return ModelVersion.objects.filter(recipe=recipe, status=ModelVersion.Status.PROMOTED).first()


def active_run(recipe: str) -> TrainingRun | None:
    """Return the run of this recipe that waits or trains now."""
    return (
        TrainingRun.objects.filter(
            recipe=recipe, job__status__in=[Job.Status.QUEUED, Job.Status.RUNNING]
        )
        .select_related("job")
        .first()
    )


def versions_by_number(recipe: str) -> QuerySet[ModelVersion]:
    """Return every version of a recipe, oldest first, with its metrics."""
    return ModelVersion.objects.filter(recipe=recipe).order_by("number")


def curve_of(run: TrainingRun) -> list[dict[str, Any]]:
    """Return `{epoch, loss, validation_ndcg}` per epoch, while it trains and afterwards."""
    points: list[dict[str, Any]] = run.report.get("epochs", [])
    return points


def kept_params(recipe: str) -> dict[str, Any]:
    """Return the settings that every run of the recipe takes from its retraining."""
    kept = RetrainingPolicy.objects.filter(recipe=recipe).values_list("params", flat=True).first()
    return dict(kept or {})


def latest_reading(recipe: str) -> DriftReading | None:
    """Return the newest drift reading of a recipe."""
    return DriftReading.objects.filter(recipe=recipe).first()


def situation(recipe: str) -> Situation:
    """Return what decides whether a recipe is trained again; five statements, the recipe's own
    count among them.
    """
    trainings = (
        TrainingRun.objects.filter(recipe=recipe, kind=TrainingRun.Kind.TRAIN)
        .select_related("job")
        .defer("report", "job__log", "job__result")
        .order_by("-created_at")
    )
    newest = ModelVersion.objects.filter(recipe=recipe).order_by("-number").values("status")
    return Situation(
        last=trainings.first(),
        last_succeeded=trainings.filter(job__status=Job.Status.SUCCEEDED).first(),
        data_size=data_size(recipe),
        reading=latest_reading(recipe),
        awaits_decision=newest.first() == {"status": ModelVersion.Status.CANDIDATE},
    )


def latest_effects(recipe: str) -> TrainingRun | None:
    """Return the newest finished measurement of what cleaning and augmentation are worth."""
    measured = TrainingRun.objects.filter(recipe=recipe, kind=TrainingRun.Kind.EFFECTS)
    return measured.filter(job__status=Job.Status.SUCCEEDED).order_by("-created_at").first()


def estimate_under_way(version: ModelVersion) -> Job | None:
    """Return the job that waits to read the log for a version, or does so now."""
    waiting = Job.objects.active().filter(kind=ESTIMATE_JOB)
    return waiting.filter(params__version=str(version.pk)).first()
