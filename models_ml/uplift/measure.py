"""What a ranking of customers by uplift is worth, on customers whose outcome it never saw.

The Qini curve (Radcliffe, 2007) tells how many outcomes more than the control group's, scaled to
its size, come from contacting the first so many customers; the uplift curve (AUUC; Jaskowski and
Jaroszewicz, 2012) the same as a difference of rates. Both areas are counted above the straight line
of contacting in no order and divided by that of a perfect order, which knows every outcome: 1 is
perfect, 0 no better than chance. Intervals resample customers.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models_ml.uplift.trial import UpliftProblem

RESAMPLES = 1_000
CONFIDENCE = 0.95
# Resamples computed at once: of 50,000 customers they take 40 MB.
AT_ONCE = 16
DECILES = 10


class Interval(NamedTuple):
    """A figure and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Worth:
    """How good an order is; both between -1 and 1."""

    qini: Interval
    auuc: Interval


class Decile(NamedTuple):
    """A tenth of the customers by predicted uplift, the highest first: what was predicted for them
    on average, and what contact made of them; `low` and `high` bound the latter."""

    customers: int
    predicted: float
    observed: float
    low: float
    high: float


Curve = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def worth(
    uplift: np.ndarray,
    treated: np.ndarray,
    outcome: np.ndarray,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Worth:
    """Return the worth of predictions `uplift` (n,) for customers (n,); outcomes are 0 or 1.

    Raises UpliftProblem where an arm is empty or nobody did what counts: then there is no order
    better than another.
    """
    if not treated.any() or treated.all():
        raise UpliftProblem("both arms need customers")
    if not (np.isfinite(uplift).all() and np.isin(outcome, (0, 1)).all() and outcome.any()):
        raise UpliftProblem("uplift must be numbers, and outcomes 0 or 1, with at least one 1")
    contacted = treated.astype(float)
    scores = (uplift, _perfect_for_qini(contacted, outcome), _perfect_for_auuc(contacted, outcome))
    orders = [_Order.of(score, contacted, outcome) for score in scores]
    random = np.random.default_rng(seed)
    drawn = [_areas(orders, np.ones((1, len(outcome))))]
    for start in range(0, resamples, AT_ONCE):
        count = min(AT_ONCE, resamples - start)
        shares = np.full(len(outcome), 1 / len(outcome))
        drawn.append(_areas(orders, random.multinomial(len(outcome), shares, count).astype(float)))
    found = np.concatenate(drawn)
    return Worth(*(_interval(found[:, place]) for place in range(2)))


def by_decile(uplift: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> list[Decile]:
    """Return what was predicted and what came of it, by tenths of the customers."""
    rows = np.array_split(np.argsort(-uplift, kind="stable"), DECILES)
    return [_decile(uplift[part], treated[part], outcome[part]) for part in rows if len(part)]


def _decile(uplift: np.ndarray, treated: np.ndarray, outcome: np.ndarray) -> Decile:
    arms = [outcome[treated], outcome[~treated]]
    if min(map(len, arms)) < 2:
        raise UpliftProblem("a tenth of the customers has fewer than two in an arm")
    observed = arms[0].mean() - arms[1].mean()
    margin = 1.96 * np.sqrt(sum(arm.var(ddof=1) / len(arm) for arm in arms))
    return Decile(
        len(uplift),
        float(uplift.mean()),
        float(observed),
        float(observed - margin),
        float(observed + margin),
    )


@dataclass(frozen=True)
class _Order:
    """Customers in the order of a score, the highest first, and where each score ends: who shares
    one is contacted together."""

    rows: np.ndarray
    ends: np.ndarray
    contacted: np.ndarray
    outcome: np.ndarray

    @classmethod
    def of(cls, score: np.ndarray, contacted: np.ndarray, outcome: np.ndarray) -> "_Order":
        rows = np.argsort(-score, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(score[rows]) != 0, True))
        return cls(rows, ends, contacted[rows], outcome[rows])

    def areas(self, weights: np.ndarray) -> np.ndarray:
        """The areas of the Qini and the uplift curve above chance, for weights of the customers
        (resamples, n); shape (2, resamples)."""
        weights = weights[:, self.rows]
        sums = [
            np.cumsum(weights * part, axis=1)[:, self.ends]
            for part in (self.contacted, 1 - self.contacted, self.contacted * self.outcome)
        ]
        acted = np.cumsum(weights * self.outcome, axis=1)[:, self.ends]
        contacted, alone, acted_contacted = sums
        acted_alone = acted - acted_contacted
        share = np.divide(contacted, alone, out=np.zeros_like(alone), where=alone > 0)
        qini = acted_contacted - acted_alone * share
        size = contacted + alone
        rates = [
            np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)
            for top, bottom in ((acted_contacted, contacted), (acted_alone, alone))
        ]
        return np.stack([_area(size, curve) for curve in (qini, (rates[0] - rates[1]) * size)])


def _area(size: np.ndarray, curve: np.ndarray) -> np.ndarray:
    """The area between a curve from zero and the straight line to its end."""
    start = np.zeros((len(size), 1))
    size, curve = np.hstack([start, size]), np.hstack([start, curve])
    return np.trapezoid(curve, size, axis=1) - size[:, -1] * curve[:, -1] / 2


def _areas(orders: list[_Order], weights: np.ndarray) -> np.ndarray:
    """Both figures for each row of weights, shape (resamples, 2)."""
    own, for_qini, for_auuc = (order.areas(weights) for order in orders)
    return np.stack([own[0] / for_qini[0], own[1] / for_auuc[1]], axis=1)


def _perfect_for_qini(contacted: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Best first those who acted when contacted, last those who acted when left alone."""
    return outcome * (2 * contacted - 1)


def _perfect_for_auuc(contacted: np.ndarray, outcome: np.ndarray) -> np.ndarray:
    """Best first those who did as the arm they were in would have it, as scikit-uplift orders."""
    lost = (outcome * (1 - contacted)).sum() > ((1 - outcome) * contacted).sum()
    return 2.0 * (outcome == contacted) + (outcome if lost else contacted)


def _interval(found: np.ndarray) -> Interval:
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(found[1:], (tail, 1 - tail)) if len(found) > 1 else (np.nan, np.nan)
    return Interval(float(found[0]), float(low), float(high))
