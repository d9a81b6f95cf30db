"""Whether what comes in now still looks like what a model learned from, and whether it still
answers as well: counts and figures in, comparisons out. Needs numpy and scipy only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2, norm

# Groups beyond the largest so many of the earlier counts are compared as one: a long tail of rare
# ones would add noise and no evidence.
MOST_GROUPS = 20
OTHER = "other"
# What a group without a single event counts as, so that the index stays finite (Jeffreys' prior).
UNSEEN = 0.5
CONFIDENCE = 0.95
BASKET_SIZES = (1, 2, 3, 5, 10, 20)


@dataclass(frozen=True, slots=True)
class Shift:
    """One distribution, before and now, as shares that add up to one.

    `index` is the population stability index, the sum of (now - before) * ln(now / before).
    `by_chance` is what it stays below 95 times in a hundred although nothing changed (Yurdakul,
    2018: chi-square times 1/n + 1/m, for independent events). By custom an index under .1 is none
    to speak of and one over .25 a real change (Siddiqi, 2006).
    """

    index: float
    by_chance: float
    before: dict[str, float]
    now: dict[str, float]

    def passes(self, threshold: float) -> bool:
        """Tell whether the change is as large as the threshold and no accident of few events."""
        return self.index >= threshold and self.index > self.by_chance


@dataclass(frozen=True, slots=True)
class Decay:
    """One quality figure, at first and now. `lost` is the share of it that is gone, below zero
    where it rose; `at_least` is the lower end of that share's 95 % interval.
    """

    before: float
    now: float
    lost: float
    at_least: float

    def passes(self, threshold: float) -> bool:
        """Tell whether as much is lost as the threshold, and something for certain."""
        return self.lost >= threshold and self.at_least > 0.0


def compare_counts(before: Mapping[str, float], now: Mapping[str, float]) -> Shift | None:
    """Compare how events fall into groups; None where a side has no events at all."""
    names = _groups(before, now)
    if not sum(before.values()) or not sum(now.values()):
        return None
    first, second = _folded(before, names), _folded(now, names)
    old, new = _smoothed(first), _smoothed(second)
    index = float(((new - old) * np.log(new / old)).sum())
    freedom = max(len(names) - 1, 1)
    spread = 1.0 / first.sum() + 1.0 / second.sum()
    return Shift(
        index=index,
        by_chance=float(chi2.ppf(CONFIDENCE, freedom) * spread),
        before=_shares(names, first),
        now=_shares(names, second),
    )


def price_bands(prices: np.ndarray, weights: np.ndarray, bands: int = 10) -> np.ndarray:
    """Return the inner edges, rising and distinct, that cut weighted prices into `bands` of about
    one weight; prices and weights (n,).
    """
    order = np.argsort(prices)
    total = np.cumsum(weights[order])
    if not len(total) or total[-1] <= 0:
        return np.array([])
    wanted = np.arange(1, bands) / bands * total[-1]
    return np.unique(prices[order][np.searchsorted(total, wanted)])


def count_bands(values: np.ndarray, weights: np.ndarray, edges: np.ndarray) -> dict[str, float]:
    """Return the weight in each band, named by its upper edge; values and weights (n,).

    A value equal to an edge belongs to the band below it.
    """
    sums = np.bincount(np.searchsorted(edges, values), weights, minlength=len(edges) + 1)
    uppers = [f"≤ {edge:g}" for edge in edges] + [f"> {edges[-1]:g}" if len(edges) else "all"]
    return dict(zip(uppers, sums.tolist(), strict=True))


def compare_means(before: np.ndarray, now: np.ndarray) -> Decay | None:
    """Compare the means of a figure per customer, each (n,); None where a side has fewer than two
    customers or the first mean is zero.
    """
    if len(before) < 2 or len(now) < 2 or before.mean() <= 0:
        return None
    spread = before.var(ddof=1) / len(before) + now.var(ddof=1) / len(now)
    return _decay(float(before.mean()), float(now.mean()), float(spread))


def _decay(before: float, now: float, spread: float) -> Decay:
    margin = float(norm.ppf(0.5 + CONFIDENCE / 2)) * spread**0.5
    return Decay(before, now, (before - now) / before, (before - now - margin) / before)


def _groups(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """The groups with events, the largest of the earlier counts first; one for all beyond."""
    counted = {name for counts in (before, now) for name, count in counts.items() if count}
    ranked = sorted(counted, key=lambda name: (-before.get(name, 0.0), -now.get(name, 0.0), name))
    kept = ranked[:MOST_GROUPS]
    return [*kept, OTHER] if len(ranked) > len(kept) and OTHER not in kept else kept


def _folded(counts: Mapping[str, float], names: list[str]) -> np.ndarray:
    folded = dict.fromkeys(names, 0.0)
    for name, count in counts.items():
        if count:
            folded[name if name in folded else OTHER] += count
    return np.array(list(folded.values()))


def _smoothed(counts: np.ndarray) -> np.ndarray:
    padded = np.maximum(counts, UNSEEN)
    return padded / padded.sum()


def _shares(names: list[str], counts: np.ndarray) -> dict[str, float]:
    return dict(zip(names, (counts / counts.sum()).tolist(), strict=True))
