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

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from models_ml.bench.dirt import plant
from models_ml.data.augmentation import AUGMENTATIONS
from models_ml.data.cleaning import STEPS, clean
from models_ml.data.split import TimeSplit, split_by_time
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import paired_interval
from models_ml.recommender.report import MODEL, TRANSFORMER
from models_ml.recommender.variants import Outcome, Treatment, Variants

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

    @property
    def treatment(self) -> Treatment:
        return Treatment(self.steps, self.augmentation)


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
    with threadpool_limits(config.threads), tempfile.TemporaryDirectory() as scratch:
        shop = Variants(frame, split, config, Path(scratch) / "shop")
        planted = Variants(dirty, split, config, Path(scratch) / "planted")
        return {
            "shop": _measure(shop, CLEANING + AUGMENTING, names, tell),
            "planted": {
                **_measure(planted, CLEANING, names, tell),
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


def _measure(trial: Variants, variants: tuple[Variant, ...], seeds: range, tell: Tell) -> Figures:
    measured: dict[str, list[Outcome]] = {}
    result: dict[str, Figures] = {}
    for variant in variants:
        outcomes = [trial.measure(variant.treatment, seed) for seed in seeds]
        measured[variant.name] = outcomes
        figures: Figures = {
            "steps": list(variant.steps),
            "augmentation": list(variant.augmentation),
            "dropped": sum(outcomes[0].dropped.values()),
            MODEL: float(np.mean([one.model for one in outcomes])),
            TRANSFORMER: float(np.mean([one.transformer for one in outcomes])),
        }
        if variant.against:
            figures["against"] = variant.against
            figures |= _compare(outcomes, measured[variant.against], seeds[0])
        result[variant.name] = figures
        tell(_line(variant.name, figures))
    return {"customers": trial.customers, "seeds": list(seeds), "variants": result}


def _compare(ours: list[Outcome], theirs: list[Outcome], seed: int) -> Figures:
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
