"""How well scores tell customers who acted from those who did not, and whether chances are true.

The AUC is the probability that of two customers, one of whom acted, the one who did has the higher
score. Its variance, and that of the difference of two AUCs over the same customers, are those of
DeLong, DeLong and Clarke-Pearson (1988), computed as Sun and Xu (2014) do.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

Z = 1.959964
DECILES = 10


class Interval(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


class Decile(NamedTuple):
    """A tenth of the customers, the highest chances first: predicted, and what came, 0 to 1."""

    customers: int
    predicted: float
    observed: float
    low: float
    high: float


def auc(scores: np.ndarray, acted: np.ndarray) -> Interval:
    """Return the AUC of scores (n,) for customers who acted (1) or not (0)."""
    value, parts = _components(scores, acted)
    half = Z * math.sqrt(_variance(parts, parts))
    return Interval(value, max(value - half, 0.0), min(value + half, 1.0))


def auc_difference(scores: np.ndarray, others: np.ndarray, acted: np.ndarray) -> Interval:
    """Return by how much the AUC of scores is above that of others, of the same customers."""
    (mine, own), (theirs, other) = _components(scores, acted), _components(others, acted)
    spread = _variance(own, own) + _variance(other, other) - 2 * _variance(own, other)
    value, half = mine - theirs, Z * math.sqrt(max(spread, 0.0))
    return Interval(value, value - half, value + half)


def log_loss(chances: np.ndarray, acted: np.ndarray) -> float:
    """Return the mean of minus the logarithm of the chance that what came was given."""
    given = np.clip(np.where(acted == 1, chances, 1 - chances), 1e-12, 1.0)
    return float(-np.log(given).mean())


def by_decile(chances: np.ndarray, acted: np.ndarray) -> list[Decile]:
    """Return what was predicted and what came of it, by tenths of the customers."""
    rows = np.array_split(np.argsort(-chances, kind="stable"), DECILES)
    return [_decile(chances[part], acted[part]) for part in rows if len(part)]


def _decile(chances: np.ndarray, acted: np.ndarray) -> Decile:
    count, share = len(acted), float(acted.mean())
    whole = 1 + Z * Z / count
    middle = (share + Z * Z / (2 * count)) / whole
    half = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count)) / whole
    return Decile(count, float(chances.mean()), share, middle - half, middle + half)


Parts = tuple[np.ndarray, np.ndarray]


def _components(scores: np.ndarray, acted: np.ndarray) -> tuple[float, Parts]:
    """Return the AUC, and for each customer of either group the share of the other group that they
    are rightly ordered against."""
    did = acted == 1
    ones, zeros = int(did.sum()), int((~did).sum())
    if not ones or not zeros:
        raise ValueError("both those who acted and those who did not are needed")
    ranks = rankdata(scores)
    of_ones = (ranks[did] - rankdata(scores[did])) / zeros
    of_zeros = 1 - (ranks[~did] - rankdata(scores[~did])) / ones
    return float(of_ones.mean()), (of_ones, of_zeros)


def _variance(first: Parts, second: Parts) -> float:
    """Return the covariance of two AUCs by their components."""
    return sum(
        float(np.cov(one, other)[0, 1]) / len(one) if len(one) > 1 else 0.0
        for one, other in zip(first, second, strict=True)
    )
