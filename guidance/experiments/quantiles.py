"""A quantile of one arm: its value, and the interval that says how far it can be trusted."""

import math
from dataclasses import dataclass

from scipy import stats

from guidance.experiments.samples import Plain

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
