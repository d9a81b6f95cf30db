"""The gate promotes only what is clearly better than everything that could serve instead."""

from pathlib import Path

import numpy as np
import pytest

from models_ml.recommender.gate import CURRENT, gate
from models_ml.recommender.report import DataSummary, TrainReport

BASELINE = np.random.default_rng(1).uniform(0.0, 0.6, 500)
NOISE = np.random.default_rng(2).normal(0.0, 0.1, 500)
NOISE -= NOISE.mean()


def report(model: np.ndarray) -> TrainReport:
    return TrainReport(
        data=DataSummary(500, 10, 1_000, {}, "2026-01-01", "2026-01-15", "2026-01-29", 500),
        candidates={},
        best_baseline="repeat_frequency",
        model_minus_best_baseline={},
        epochs=[],
        start={"used": "scratch", "measured": {}, "note": ""},
        seconds={},
        seed=7,
        customers=np.array([f"c{number}" for number in range(500)]),
        ndcgs={"model": model, "repeat_frequency": BASELINE, "popularity": BASELINE / 2},
    )


def test_a_clear_winner_passes_and_the_verdict_says_by_how_much() -> None:
    verdict = gate(report(BASELINE + 0.03 + NOISE), None)
    assert verdict.passed
    assert verdict.against == "repeat_frequency"
    assert verdict.low > 0
    assert verdict.low < verdict.difference < verdict.high
    assert verdict.difference == pytest.approx(0.03)


def test_a_gain_within_the_noise_is_refused() -> None:
    verdict = gate(report(BASELINE + 0.002 + NOISE), None)
    assert not verdict.passed
    assert verdict.low <= 0 < verdict.difference < verdict.high


def test_what_beats_the_baseline_but_not_todays_model_is_refused() -> None:
    model = BASELINE + 0.05 + NOISE
    verdict = gate(report(model), model + 0.001)
    assert not verdict.passed
    assert verdict.against == CURRENT
    assert [one.against for one in verdict.comparisons] == ["repeat_frequency", CURRENT]
    assert verdict.comparisons[0].won


def test_what_beats_todays_model_but_not_the_baseline_is_refused() -> None:
    verdict = gate(report(BASELINE - 0.05), BASELINE - 0.2)
    assert not verdict.passed
    assert verdict.against == "repeat_frequency"
    assert verdict.high < 0


def test_values_of_other_customers_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot pair"):
        gate(report(BASELINE), np.zeros(3))


def test_a_report_comes_back_from_disk_as_it_was(tmp_path: Path) -> None:
    written = report(BASELINE + NOISE)
    written.save(tmp_path)
    read = TrainReport.load(tmp_path)
    assert read == written
    assert read.customers.tolist() == written.customers.tolist()
    assert read.ndcgs["model"] == pytest.approx(written.ndcgs["model"])
