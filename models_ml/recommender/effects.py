"""What each step of cleaning and each augmentation is worth on a shop's own validation window, and
which of them its trainings should use.

Each is measured by trainings that differ in it alone: the settings in use, and the same with that
one step switched. The test window is never looked at, so that the gate still measures on data that
chose nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from models_ml.data.augmentation import AUGMENTATIONS
from models_ml.data.cleaning import DEFAULT_STEPS, STEPS, NotEnoughData, clean
from models_ml.data.content import ItemFacts
from models_ml.data.split import split_by_time
from models_ml.recommender.config import Progress, ShouldStop, TrainConfig
from models_ml.recommender.variants import Outcome, Treatment, Variants

CLEANING, AUGMENTATION = "cleaning", "augmentation"
# What was found of a step: its whole interval lies above zero; no gain worth having is left in it;
# it holds zero and such a gain; trainings learn the very same with the step and without it; the
# minutes were over before, or nothing was left to learn.
HELPS, NO_HELP, UNCLEAR = "helps", "no_help", "unclear"
NO_CHANGE, UNMEASURED = "no_change", "unmeasured"
CONFIDENCE = 0.95
# The least gain worth having, as a share of NDCG@10 with what is in use. Chosen.
WORTH_HAVING = 0.02


@dataclass(frozen=True)
class EffectBounds:
    """Each variant is trained with so many `seeds`; after so many `minutes` of training no other
    variant is begun. The settings in use are measured however few they are.
    """

    seeds: int = 2
    minutes: float = 60.0

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise ValueError(f"seeds must be 2 or more, got {self.seeds}: one tells no chance")
        if self.minutes <= 0:
            raise ValueError(f"minutes must be above zero, got {self.minutes}")


@dataclass(frozen=True, slots=True)
class EffectsProgress:
    """Where a measurement stands: variants measured of how many, the report so far, the epoch of
    the training under way.
    """

    fraction: float
    measured: int
    variants: int
    report: dict[str, Any]
    epoch: Progress | None = None


OnEffects = Callable[[EffectsProgress], None]


def measure_effects(
    frame: pd.DataFrame,
    *,
    out_dir: Path,
    config: TrainConfig,
    bounds: EffectBounds,
    items: Sequence[ItemFacts] = (),
    on_progress: OnEffects = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
) -> dict[str, Any]:
    """Measure every step for `frame` and return, ready for JSON:

    `usual`, `in_use` and `proposed`, each with the names of `cleaning` and `augmentation`, the
    usual ones being those that nobody chose; `customers` asked, `seeds`, and `ndcg@10` of the
    settings in use; `steps`, each with its `setting`, `name`, whether it is `in_use`, the rows it
    `dropped`, the `verdict` and, where measured, the `difference` that it makes to validation
    NDCG@10 as `{"mean", "low", "high"}`; and `together`, that of all that is chosen to what is in
    use, None where they are the same or were not measured.

    A step that helps is proposed and one that does not is not. Where too few customers leave that
    open, a step of cleaning stays as it is, since what it takes no shopper meant, and an
    augmentation goes: it must earn its place. What changes nothing or was not measured stays as it
    is, and so does everything where all that is chosen is clearly worse together.

    The questions are what the validation window holds after all steps of cleaning: what scripts
    bought there is no question, whatever a training learned from. `config.max_minutes` bounds each
    training. Run again with the same `out_dir`, it goes on where it was stopped. Raises
    `TrainingStopped`, `BadFrame` or `NotEnoughData`.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    with threadpool_limits(config.threads):
        return _Measurement(frame, items, out_dir, config, bounds, on_progress, should_stop).run()


@dataclass
class _Step:
    setting: str
    name: str
    in_use: bool
    treatment: Treatment
    outcomes: list[Outcome] = field(default_factory=list)


