"""Samples that carry what a unit did before the experiment, to take its noise out (CUPED).

Deng, Xu, Kohavi, Walker: Improving the Sensitivity of Online Controlled Experiments by Utilizing
Pre-Experiment Data (WSDM 2013). The value is post - theta * pre; theta is pooled over both arms,
so the arms are adjusted alike. What was before nobody's treatment can have changed, so the
difference stays unbiased whatever theta is. A lift divides by the control's unadjusted value.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np

from guidance.experiments.samples import (
    ROUNDING,
    MeanSample,
    ProportionSample,
    QuantileSample,
    RatioSample,
    Vector,
    spread,
)

# Below this a theta is no adjustment but rounding.
SMALLEST_THETA = 1e-12


class _Adjusted(ABC):
    """What follows from a unit's columns and the two gradients."""

    @property
    @abstractmethod
    def covariances(self) -> Vector:
        """The covariances of a unit's columns."""

    @property
    @abstractmethod
    def value_gradient(self) -> Vector:
        """The derivatives of the adjusted value by the columns' means."""

    @property
    @abstractmethod
    def base_gradient(self) -> Vector:
        """The derivatives of the unadjusted value by the columns' means."""

    @property
    def variance(self) -> float:
        """The unit's variance of the adjusted value."""
        variance = float(self.value_gradient @ self.covariances @ self.value_gradient)
        return variance if variance > ROUNDING * self.base_variance else 0.0

    @property
    def base_variance(self) -> float:
        return float(self.base_gradient @ self.covariances @ self.base_gradient)

    @property
    def base_covariance(self) -> float:
        return float(self.value_gradient @ self.covariances @ self.base_gradient)


@dataclass(frozen=True)
class CupedSample(_Adjusted):
    """A mean or proportion after and before, and the sum of the products of the two."""

    post: MeanSample | ProportionSample
    pre: MeanSample | ProportionSample
    products: float
    theta: float = 0.0

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Self:
        """Collect from (after, before) of each unit."""
        kept = [(float(post), float(pre)) for post, pre in pairs]
        return cls(
            MeanSample.of(post for post, _ in kept),
            MeanSample.of(pre for _, pre in kept),
            math.fsum(post * pre for post, pre in kept),
        )

    def __add__(self, other: "CupedSample") -> "CupedSample":
        return CupedSample(
            self.post + other.post,  # type: ignore[operator]
            self.pre + other.pre,  # type: ignore[operator]
            self.products + other.products,
        )

    @property
    def n(self) -> int:
        return self.post.n

    @property
    def mean(self) -> float:
        return self.post.mean - self.theta * self.pre.mean

    @property
    def base(self) -> float:
        return self.post.mean

    @property
    def covariance(self) -> float:
        """The unit's covariance of after and before, with the variances' degrees of freedom."""
        both = (self.post, self.pre)
        value = spread(self.n, self.products, self.post.total, self.pre.total)
        counted = all(isinstance(part, ProportionSample) for part in both)
        return value * (self.n - 1) / self.n if counted else value

    @property
    def means(self) -> Vector:
        return np.array([self.post.mean, self.pre.mean])

    @property
    def covariances(self) -> Vector:
        both = self.covariance
        return np.array([[self.post.variance, both], [both, self.pre.variance]])

    @property
    def value_gradient(self) -> Vector:
        return np.array([1.0, -self.theta])

    @property
    def base_gradient(self) -> Vector:
        return np.array([1.0, 0.0])

    @property
    def numbers(self) -> tuple[float, ...]:
        return (*self.post.numbers, *self.pre.numbers, self.products, self.theta)


