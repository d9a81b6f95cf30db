"""Intervals of one arm's figure, for one look at a time set beforehand."""

import math

from scipy import stats

from guidance.experiments.samples import RatioSample, Sample
from guidance.experiments.statistics.checks import too_small
from guidance.experiments.statistics.results import (
    CONFIDENCE,
    Estimate,
    NotMeasured,
    Unmeasured,
)


def wilson_interval(
    successes: float, n: float, *, confidence: float = CONFIDENCE, critical: float | None = None
) -> Estimate | NotMeasured:
    """Return the proportion with Wilson's score interval (Wilson 1927).

    `critical` replaces the normal quantile where the sample's own degrees of freedom are known.
    """
    if not (math.isfinite(successes) and math.isfinite(n)):
        return NotMeasured(Unmeasured.NOT_A_NUMBER)
    if n < 0 or not 0 <= successes <= n * (1 + 1e-9):
        return NotMeasured(Unmeasured.IMPOSSIBLE)
    if n == 0:
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
    if problem := too_small(sample):
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
    if problem := too_small(sample):
        return problem
    if sample.variance <= 0:
        return NotMeasured(Unmeasured.NO_SPREAD)
    half = float(stats.t.ppf((1 + confidence) / 2, sample.n - 1)) * math.sqrt(
        sample.variance / sample.n
    )
    return Estimate(sample.mean, sample.mean - half, sample.mean + half)
