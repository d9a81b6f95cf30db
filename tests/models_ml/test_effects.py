"""What cleaning and augmentation are worth on a shop: both chances counted, what does not help
switched off, gone on with after a stop.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models_ml.bench.dirt import plant
from models_ml.data.augmentation import AUGMENTATIONS
from models_ml.data.cleaning import DEFAULT_STEPS, STEPS
from models_ml.data.columns import TIME
from models_ml.recommender.config import TrainConfig, TrainingStopped
from models_ml.recommender.effects import (
    EffectBounds,
    EffectsProgress,
    _Measurement,
    difference,
    measure_effects,
)
from models_ml.recommender.variants import Outcome
from tests.trained import TINY, tiny_frame

END = pd.Timestamp("2026-05-01", tz="UTC")
CONFIG = TrainConfig(**{**TINY, "epochs": 1})
BOUNDS = EffectBounds(seeds=2, minutes=5.0)


def _measure(folder: Path, frame: pd.DataFrame | None = None, **given: object) -> dict:
    settings = {"config": CONFIG, "bounds": BOUNDS, **given}
    return measure_effects(tiny_frame(END) if frame is None else frame, out_dir=folder, **settings)


def _outcome(values: list[float], learned: str) -> Outcome:
    return Outcome(np.array(values), np.array(values), dict.fromkeys(STEPS, 3), learned)


def test_each_step_is_measured_and_what_changes_nothing_stays_as_it_is(tmp_path: Path) -> None:
    told: list[EffectsProgress] = []
    dirty, honest = plant(tiny_frame(END), seed=5), tiny_frame(END)
    report = _measure(tmp_path, dirty, on_progress=told.append)
    assert report["in_use"] == report["usual"]
    assert report["usual"] == {"cleaning": list(DEFAULT_STEPS), "augmentation": []}
    steps = {one["name"]: one for one in report["steps"]}
    assert list(steps) == [*STEPS, *AUGMENTATIONS]
    planted = dirty["planted"].value_counts()
    # What one step finds is none for the next one.
    dropped = sum(steps[name]["dropped"] for name in DEFAULT_STEPS)
    assert dropped >= sum(planted[name] for name in DEFAULT_STEPS)
    assert steps["exact duplicates"]["dropped"] >= planted["exact duplicates"]
    # What came twice is in a history once anyway.
    assert steps["exact duplicates"]["difference"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert steps["exact duplicates"]["verdict"] == "no_change"
    assert "exact duplicates" in report["proposed"]["cleaning"]
    for name in ("near duplicates", "bots", *AUGMENTATIONS):
        found = steps[name]["difference"]
        assert found["low"] <= found["mean"] <= found["high"]
        assert (steps[name]["verdict"] == "helps") == (found["low"] > 0)
        if name in AUGMENTATIONS and (report["together"] or found)["high"] >= 0:
            assert (name in report["proposed"]["augmentation"]) == (found["low"] > 0)
    assert told[-1].fraction <= 1.0
    assert {one.measured for one in told} >= {0, 1, 4, 7}
    assert any(one.epoch is not None for one in told)
    # Every augmentation taught another network, and so did every seed.
    learned = {np.load(path)["transformer"].tobytes() for path in tmp_path.glob("*.npz")}
    assert len(learned) >= 2 * (1 + len(AUGMENTATIONS))
    # Scripts that ordered in the window are no customers whom anybody asks.
    few = EffectBounds(seeds=2, minutes=1e-3)
    cut_short = _measure(tmp_path / "honest", honest, bounds=few)
    assert cut_short["customers"] == report["customers"]
    assert {one["verdict"] for one in cut_short["steps"]} == {"unmeasured"}
    assert cut_short["proposed"] == cut_short["in_use"]


def test_a_stopped_measurement_goes_on_and_ends_alike(tmp_path: Path) -> None:
    told: list[EffectsProgress] = []

    def in_the_second_variant() -> bool:
        return bool(told) and told[-1].measured >= 5

    with pytest.raises(TrainingStopped):
        _measure(tmp_path, on_progress=told.append, should_stop=in_the_second_variant)
    finished = {path.name: path.stat().st_mtime_ns for path in tmp_path.glob("*.npz")}
    assert len(finished) >= 2
    report = _measure(tmp_path)
    for name, written in finished.items():
        assert (tmp_path / name).stat().st_mtime_ns == written
    assert report == _measure(tmp_path / "at once")
    # The shop is clean: not a row goes, and not a figure moves.
    for one in report["steps"][: len(STEPS)]:
        assert (one["dropped"], one["verdict"]) == (0, "no_change")
        assert one["difference"] == {"mean": 0.0, "low": 0.0, "high": 0.0}


def test_the_test_window_changes_nothing(tmp_path: Path) -> None:
    frame = tiny_frame(END)
    late = frame[TIME] > frame[TIME].max() - pd.Timedelta(days=CONFIG.test_days)
    other = frame.copy()
    other.loc[late, "item"] = other.loc[late, "item"].sample(frac=1.0, random_state=1).to_numpy()
    bounds = EffectBounds(seeds=2, minutes=1e-3)
    assert _measure(tmp_path / "a", frame, bounds=bounds) == _measure(
        tmp_path / "b", other, bounds=bounds
    )


def test_intervals_count_the_chance_of_customers_and_of_trainings() -> None:
    """Simulated: no step is worth anything, customers and trainings differ at random."""
    random = np.random.default_rng(4)
    held = 0
    for _world in range(400):
        customers = random.normal(0.3, 0.2, 200)
        variants = [
            [
                _outcome(customers + random.normal(0, 0.05) + random.normal(0, 0.1, 200), str(one))
                for _seed in range(2)
            ]
            for one in range(8)
        ]
        means = [np.array([one.model.mean() for one in outcomes]) for outcomes in variants]
        found = difference(variants[0], variants[1], means)
        held += found["low"] <= 0.0 <= found["high"]
    assert 0.92 <= held / 400 <= 0.99


def test_what_helps_comes_into_use_and_what_does_not_goes(tmp_path: Path) -> None:
    measurement = _Measurement(
        tiny_frame(END), (), tmp_path, CONFIG, BOUNDS, lambda told: None, lambda: False
    )
    base = [0.3, 0.4, 0.5]
    measurement._base = [_outcome(base, "base")] * 2
    worth = {"near duplicates": 0.05, "bots": -0.01, "crop": 0.08, "mask": 0.0}
    for step in measurement._steps:
        if step.name in worth:
            sign = -1 if step.in_use else 1
            values = [value + sign * worth[step.name] for value in base]
            step.outcomes = [_outcome(values, step.name)] * 2
        if step.name in ("exact duplicates", "substitute"):
            # Better for one, worse for another: a gain worth having may hide in it, or a loss.
            step.outcomes = [_outcome([0.35, 0.35, 0.5], step.name)] * 2
    report = measurement._report()
    verdicts = {one["name"]: one["verdict"] for one in report["steps"]}
    assert verdicts == {
        "exact duplicates": "unclear",
        "near duplicates": "helps",
        "bots": "no_help",
        "bursts": "unmeasured",
        "crop": "helps",
        "mask": "no_help",
        "substitute": "unclear",
    }
    chosen = {"cleaning": ["exact duplicates", "near duplicates"], "augmentation": ["crop"]}
    assert report["proposed"] == chosen
    measurement._together = [_outcome([value - 0.1 for value in base], "together")] * 2
    worse = measurement._report()
    assert worse["together"]["high"] < 0
    assert worse["proposed"] == worse["in_use"]


@pytest.mark.parametrize(("seeds", "minutes"), [(1, 5.0), (2, 0.0)])
def test_bounds_without_sense_are_refused(seeds: int, minutes: float) -> None:
    with pytest.raises(ValueError, match="seeds" if seeds < 2 else "minutes"):
        EffectBounds(seeds, minutes)
