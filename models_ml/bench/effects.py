"""What each step of cleaning and each augmentation is worth on a shop's validation window, as the
shop is and with known dirt planted in it.

In the JSON, `effects` holds `shop` and `planted`, each with the number of `customers` asked and the
`seeds`, and, by name in `variants`: `steps`, `augmentation`, rows `dropped`, NDCG@10 of the served
blend and of the network alone (`model`, `transformer`; means over customers and seeds), what it is
compared with (`against`), the paired difference of the blend, `difference`, as
`{"mean", "low", "high"}` with its 95 % interval, and `by_seed`, the differences of the single
seeds. `planted` also tells in `found`, by step, how many rows were planted for it, how many of
those it found, and how many others it took.

All variants are asked the same: the honest purchases of the validation window, by customers known
before it. Baselines are tuned once, on the shop without any step.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from models_ml.bench.dirt import plant
from models_ml.data.augmentation import AUGMENTATIONS
from models_ml.data.cleaning import STEPS, clean
from models_ml.data.columns import CUSTOMER, TIME
from models_ml.data.split import TimeSplit, split_by_time
from models_ml.recommender import stages
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import Score, by_scorer, evaluate, paired_interval
from models_ml.recommender.past import Past
from models_ml.recommender.report import MODEL, TRANSFORMER
from models_ml.recommender.run import Run
from models_ml.recommender.scorers import PopularityScorer
from models_ml.recommender.stages import Window
from models_ml.recommender.tuning import Tuned, fit_baselines

Tell = Callable[[str], None]
Figures = dict[str, Any]
PLANTING_SEED = 5


@dataclass(frozen=True, slots=True)
class Variant:
    """What is done to the data, and the name of the variant it is compared with."""

    name: str
    steps: tuple[str, ...]
    augmentation: tuple[str, ...] = ()
    against: str = ""


NOTHING, EVERYTHING = "as it comes", "all steps"
CLEANING = (
    Variant(NOTHING, ()),
    *(Variant(step, (step,), against=NOTHING) for step in STEPS),
    Variant(EVERYTHING, tuple(STEPS), against=NOTHING),
)
AUGMENTING = tuple(Variant(name, tuple(STEPS), (name,), EVERYTHING) for name in AUGMENTATIONS)


def measure_effects(
    frame: pd.DataFrame, config: TrainConfig, seeds: int, tell: Tell = lambda line: None
) -> dict[str, Figures]:
    """Train every variant up to the validation window, on `frame` and, for cleaning, on `frame`
    with planted dirt; returns what the JSON holds. `config.seed` is the first of `seeds`.
    """
    torch.set_num_threads(config.threads)
    dirty, split = plant(frame, PLANTING_SEED), _split(frame, config)
    names = range(config.seed, config.seed + seeds)
    with threadpool_limits(config.threads):
        return {
            "shop": _measure(_Trial(frame, split, config), CLEANING + AUGMENTING, names, tell),
            "planted": {
                **_measure(_Trial(dirty, split, config), CLEANING, names, tell),
                "found": count_found(dirty),
            },
        }


def count_found(dirty: pd.DataFrame) -> dict[str, dict[str, int]]:
    """By step: rows `planted` for it, those of them it `found`, and `honest` rows it took too."""
    counts = {}
    for name, step in STEPS.items():
        taken = step(dirty)
        meant = dirty["planted"] == name
        counts[name] = {
            "planted": int(meant.sum()),
            "found": int((taken & meant).sum()),
            "honest": int((taken & (dirty["planted"] == "")).sum()),
        }
    return counts


def table(effects: dict[str, Figures]) -> str:
    """One variant a line, for the shop and for the planted one."""
    lines = []
    for shop, part in effects.items():
        lines += [
            f"{shop}: {part['customers']} customers, {len(part['seeds'])} seeds, validation "
            "NDCG@10",
            f"{'':18}{'dropped':>9}{'transformer':>13}{'model':>9}{'difference':>28}  against",
        ]
        lines += [_line(name, one) for name, one in part["variants"].items()]
        for name, count in part.get("found", {}).items():
            lines.append(
                f"{name}: found {count['found']} of {count['planted']} planted rows, "
                f"took {count['honest']} honest ones"
            )
    return "\n".join(lines)


_ENDS = ("mean", "low", "high")


def _line(name: str, one: Figures) -> str:
    line = f"{name:18}{one['dropped']:9}{one[TRANSFORMER]:13.4f}{one[MODEL]:9.4f}"
    if "difference" in one:
        mean, low, high = (f"{one['difference'][key]:+.4f}" for key in _ENDS)
        line += f"{f'{mean} [{low}, {high}]':>28}  {one['against']}"
    return line


def _measure(trial: "_Trial", variants: tuple[Variant, ...], seeds: range, tell: Tell) -> Figures:
    measured: dict[str, list[_Outcome]] = {}
    result: dict[str, Figures] = {}
    for variant in variants:
        outcomes = [trial.measure(variant, seed) for seed in seeds]
        measured[variant.name] = outcomes
        figures: Figures = {
            "steps": list(variant.steps),
            "augmentation": list(variant.augmentation),
            "dropped": outcomes[0].dropped,
            MODEL: float(np.mean([one.model for one in outcomes])),
            TRANSFORMER: float(np.mean([one.transformer for one in outcomes])),
        }
        if variant.against:
            figures["against"] = variant.against
            figures |= _compare(outcomes, measured[variant.against], seeds[0])
        result[variant.name] = figures
        tell(_line(variant.name, figures))
    return {"customers": trial.customers, "seeds": list(seeds), "variants": result}


def _compare(ours: list["_Outcome"], theirs: list["_Outcome"], seed: int) -> Figures:
    pairs = [(one.model, other.model) for one, other in zip(ours, theirs, strict=True)]
    means = [np.mean(side, axis=0) for side in zip(*pairs, strict=True)]
    difference = dict(zip(_ENDS, paired_interval(means[0], means[1], seed), strict=True))
    return {
        "difference": difference,
        "by_seed": [float((one - other).mean()) for one, other in pairs],
    }


def _split(honest: pd.DataFrame, config: TrainConfig) -> TimeSplit:
    rows, _ = clean(honest, ())
    until = config.until and pd.Timestamp(config.until)
    return split_by_time(rows, config.test_days, config.validation_days, until)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """NDCG@10 per customer, shape (customers,), and how many rows cleaning took."""

    model: np.ndarray
    transformer: np.ndarray
    dropped: int


@dataclass
class _Trial:
    """One frame under the questions of the honest shop; what was trained once is remembered."""

    frame: pd.DataFrame
    split: TimeSplit
    config: TrainConfig
    _tuned: dict[str, Tuned] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    @property
    def customers(self) -> int:
        return len(self._cases(stages.build_past(self.split.fit, self.split.validation_cut)))

    def measure(self, variant: Variant, seed: int) -> _Outcome:
        rows, report = clean(self.frame, variant.steps)
        before = rows[rows[TIME] < self.split.validation_cut]
        past = stages.build_past(before, self.split.validation_cut)
        key = (_content(past), variant.augmentation, seed)
        if key not in self._known:
            config = replace(self.config, seed=seed, augmentation=variant.augmentation)
            self._known[key] = self._train(past, config)
        dropped = sum(report.dropped.get(name, 0) for name in STEPS)
        return _Outcome(*self._known[key], dropped)

    def _cases(self, past: Past) -> list[Case]:
        """The same for every past: whoever bought in the window and was honestly known before."""
        known = set(self.split.fit[CUSTOMER].unique())
        cases = build_cases(past.histories, self.split.validation, known)
        return [case for case in cases if case.name in known]

    def _train(self, past: Past, config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
        """NDCG@10 per customer of the blend and of the network alone."""
        cases = self._cases(past)
        window = Window(past, [case for case in cases if case.customer >= 0])
        with tempfile.TemporaryDirectory() as scratch:
            checkpoints = Checkpoints(Path(scratch), "effects")
            run = Run(config, checkpoints, lambda progress: None, lambda: False)
            self._tuned = self._tuned or stages.tune_baselines(run, window)
            model, _ = stages.fit_network(run, window)
            blend = stages.find_blend(run, window, model, self._tuned)
        asked = stages.ask_cases(window, config.max_length)
        scores = stages.network_scores(model, window, asked)
        baselines = fit_baselines(past, self._tuned)
        parts, popular = stages.parts_of(baselines), baselines.popularity

        def alone(place: int, case: Case) -> np.ndarray:
            return scores[place]

        def blended(place: int, case: Case) -> np.ndarray:
            return parts.blend(scores[place], blend.weights, case.history, past.cut)

        return _ask(blended, cases, window, popular), _ask(alone, cases, window, popular)


def _ask(score: Score, cases: list[Case], window: Window, popular: PopularityScorer) -> np.ndarray:
    """NDCG@10 per case; whoever vanished with what was dropped gets what everybody gets."""
    shares = window.past.buyer_shares()
    lost = np.array([case.customer < 0 for case in cases])
    values = np.zeros(len(cases))
    values[~lost] = evaluate(score, window.cases, shares).ndcgs
    strangers = [case for case in cases if case.customer < 0]
    values[lost] = evaluate(by_scorer(popular, window.past.cut), strangers, shares).ndcgs
    return values


def _content(past: Past) -> str:
    """Equal where a training would learn from the same."""
    histories = past.histories
    digest = hashlib.sha256()
    for array in (histories.customers, histories.skus, histories.items, histories.kinds):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(histories.times.tobytes() + histories.offsets.tobytes())
    return digest.hexdigest()
