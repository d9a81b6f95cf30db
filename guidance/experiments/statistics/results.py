"""What a statistic answers: a figure with its uncertainty, or the reason why there is none."""

from dataclasses import dataclass
from enum import StrEnum

CONFIDENCE = 0.95
ALPHA = 0.05


class Unmeasured(StrEnum):
    """Why a figure is not measured."""

    NO_UNITS = "no_units"
    ONE_UNIT = "one_unit"
    NO_SPREAD = "no_spread"
    NO_BASELINE = "no_baseline"
    TOO_FEW = "too_few"
    NO_SHARES = "no_shares"
    NOTHING_REPORTED = "nothing_reported"
    NOT_A_NUMBER = "not_a_number"
    IMPOSSIBLE = "impossible"
    NO_DENOMINATOR = "no_denominator"
    UNPLACEABLE = "unplaceable"
    TIED = "tied"
    NO_EFFECT = "no_effect"
    UNREACHABLE = "unreachable"
    NO_TRAFFIC = "no_traffic"


class Side(StrEnum):
    """What a test looks for: any difference, or a treatment that is above or below."""

    BOTH = "both"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True)
class NotMeasured:
    """In place of a figure: the reason why the data cannot tell."""

    reason: Unmeasured


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; an end that a one-sided interval leaves open is infinite."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison(Estimate):
    """A difference or lift of treatment over control, its standard error and its p-value."""

    standard_error: float
    p_value: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Effect:
    """An effect's two moments, from which every kind of inference starts.

    `dof` are Satterthwaite's degrees of freedom, `units` the shoppers of both arms, and
    `base` what a relative effect is divided by (the control's unadjusted value).
    """

    value: float
    standard_error: float
    dof: float
    units: int
    base: float
