"""Intervals and tests from sufficient statistics; what cannot be told is said, never NaN.

Intervals hold for one look at a time set beforehand. Methods: Wilson's score interval, Welch's t
with Satterthwaite's degrees of freedom, the delta method for ratios and relative lift, Pearson's
chi-square for the sample ratio.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy import stats

from guidance.experiments.samples import ProportionSample, RatioSample, Sample

CONFIDENCE = 0.95
# Below this a split is called off. The published split of 44,700 to 45,489 has p = .0086, and a
# sound split trips it once in a hundred looks: a warning to look into, not a verdict.
SAMPLE_RATIO_ALPHA = 0.01
# With fewer successes (or failures) in an arm the normal approximation behind a lift is no guide.
FEWEST_SUCCESSES = 5


class Unmeasured(StrEnum):
    """Why a figure is not measured."""

    NO_UNITS = "no_units"
    ONE_UNIT = "one_unit"
    NO_SPREAD = "no_spread"
    NO_BASELINE = "no_baseline"
    TOO_FEW = "too_few"
    NO_SHARES = "no_shares"
    NOTHING_REPORTED = "nothing_reported"


@dataclass(frozen=True)
class NotMeasured:
    """In place of a figure: the reason why the data cannot tell."""

    reason: Unmeasured


@dataclass(frozen=True)
class Estimate:
    """A value and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison(Estimate):
    """A difference or lift of treatment over control, its standard error and two-sided p."""

    standard_error: float
    p_value: float

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class SampleRatio:
    """Whether the arms hold as many units as their shares promise."""

    p_value: float
    expected: tuple[float, ...]

    @property
    def is_off(self) -> bool:
        return self.p_value < SAMPLE_RATIO_ALPHA


def wilson_interval(
    successes: float, n: float, *, confidence: float = CONFIDENCE, critical: float | None = None
) -> Estimate | NotMeasured:
    """Return the proportion with Wilson's score interval (Wilson 1927).

    `critical` replaces the normal quantile where the sample's own degrees of freedom are known.
    """
    if n <= 0:
        return NotMeasured(Unmeasured.NO_UNITS)
    z = stats.norm.ppf((1 + confidence) / 2) if critical is None else critical
    share = successes / n
    shrink = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / shrink
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / shrink
    # The method's ends never pass the share; at 0 and 1 they meet it, but for rounding.
    low, high = min(share, float(middle - half)), max(share, float(middle + half))
    return Estimate(share, max(0.0, low), min(1.0, high))


def clustered_proportion(
    sample: RatioSample, *, confidence: float = CONFIDENCE
) -> Estimate | NotMeasured:
    """Return a share of rows (from 0 to 1 each) whose rows come in units, with its interval.

    Wilson's interval at the effective number of rows: the rows over the design effect, which is
    the variance between units over that of independent rows (Kish 1965; Korn and Graubard 1998).
    Never more rows than there are, so that rows between 0 and 1, which differ less than those of
    0 or 1, get too wide an interval sooner than too narrow a one; where the units do not differ, as
    many rows as there are units.
    """
    if problem := _too_small(sample):
        return problem
    share = sample.mean
    independent = share * (1 - share) / sample.denominator
    between = sample.variance / sample.n
    rows = (
        min(sample.denominator, sample.denominator * independent / between)
        if between > 0 and independent > 0
        else float(sample.n)
    )
    critical = float(stats.t.ppf((1 + confidence) / 2, sample.n - 1))
    return wilson_interval(share * rows, rows, critical=critical)


def mean_interval(sample: Sample, *, confidence: float = CONFIDENCE) -> Estimate | NotMeasured:
    """Return the mean with Student's interval; needs two units that differ."""
    if problem := _too_small(sample):
        return problem
    if sample.variance <= 0:
        return NotMeasured(Unmeasured.NO_SPREAD)
    half = float(stats.t.ppf((1 + confidence) / 2, sample.n - 1)) * math.sqrt(
        sample.variance / sample.n
    )
    return Estimate(sample.mean, sample.mean - half, sample.mean + half)


def difference(
    control: Sample, treatment: Sample, *, confidence: float = CONFIDENCE
) -> Comparison | NotMeasured:
    """Return treatment minus control with Welch's interval (Welch 1947)."""
    if problem := _incomparable(control, treatment):
        return problem
    variance = control.variance / control.n + treatment.variance / treatment.n
    return _compared(
        treatment.mean - control.mean, variance, _welch_dof(control, treatment), confidence
    )


def relative_lift(
    control: Sample, treatment: Sample, *, confidence: float = CONFIDENCE
) -> Comparison | NotMeasured:
    """Return (treatment - control) / |control| with the delta method's interval."""
    if problem := _incomparable(control, treatment):
        return problem
    if control.mean == 0:
        return NotMeasured(Unmeasured.NO_BASELINE)
    base = control.mean
    variance = (
        treatment.variance / treatment.n / base**2
        + control.variance / control.n * treatment.mean**2 / base**4
    )
    lift = (treatment.mean - base) / abs(base)
    return _compared(lift, variance, _welch_dof(control, treatment), confidence)


def sample_ratio(counts: Sequence[int], shares: Sequence[float]) -> SampleRatio | NotMeasured:
    """Check the units per arm against the arms' shares with Pearson's chi-square.

    An arm without a share takes no part; a unit found in it makes the split certainly off.
    """
    total, whole = sum(counts), sum(shares)
    if total == 0:
        return NotMeasured(Unmeasured.NO_UNITS)
    expected = tuple(total * share / whole for share in shares) if whole > 0 else ()
    open_arms = [(n, e) for n, e in zip(counts, expected, strict=False) if e > 0]
    if sum(n for n, _ in open_arms) < total:
        return SampleRatio(0.0, expected)
    if len(open_arms) < 2:
        return NotMeasured(Unmeasured.NO_SHARES)
    statistic = sum((n - e) ** 2 / e for n, e in open_arms)
    return SampleRatio(float(stats.chi2.sf(statistic, len(open_arms) - 1)), expected)


def _compared(value: float, variance: float, dof: float, confidence: float) -> Comparison:
    error = math.sqrt(variance)
    half = float(stats.t.ppf((1 + confidence) / 2, dof)) * error
    p_value = float(2 * stats.t.sf(abs(value) / error, dof))
    return Comparison(value, value - half, value + half, error, p_value)


def _welch_dof(control: Sample, treatment: Sample) -> float:
    a, b = control.variance / control.n, treatment.variance / treatment.n
    return (a + b) ** 2 / (a**2 / (control.n - 1) + b**2 / (treatment.n - 1))


def _too_small(sample: Sample) -> NotMeasured | None:
    if sample.n == 0:
        return NotMeasured(Unmeasured.NO_UNITS)
    if sample.n == 1:
        return NotMeasured(Unmeasured.ONE_UNIT)
    return None


def _incomparable(control: Sample, treatment: Sample) -> NotMeasured | None:
    if problem := _too_small(control) or _too_small(treatment):
        return problem
    if _successes(control) < FEWEST_SUCCESSES or _successes(treatment) < FEWEST_SUCCESSES:
        return NotMeasured(Unmeasured.TOO_FEW)
    if control.variance + treatment.variance <= 0:
        return NotMeasured(Unmeasured.NO_SPREAD)
    return None


def _successes(sample: Sample) -> float:
    """Return how often the thing happened, or did not where that is rarer; means have no such."""
    if isinstance(sample, ProportionSample):
        return min(sample.successes, sample.n - sample.successes)
    if isinstance(sample, RatioSample):
        return sample.numerator
    return math.inf