class _Measurement:
    def __init__(
        self,
        frame: pd.DataFrame,
        items: Sequence[ItemFacts],
        out_dir: Path,
        config: TrainConfig,
        bounds: EffectBounds,
        on_progress: OnEffects,
        should_stop: ShouldStop,
    ) -> None:
        self._config, self._bounds, self._on_progress = config, bounds, on_progress
        rows, _ = clean(frame, tuple(STEPS))
        until = config.until and pd.Timestamp(config.until)
        questions = split_by_time(rows, config.test_days, config.validation_days, until)
        self._variants = Variants(
            frame,
            questions,
            config,
            out_dir,
            items=items,
            on_progress=lambda epoch: self._tell(epoch if epoch.epoch is not None else None),
            should_stop=should_stop,
        )
        self._in_use = Treatment(
            _ordered(STEPS, config.cleaning), _ordered(AUGMENTATIONS, config.augmentation)
        )
        self._steps = [
            *(self._step(CLEANING, name) for name in STEPS),
            *(self._step(AUGMENTATION, name) for name in AUGMENTATIONS),
        ]
        self._base: list[Outcome] = []
        self._together: list[Outcome] = []

    def _step(self, setting: str, name: str) -> _Step:
        chosen = getattr(self._in_use, setting)
        return _Step(setting, name, name in chosen, _switched(self._in_use, setting, name))

    def run(self) -> dict[str, Any]:
        self._base = self._measure(self._in_use)
        for step in self._steps:
            self._tell()
            if self._has_time():
                step.outcomes = self._measure_if_it_can_be(step.treatment)
        proposed = self._proposed()
        if proposed != self._in_use and self._has_time():
            self._tell()
            self._together = self._measure_if_it_can_be(proposed)
        return self._report()

    def _measure_if_it_can_be(self, treatment: Treatment) -> list[Outcome]:
        """Nothing where a step leaves too little to learn from: it says nothing then."""
        try:
            return self._measure(treatment)
        except NotEnoughData:
            return []

    def _measure(self, treatment: Treatment) -> list[Outcome]:
        seeds = range(self._config.seed, self._config.seed + self._bounds.seeds)
        return [self._variants.measure(treatment, seed) for seed in seeds]

    def _has_time(self) -> bool:
        return self._variants.seconds < self._bounds.minutes * 60

    def _tell(self, epoch: Progress | None = None) -> None:
        measured = bool(self._base) + sum(bool(step.outcomes) for step in self._steps)
        variants = 1 + len(self._steps)
        done = max(measured / variants, self._variants.seconds / (self._bounds.minutes * 60))
        report = self._report() if self._base else {}
        self._on_progress(EffectsProgress(min(done, 1.0), measured, variants, report, epoch))

    def _report(self) -> dict[str, Any]:
        together = self._difference(self._together, self._base) if self._together else None
        proposed = self._proposed()
        if together is not None and together["high"] < 0:
            proposed = self._in_use
        return {
            "customers": len(self._base[0].model),
            "seeds": self._bounds.seeds,
            "ndcg@10": self._ndcg(),
            "usual": _named(Treatment(DEFAULT_STEPS)),
            "in_use": _named(self._in_use),
            "proposed": _named(proposed),
            "steps": [self._row(step) for step in self._steps],
            "together": together,
        }

    def _ndcg(self) -> float:
        """With what is in use."""
        return float(np.mean([one.model for one in self._base]))

    def _row(self, step: _Step) -> dict[str, Any]:
        row: dict[str, Any] = {
            "setting": step.setting,
            "name": step.name,
            "in_use": step.in_use,
            "verdict": self._verdict(step),
        }
        if step.outcomes:
            with_it, without = self._sides(step)
            row["difference"] = self._difference(with_it, without)
            row["dropped"] = with_it[0].dropped.get(step.name, 0)
        return row

    def _sides(self, step: _Step) -> tuple[list[Outcome], list[Outcome]]:
        """Those with the step and those without it."""
        return (self._base, step.outcomes) if step.in_use else (step.outcomes, self._base)

    def _verdict(self, step: _Step) -> str:
        if not step.outcomes:
            return UNMEASURED
        with_it, without = self._sides(step)
        if with_it[0].learned == without[0].learned:
            return NO_CHANGE
        found = self._difference(with_it, without)
        if found["low"] > 0:
            return HELPS
        return UNCLEAR if found["high"] > WORTH_HAVING * self._ndcg() else NO_HELP

    def _proposed(self) -> Treatment:
        chosen: dict[str, list[str]] = {CLEANING: [], AUGMENTATION: []}
        for step in self._steps:
            verdict = self._verdict(step)
            stays = verdict in (NO_CHANGE, UNMEASURED)
            stays |= verdict == UNCLEAR and step.setting == CLEANING
            if verdict == HELPS or (stays and step.in_use):
                chosen[step.setting].append(step.name)
        return Treatment(tuple(chosen[CLEANING]), tuple(chosen[AUGMENTATION]))

    def _difference(self, ours: list[Outcome], theirs: list[Outcome]) -> dict[str, float]:
        if ours[0].learned == theirs[0].learned:
            return dict.fromkeys(("mean", "low", "high"), 0.0)
        measured = [self._base, *(one.outcomes for one in self._steps), self._together]
        distinct = {one[0].learned: _means(one) for one in measured if one}
        return difference(ours, theirs, list(distinct.values()))


def difference(
    ours: list[Outcome], theirs: list[Outcome], by_seed: list[np.ndarray]
) -> dict[str, float]:
    """Mean of ours - theirs over seeds and customers, with a 95 % interval for both chances: which
    customers were asked, and what a training's own randomness makes.

    `by_seed` holds the mean NDCG@10 by seed, (seeds,), of every variant there is. A variant's own
    few seeds would tell next to nothing of the second chance, so its variance is pooled over all;
    what every seed does alike to all variants is counted too, which makes intervals wider than
    they must be, never narrower.
    """
    per_customer = np.mean([one.model for one in ours], axis=0) - np.mean(
        [one.model for one in theirs], axis=0
    )
    seeds = len(ours)
    freedom = sum(len(one) - 1 for one in by_seed)
    pooled = sum(float(((one - one.mean()) ** 2).sum()) for one in by_seed) / freedom
    asked = len(per_customer)
    of_customers = float(per_customer.var(ddof=1)) / asked if asked > 1 else 0.0
    mean = float(per_customer.mean())
    quantile = float(student.ppf(0.5 + CONFIDENCE / 2, min(freedom, max(asked - 1, 1))))
    reach = quantile * float(np.sqrt(of_customers + 2.0 * pooled / seeds))
    return {"mean": mean, "low": mean - reach, "high": mean + reach}


def _means(outcomes: list[Outcome]) -> np.ndarray:
    return np.array([one.model.mean() for one in outcomes])


def _switched(treatment: Treatment, setting: str, name: str) -> Treatment:
    """The same with one step taken away, or added where it is not in use."""
    chosen = set(getattr(treatment, setting)) ^ {name}
    if setting == CLEANING:
        return Treatment(_ordered(STEPS, chosen), treatment.augmentation)
    return Treatment(treatment.cleaning, _ordered(AUGMENTATIONS, chosen))


def _ordered(known: Sequence[str] | dict[str, Any], chosen: Any) -> tuple[str, ...]:
    return tuple(name for name in known if name in chosen)


def _named(treatment: Treatment) -> dict[str, list[str]]:
    return {CLEANING: list(treatment.cleaning), AUGMENTATION: list(treatment.augmentation)}
