"""Bootstrap intervals of ratios of sums, shoppers resampled whole.

All estimators see the same resamples, so differences between them and the log are paired. The
intervals are studentised (bootstrap-t): importance weights are skewed, and plain percentiles fall
short on the side where it matters.
"""

from typing import NamedTuple

import numpy as np

from models_ml.policy.offpolicy.scores import Ratio

ROUNDS = 1000
# Resamples made at once: with 10,000 shoppers they take 4 MB.
AT_ONCE = 50
# Resamples whose error vanishes say nothing of how far off an estimate is.
VANISHING = 1e-12
TOP, BOTTOM, REWARD, DECISIONS = range(4)


class Interval(NamedTuple):
    """A value and its interval."""

    value: float
    low: float
    high: float


class Paired(NamedTuple):
    """An estimate, and its gain over the log's own mean reward."""

    value: Interval
    gain: Interval


def intervals(
    ratios: dict[str, Ratio],
    rewards: np.ndarray,
    shoppers: np.ndarray,
    confidence: float,
    rounds: int,
    rng: np.random.Generator,
) -> dict[str, Paired]:
    """Return each ratio and its gain over the mean reward, with intervals."""
    people, owner = np.unique(shoppers, return_inverse=True)
    sums = [_sums_by_shopper(ratio, rewards, owner, len(people)) for ratio in ratios.values()]
    table = np.hstack([np.hstack([one, _products(one)]) for one in sums])
    totals = np.vstack([table.sum(axis=0), _resampled(table, rounds, rng)])
    wide = table.shape[1] // len(sums)
    return {
        name: _paired(totals[:, place * wide : (place + 1) * wide], confidence)
        for place, name in enumerate(ratios)
    }


def _sums_by_shopper(
    ratio: Ratio, rewards: np.ndarray, owner: np.ndarray, people: int
) -> np.ndarray:
    """Return top, bottom, rewards and decisions of each shopper, (shoppers, 4)."""
    columns = (ratio.top, ratio.bottom, rewards, np.ones(len(rewards)))
    return np.stack([np.bincount(owner, column, people) for column in columns], axis=1)


def _products(sums: np.ndarray) -> np.ndarray:
    return (sums[:, :, None] * sums[:, None, :]).reshape(len(sums), -1)


def _resampled(table: np.ndarray, rounds: int, rng: np.random.Generator) -> np.ndarray:
    """Return the column sums of `rounds` resamples of the rows, (rounds, columns)."""
    people = len(table)
    parts = []
    for start in range(0, rounds, AT_ONCE):
        drawn = rng.integers(0, people, (min(AT_ONCE, rounds - start), people))
        times = np.stack([np.bincount(row, minlength=people) for row in drawn])
        parts.append(times.astype(float) @ table)
    return np.vstack(parts)


def _paired(totals: np.ndarray, confidence: float) -> Paired:
    """Return the intervals from totals whose first row is the sample, the rest resamples."""
    sums, products = totals[:, :4], totals[:, 4:].reshape(-1, 4, 4)
    bottom = np.where(sums[:, BOTTOM] > 0, sums[:, BOTTOM], np.nan)
    value = sums[:, TOP] / bottom
    mean = sums[:, REWARD] / sums[:, DECISIONS]
    slope = np.zeros((len(sums), 4))
    slope[:, TOP], slope[:, BOTTOM] = 1 / bottom, -value / bottom
    against = slope.copy()
    against[:, REWARD], against[:, DECISIONS] = (
        -1 / sums[:, DECISIONS],
        mean / sums[:, DECISIONS],
    )
    return Paired(
        _studentised(value, _errors(slope, products), confidence),
        _studentised(value - mean, _errors(against, products), confidence),
    )


def _errors(slope: np.ndarray, products: np.ndarray) -> np.ndarray:
    """Return standard errors by the delta method; a ratio's residuals add up to 0 by themselves."""
    return np.sqrt(np.maximum(np.einsum("bi,bij,bj->b", slope, products, slope), 0.0))


def _studentised(values: np.ndarray, errors: np.ndarray, confidence: float) -> Interval:
    value, error = float(values[0]), float(errors[0])
    told = np.isfinite(values[1:]) & (errors[1:] > VANISHING)
    if not told.any():
        return Interval(value, value, value)
    distances = (values[1:][told] - value) / errors[1:][told]
    tail = (1 - confidence) / 2
    low, high = np.quantile(distances, [1 - tail, tail])
    return Interval(value, value - float(low) * error, value - float(high) * error)
