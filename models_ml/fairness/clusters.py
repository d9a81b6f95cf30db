"""Sums over shoppers that carry their own uncertainty: ratios and shares with intervals.

What one shopper saw and did is not independent, so the shopper is the unit. A table keeps, for
each group, the sums over shoppers and the sums of products, in memory that does not grow with
them; intervals come by linearisation (delta method) from those alone.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

CONFIDENCE = 0.95
ROUNDING = 1e-12


class Estimate(NamedTuple):
    """A value and its interval."""

    value: float
    low: float
    high: float


class ClusterTable:
    """`quantities` added up over shoppers in each of `groups`.

    `sums` (groups, quantities) are plain totals; `products` (groups, quantities, quantities) the
    sums over shoppers of products of two quantities; `units` (groups, quantities) the shoppers
    that had any of a quantity, each once.
    """

    def __init__(self, groups: int, quantities: int) -> None:
        self.sums = np.zeros((groups, quantities))
        self.products = np.zeros((groups, quantities, quantities))
        self.units = np.zeros((groups, quantities), dtype=np.int64)

    def add(self, values: np.ndarray) -> None:
        """Count in the values of some shoppers, each once; shape (shoppers, groups, quantities)."""
        self.sums += values.sum(axis=0)
        self.products += np.einsum("ugi,ugj->gij", values, values)
        self.units += (values != 0).sum(axis=0)

    def merge(self, other: "ClusterTable") -> None:
        """Count in another table's shoppers, none of whom this one has."""
        self.sums += other.sums
        self.products += other.products
        self.units += other.units

    def ratio(self, group: int, top: int, bottom: int) -> Estimate | None:
        """Return the ratio of two sums with its 95 % interval; None where nothing tells.

        Deng, Knoblich, Lu: Applying the Delta Method in Metric Analytics (KDD 2018). Two shoppers
        at least, and a ratio that is not the same for all of them.
        """
        found = self._ratio(group, top, bottom)
        if found is None or found[1] <= 0:
            return None
        value, half = found[0], _quantile(self.units[group, bottom], CONFIDENCE) * found[1]
        return Estimate(value, value - half, value + half)

    def relative_change(self, before: int, now: int, top: int, bottom: int) -> Estimate | None:
        """Return how much a ratio changed from one group to another, as a share of the first.

        By the delta method; the two groups are taken as independent. None where the first ratio is
        zero or fewer than two shoppers of a group tell.
        """
        first, second = self._ratio(before, top, bottom), self._ratio(now, top, bottom)
        if first is None or second is None or first[0] <= 0:
            return None
        relative = second[0] / first[0]
        error = math.hypot(second[1], relative * first[1]) / first[0]
        fewer = min(self.units[before, bottom], self.units[now, bottom])
        half = _quantile(fewer, CONFIDENCE) * error
        return Estimate(relative - 1, relative - 1 - half, relative - 1 + half)

    def ratio_of_shares(
        self, group: int, top: tuple[int, int], bottom: tuple[int, int], *, confidence: float
    ) -> Estimate | None:
        """Return (top / whole top) / (bottom / whole bottom), each pair (part, whole).

        The interval is that of the logarithm. None where a part is zero or no two shoppers tell.
        """
        sums = self.sums[group]
        parts = [sums[place] for place in (*top, *bottom)]
        units = min(self.units[group, top[1]], self.units[group, bottom[1]])
        if units < 2 or min(parts) <= 0:
            return None
        gradient = np.zeros(len(sums))
        for place, sign in ((top[0], 1), (top[1], -1), (bottom[0], -1), (bottom[1], 1)):
            gradient[place] += sign / sums[place]
        value = math.log(parts[0] / parts[1]) - math.log(parts[2] / parts[3])
        half = _quantile(units, confidence) * self._error(group, units, gradient)
        return Estimate(math.exp(value), math.exp(value - half), math.exp(value + half))

    def _ratio(self, group: int, top: int, bottom: int) -> tuple[float, float] | None:
        """Return a ratio of two sums and its standard error."""
        sums, units = self.sums[group], self.units[group, bottom]
        if units < 2 or sums[bottom] <= 0:
            return None
        gradient = np.zeros(len(sums))
        gradient[top] = 1 / sums[bottom]
        gradient[bottom] = -sums[top] / sums[bottom] ** 2
        return float(sums[top] / sums[bottom]), self._error(group, units, gradient)

    def _error(self, group: int, units: int, gradient: np.ndarray) -> float:
        """Return the standard error of a function of the sums over `units` shoppers, given its
        gradient."""
        n = float(units)
        mean = gradient @ self.sums[group] / n
        products = gradient @ self.products[group] @ gradient
        spread = float(products - n * mean**2)
        # A spread this small beside the squares it was subtracted from is rounding.
        scale = float(np.abs(gradient) @ self.products[group] @ np.abs(gradient))
        return math.sqrt(spread * n / (n - 1)) if spread > ROUNDING * scale else 0.0


def _quantile(units: float, confidence: float) -> float:
    return float(stats.t.ppf((1 + confidence) / 2, max(units - 1, 1)))
