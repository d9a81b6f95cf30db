"""Sufficient statistics: all that an interval or a test needs to know about one arm.

Sums over units, so that days, segments and shards add up: `first + second` is the sample of both.
Sums of floats are exactly rounded (`math.fsum`): the order of the rows changes no digit.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import stats

Vector = npt.NDArray[np.float64]

# A variance this small beside the squares it was subtracted from is rounding, not spread.
ROUNDING = 1e-12


class Plain(ABC):
    """A sample whose value is not adjusted: a lift is measured against the value itself."""

    @property
    @abstractmethod
    def mean(self) -> float: ...

    @property
    @abstractmethod
    def variance(self) -> float: ...

    @property
    def base(self) -> float:
        """What a relative lift divides by."""
        return self.mean

    @property
    def base_variance(self) -> float:
        """The unit's variance of `base`."""
        return self.variance

    @property
    def base_covariance(self) -> float:
        """The unit's covariance of the value and `base`."""
        return self.variance


@dataclass(frozen=True)
class MeanSample(Plain):
    """`n` units, the sum of their values and the sum of the squares."""

    n: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Collect from one value a unit."""
        kept = [float(value) for value in values]
        return cls(len(kept), math.fsum(kept), math.fsum(value * value for value in kept))

    def __add__(self, other: "MeanSample") -> "MeanSample":
        return MeanSample(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.n

    @property
    def variance(self) -> float:
        """The unit's variance with n - 1 degrees of freedom; needs two units."""
        return spread(self.n, self.squares, self.total, self.total)

    @property
    def means(self) -> Vector:
        """What post-stratification weighs: the means of each unit's columns."""
        return np.array([self.mean])

    @property
    def covariances(self) -> Vector:
        """The covariances of a unit's columns."""
        return np.array([[self.variance]])

    @property
    def numbers(self) -> tuple[float, ...]:
        """Every sum, to be checked for what is no number."""
        return (self.n, self.total, self.squares)


@dataclass(frozen=True)
class ProportionSample(Plain):
    """`n` units of which `successes` did the thing."""

    n: int
    successes: int

    def __add__(self, other: "ProportionSample") -> "ProportionSample":
        return ProportionSample(self.n + other.n, self.successes + other.successes)

    @property
    def mean(self) -> float:
        return self.successes / self.n

    @property
    def variance(self) -> float:
        """p (1 - p), the variance of one unit's yes or no."""
        return self.mean * (1 - self.mean)

    @property
    def total(self) -> float:
        return self.successes

    @property
    def means(self) -> Vector:
        return np.array([self.mean])

    @property
    def covariances(self) -> Vector:
        return np.array([[self.variance]])

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self.n, self.successes)


@dataclass(frozen=True)
class RatioSample(Plain):
    """A ratio of two sums over `n` units, as clicked decisions over seen ones.

    A unit adds to both sums, so its rows are not independent; the sums of squares and products
    over units carry how much that matters. `cases` says that the numerator counts cases (clicks),
    of which there can be too few; money and stars are none.
    """

    n: int
    numerator: float
    numerator_squares: float
    denominator: float
    denominator_squares: float
    products: float
    cases: bool = True

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]], *, cases: bool = True) -> Self:
        """Collect from (numerator, denominator) of each unit; units without any are left out."""
        kept = [(float(top), float(bottom)) for top, bottom in pairs if bottom]
        return cls(
            n=len(kept),
            numerator=math.fsum(top for top, _ in kept),
            numerator_squares=math.fsum(top * top for top, _ in kept),
            denominator=math.fsum(bottom for _, bottom in kept),
            denominator_squares=math.fsum(bottom * bottom for _, bottom in kept),
            products=math.fsum(top * bottom for top, bottom in kept),
            cases=cases,
        )

    def __add__(self, other: "RatioSample") -> "RatioSample":
        return RatioSample(
            n=self.n + other.n,
            numerator=self.numerator + other.numerator,
            numerator_squares=self.numerator_squares + other.numerator_squares,
            denominator=self.denominator + other.denominator,
            denominator_squares=self.denominator_squares + other.denominator_squares,
            products=self.products + other.products,
            cases=self.cases and other.cases,
        )

    @property
    def mean(self) -> float:
        return self.numerator / self.denominator

    @property
    def variance(self) -> float:
        """The variance of one unit's linearised contribution (delta method).

        Deng, Knoblich, Lu: Applying the Delta Method in Metric Analytics (KDD 2018).
        """
        (top, together), (_, bottom) = self.covariances
        scale = (self.denominator / self.n) ** 2
        variance = float(top - 2 * self.mean * together + self.mean**2 * bottom)
        return variance / scale if variance > ROUNDING * self.numerator_squares else 0.0

    @property
    def means(self) -> Vector:
        return np.array([self.numerator, self.denominator]) / self.n

    @property
    def covariances(self) -> Vector:
        top = spread(self.n, self.numerator_squares, self.numerator, self.numerator)
        bottom = spread(self.n, self.denominator_squares, self.denominator, self.denominator)
        together = spread(self.n, self.products, self.numerator, self.denominator)
        return np.array([[top, together], [together, bottom]])

    @property
    def denominators(self) -> tuple[float, ...]:
        """The sums that must not be zero."""
        return (self.denominator,)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (
            self.n,
            self.numerator,
            self.numerator_squares,
            self.denominator,
            self.denominator_squares,
            self.products,
        )


# The interval below is one of 95 %, whatever confidence the comparison has.
CRITICAL = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class QuantileSample(Plain):
    """The `nu` quantile of `n` independent units, with its 95 % interval.

    `n_star` is the number of units that the interval was computed for, where it is another, and
    `design_effect` how much more a quantile varies because values come in units, where the
    interval does not say it already. An interval without ends means that the data cannot place
    the quantile; without width, that too many values are alike there.
    """

    n: int
    nu: float
    value: float
    low: float
    high: float
    n_star: int | None = None
    design_effect: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.nu < 1:
            raise ValueError(f"a quantile lies between 0 and 1, not at {self.nu}")

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        """The unit's variance: n times the square of the quantile's standard error."""
        error = (self.high - self.low) / (2 * CRITICAL)
        scale = (self.n_star or self.n) / self.n * (self.n - 1)
        return scale * error**2 * self.design_effect

    @property
    def is_placed(self) -> bool:
        """Whether the interval has two ends, and enough units lie beyond them."""
        odds = self.nu / (1 - self.nu)
        return math.isfinite(self.high - self.low) and self.n > CRITICAL**2 * max(odds, 1 / odds)

    @property
    def numbers(self) -> tuple[float, ...]:
        """What must be a number; the interval's ends may be infinite."""
        return (self.n, self.nu, self.value, self.design_effect)


Sample = MeanSample | ProportionSample | RatioSample | QuantileSample


def spread(n: int, products: float, first: float, second: float) -> float:
    """Return the covariance of two sums over n units; zero where it is only rounding."""
    value = (products - first * second / n) / (n - 1)
    return value if abs(value) > ROUNDING * abs(products) else 0.0
