"""Sufficient statistics: all that an interval or a test needs to know about one arm."""

from collections.abc import Iterable
from dataclasses import dataclass

# A variance this small beside the squares it was subtracted from is rounding, not spread.
ROUNDING = 1e-12


@dataclass(frozen=True)
class MeanSample:
    """`n` units, the sum of their values and the sum of the squares."""

    n: int
    total: float
    squares: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "MeanSample":
        """Collect from one value a unit."""
        kept = list(values)
        return cls(len(kept), float(sum(kept)), float(sum(value * value for value in kept)))

    @property
    def mean(self) -> float:
        return self.total / self.n

    @property
    def variance(self) -> float:
        """The unit's variance with n - 1 degrees of freedom; needs two units."""
        return _spread(self.n, self.squares, self.total, self.total)


@dataclass(frozen=True)
class ProportionSample:
    """`n` units of which `successes` did the thing."""

    n: int
    successes: int

    @property
    def mean(self) -> float:
        return self.successes / self.n

    @property
    def variance(self) -> float:
        """p (1 - p), the variance of one unit's yes or no."""
        return self.mean * (1 - self.mean)


@dataclass(frozen=True)
class RatioSample:
    """A ratio of two sums over `n` units, as clicked decisions over seen ones.

    A unit adds to both sums, so its rows are not independent; the sums of squares and products
    over units carry how much that matters.
    """

    n: int
    numerator: float
    numerator_squares: float
    denominator: float
    denominator_squares: float
    products: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> "RatioSample":
        """Collect from (numerator, denominator) of each unit; units without any are left out."""
        kept = [(top, bottom) for top, bottom in pairs if bottom]
        return cls(
            n=len(kept),
            numerator=float(sum(top for top, _ in kept)),
            numerator_squares=float(sum(top * top for top, _ in kept)),
            denominator=float(sum(bottom for _, bottom in kept)),
            denominator_squares=float(sum(bottom * bottom for _, bottom in kept)),
            products=float(sum(top * bottom for top, bottom in kept)),
        )

    @property
    def mean(self) -> float:
        return self.numerator / self.denominator

    @property
    def variance(self) -> float:
        """The variance of one unit's linearised contribution (delta method).

        Deng, Knoblich, Lu: Applying the Delta Method in Metric Analytics (KDD 2018).
        """
        numerator = _spread(self.n, self.numerator_squares, self.numerator, self.numerator)
        denominator = _spread(self.n, self.denominator_squares, self.denominator, self.denominator)
        together = _spread(self.n, self.products, self.numerator, self.denominator)
        scale = (self.denominator / self.n) ** 2
        variance = numerator - 2 * self.mean * together + self.mean**2 * denominator
        return variance / scale if variance > ROUNDING * self.numerator_squares else 0.0


Sample = MeanSample | ProportionSample | RatioSample


def _spread(n: int, products: float, first: float, second: float) -> float:
    """Return the covariance of two sums over n units; zero where it is only rounding."""
    value = (products - first * second / n) / (n - 1)
    return value if abs(value) > ROUNDING * abs(products) else 0.0
