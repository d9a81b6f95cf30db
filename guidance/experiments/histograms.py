"""Mergeable histograms of values that come in units (orders of shoppers, say).

Buckets grow by a fixed factor, as in DDSketch (Masson, Rim, Lee, VLDB 2019): a value is known to
RESOLUTION of itself whatever its size, and so is a quantile: the answer is within RESOLUTION
(relatively) of the sample's own quantile, the smallest value that `nu` of the values do not
exceed. Everything kept is an integer, so histograms of different units add up, in any order, to
the same digits as one histogram of all of them.

Values of one unit hang together. Per bucket, two more integers hold what a variance clustered by
unit needs at any threshold: how much the bucket adds to the sum over units of the squared number
of values up to it, and to the sum of that number times the unit's own number of values.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from guidance.experiments.samples import CRITICAL, QuantileSample

# Half a bucket's width, relatively: .05 % of a value, a twentieth of a lift of 1 % (money from a
# cent to a million spans 18,000 buckets at most, and only those met are kept).
RESOLUTION = 0.0005
GROWTH = (1 + RESOLUTION) / (1 - RESOLUTION)
# What is nearer to zero is zero: a millionth of a cent.
SMALLEST = 1e-8
WHOLE = ("units", "unit_squares", "unusable")
TABLES = ("counts", "squares", "products")


@dataclass(frozen=True)
class Histogram:
    """Integer counts by bucket; `unusable` values are no numbers and spoil every answer."""

    units: int = 0
    unit_squares: int = 0
    unusable: int = 0
    counts: dict[int, int] = field(default_factory=dict)
    squares: dict[int, int] = field(default_factory=dict)
    products: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, units: Iterable[Sequence[float]]) -> Self:
        """Collect from the values of each unit; a unit without values is left out."""
        counts: Counter[int] = Counter()
        squares: Counter[int] = Counter()
        products: Counter[int] = Counter()
        met = unit_squares = unusable = 0
        for values in units:
            usable = [value for value in values if math.isfinite(value)]
            unusable += len(values) - len(usable)
            met += bool(usable)
            unit_squares += len(usable) ** 2
            below = 0
            for bucket, found in sorted(Counter(_bucket(value) for value in usable).items()):
                counts[bucket] += found
                squares[bucket] += (below + found) ** 2 - below**2
                products[bucket] += found * len(usable)
                below += found
        return cls(met, unit_squares, unusable, dict(counts), dict(squares), dict(products))

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Read what `as_json` wrote."""
        counts, squares, products = (
            {int(bucket): int(value) for bucket, value in stored[name].items()} for name in TABLES
        )
        units, unit_squares, unusable = (int(stored[name]) for name in WHOLE)
        return cls(units, unit_squares, unusable, counts, squares, products)

    def as_json(self) -> dict[str, Any]:
        """Return integers and string keys alone, buckets in order."""
        tables = {
            name: {str(bucket): value for bucket, value in sorted(getattr(self, name).items())}
            for name in TABLES
        }
        whole = {name: getattr(self, name) for name in WHOLE}
        return {**whole, **tables}

    def __add__(self, other: "Histogram") -> "Histogram":
        """Return the histogram of both; they must hold different units."""
        return Histogram(
            self.units + other.units,
            self.unit_squares + other.unit_squares,
            self.unusable + other.unusable,
            dict(Counter(self.counts) + Counter(other.counts)),
            dict(Counter(self.squares) + Counter(other.squares)),
            dict(Counter(self.products) + Counter(other.products)),
        )

    @property
    def values(self) -> int:
        return sum(self.counts.values())

    def quantile(self, nu: float) -> float:
        """Return the smallest value that `nu` (0 to 1) of the values do not exceed."""
        return _middle(self._bucket_at(nu))

    def sample(self, nu: float) -> QuantileSample:
        """Return the quantile with Woodruff's interval (JASA 1952), clustered by unit.

        The share of values up to the quantile is a ratio of two sums over units; its interval by
        the delta method, read off the histogram, is the quantile's. The outer edges of the two
        buckets are taken, so resolution widens it, never narrows it.
        """
        if self.unusable:
            return QuantileSample(self.units, nu, math.nan, math.nan, math.nan)
        if self.units < 2:
            return QuantileSample(self.units, nu, 0.0, 0.0, 0.0)
        bucket = self._bucket_at(nu)
        half = CRITICAL * self._share_error(bucket)
        if nu - half <= 0 or nu + half >= 1:
            return QuantileSample(self.units, nu, _middle(bucket), -math.inf, math.inf)
        low, high = self._bucket_at(nu - half), self._bucket_at(nu + half)
        ends = (_middle(low),) * 2 if low == high else (_edges(low)[0], _edges(high)[1])
        return QuantileSample(self.units, nu, _middle(bucket), *ends)

    def _bucket_at(self, nu: float) -> int:
        if not 0 < nu < 1:
            raise ValueError(f"a quantile lies between 0 and 1, not at {nu}")
        buckets = sorted(self.counts)
        total = np.cumsum([self.counts[bucket] for bucket in buckets])
        # A share that rounding lifts by an ulp must not ask for one value more.
        wanted = max(1, math.ceil(nu * self.values - 1e-9))
        return buckets[int(np.searchsorted(total, wanted))]

    def _share_error(self, bucket: int) -> float:
        """Return the standard error, clustered by unit, of the share of values up to a bucket."""
        count, square, product = (
            sum(value for key, value in table.items() if key <= bucket)
            for table in (self.counts, self.squares, self.products)
        )
        share = count / self.values
        between = square - 2 * share * product + share**2 * self.unit_squares
        variance = max(0.0, between) / (self.units - 1) * self.units
        return math.sqrt(variance) / self.values


def as_kept(value: float) -> float:
    """Return a value as a histogram answers with it: within RESOLUTION of itself."""
    return _middle(_bucket(value))


def _bucket(value: float) -> int:
    """Return a value's bucket: 0 around zero, then outwards, negative below."""
    size = abs(value)
    if size <= SMALLEST:
        return 0
    steps = math.ceil(math.log(size / SMALLEST) / math.log(GROWTH))
    return int(math.copysign(max(1, steps), value))


def _middle(bucket: int) -> float:
    """Return the value that is within RESOLUTION of all of a bucket's values."""
    if bucket == 0:
        return 0.0
    return math.copysign(2 * SMALLEST * GROWTH ** abs(bucket) / (GROWTH + 1), bucket)


def _edges(bucket: int) -> tuple[float, float]:
    if bucket == 0:
        return -SMALLEST, SMALLEST
    inner = math.copysign(SMALLEST * GROWTH ** (abs(bucket) - 1), bucket)
    outer = math.copysign(SMALLEST * GROWTH ** abs(bucket), bucket)
    return min(inner, outer), max(inner, outer)