@dataclass(frozen=True)
class CupedRatioSample(_Adjusted):
    """A ratio after and a ratio before, as sums over the units' four columns.

    The columns are numerator and denominator after, numerator and denominator before; `products`
    is their 4 x 4 table of sums of products, squares on the diagonal.
    """

    n: int
    sums: tuple[float, float, float, float]
    products: tuple[tuple[float, float, float, float], ...]
    theta: float = 0.0

    @classmethod
    def of(cls, rows: Iterable[tuple[float, float, float, float]]) -> Self:
        """Collect from the four columns of each unit."""
        columns = [tuple(float(value) for value in row) for row in rows]
        sums = [math.fsum(row[i] for row in columns) for i in range(4)]
        table = [
            tuple(math.fsum(row[i] * row[j] for row in columns) for j in range(4)) for i in range(4)
        ]
        return cls(len(columns), tuple(sums), tuple(table))  # type: ignore[arg-type]

    def __add__(self, other: "CupedRatioSample") -> "CupedRatioSample":
        table = np.add(self.products, other.products)
        return CupedRatioSample(
            self.n + other.n,
            tuple(float(value) for value in np.add(self.sums, other.sums)),  # type: ignore[arg-type]
            tuple(tuple(float(value) for value in row) for row in table),  # type: ignore[misc]
        )

    @property
    def denominators(self) -> tuple[float, ...]:
        """The sums that must not be zero; without one before, nothing is adjusted."""
        return (self.sums[1],)

    @property
    def unadjusted(self) -> RatioSample:
        """The ratio after, alone."""
        table = self.products
        return RatioSample(
            self.n,
            self.sums[0],
            table[0][0],
            self.sums[1],
            table[1][1],
            table[0][1],
            cases=False,
        )

    @property
    def mean(self) -> float:
        before = self.sums[2] / self.sums[3] if self.sums[3] else 0.0
        return self.base - self.theta * before

    @property
    def base(self) -> float:
        return self.sums[0] / self.sums[1]

    @property
    def means(self) -> Vector:
        return np.array(self.sums) / self.n

    @property
    def covariances(self) -> Vector:
        sums, n = self.sums, self.n
        return np.array(
            [[spread(n, self.products[i][j], sums[i], sums[j]) for j in range(4)] for i in range(4)]
        )

    @property
    def value_gradient(self) -> Vector:
        return self.base_gradient - self.theta * self.pre_gradient

    @property
    def base_gradient(self) -> Vector:
        return ratio_gradient(self.means, 0)

    @property
    def pre_gradient(self) -> Vector:
        return ratio_gradient(self.means, 2) if self.sums[3] else np.zeros(4)

    @property
    def numbers(self) -> tuple[float, ...]:
        return (self.n, *self.sums, *(value for row in self.products for value in row), self.theta)


S = TypeVar("S", CupedSample, CupedRatioSample)
AnySample = (
    MeanSample | ProportionSample | RatioSample | CupedSample | CupedRatioSample | QuantileSample
)


def ratio_gradient(means: Vector, top: int) -> Vector:
    """Return the derivatives of means[top] / means[top + 1] by each of the means."""
    gradient = np.zeros(len(means))
    gradient[top] = 1 / means[top + 1]
    gradient[top + 1] = -means[top] / means[top + 1] ** 2
    return gradient


def adjust(control: S, treatment: S) -> tuple[S, S]:
    """Return the arms with one theta, that of both together; both must have units.

    It takes the most noise out; where nothing varied before, it is 0 and nothing is adjusted.
    """
    if isinstance(control, CupedSample) and isinstance(treatment, CupedSample):
        theta = _slope_of_means(control, treatment)
    elif isinstance(control, CupedRatioSample) and isinstance(treatment, CupedRatioSample):
        theta = _slope_of_ratios(control, treatment)
    return replace(control, theta=theta), replace(treatment, theta=theta)


def _slope_of_means(control: CupedSample, treatment: CupedSample) -> float:
    """Return the slope of after on before over all units of both arms."""
    together = control + treatment
    return slope(together.covariance, together.pre.variance)


def _slope_of_ratios(control: CupedRatioSample, treatment: CupedRatioSample) -> float:
    """Return the same slope of the units' linearised contributions, around each arm's ratios."""
    above = below = 0.0
    for sample in (control, treatment):
        towards_pre = sample.covariances @ sample.pre_gradient
        above += float(sample.base_gradient @ towards_pre)
        below += float(sample.pre_gradient @ towards_pre)
    return slope(above, below)


def slope(above: float, below: float) -> float:
    """Return a theta: covariance over variance, 0 where there is nothing to adjust with."""
    theta = above / below if below > 0 else 0.0
    return theta if abs(theta) > SMALLEST_THETA else 0.0
