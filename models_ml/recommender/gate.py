"""Decides whether a trained model may be promoted: it must beat the best baseline and today's
model.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models_ml.recommender.evaluate import paired_interval
from models_ml.recommender.report import MODEL, TrainReport

CURRENT = "current_model"


@dataclass(frozen=True, slots=True)
class Comparison:
    """NDCG@10 of the new model minus that of `against`, per customer, with its 95 % interval."""

    against: str
    difference: float
    low: float
    high: float

    @property
    def won(self) -> bool:
        return self.low > 0.0


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """`against` is the opponent that decided: the one the model beats least clearly, or does not
    beat.
    """

    passed: bool
    against: str
    difference: float
    low: float
    high: float
    comparisons: tuple[Comparison, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def gate(report: TrainReport, current_ndcgs: np.ndarray | None = None) -> GateVerdict:
    """Pass only if the lower end of every paired interval is above zero.

    `current_ndcgs` are today's model's values for `report.customers`, in that order; None when
    there is no such model. Raises `ValueError` when the arrays cannot be paired.
    """
    model = report.ndcgs[MODEL]
    opponents = {report.best_baseline: report.ndcgs[report.best_baseline]}
    if current_ndcgs is not None:
        opponents[CURRENT] = current_ndcgs
    comparisons = tuple(
        Comparison(name, *paired_interval(model, values, report.seed))
        for name, values in opponents.items()
    )
    decisive = min(comparisons, key=lambda one: one.low)
    return GateVerdict(
        passed=all(one.won for one in comparisons),
        against=decisive.against,
        difference=decisive.difference,
        low=decisive.low,
        high=decisive.high,
        comparisons=comparisons,
    )
