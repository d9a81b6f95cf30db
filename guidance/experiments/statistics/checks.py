"""What no figure can be made of, told before a figure is made."""

import math

from guidance.experiments.adjusted_samples import AnySample, CupedSample
from guidance.experiments.samples import MeanSample, ProportionSample, QuantileSample, RatioSample
from guidance.experiments.statistics.results import NotMeasured, Unmeasured

# With fewer successes (or failures) in an arm the normal approximation behind a lift is no guide.
FEWEST_SUCCESSES = 5
# Sums of squares may fall below the square of the sum by this share of themselves: rounding.
CONTRADICTION = 1e-9
# No shop's sum of squares is larger, no base smaller; within them every product is a number.
LARGEST, SMALLEST = 1e30, 1e-30


def too_small(sample: AnySample) -> NotMeasured | None:
    """Return why one arm has no mean or no variance at all."""
    if not all(abs(number) <= LARGEST for number in sample.numbers):
        return NotMeasured(Unmeasured.NOT_A_NUMBER)
    if sample.n < 0 or _is_contradiction(sample):
        return NotMeasured(Unmeasured.IMPOSSIBLE)
    if sample.n == 0:
        return NotMeasured(Unmeasured.NO_UNITS)
    if sample.n == 1:
        return NotMeasured(Unmeasured.ONE_UNIT)
    if any(bottom == 0 for bottom in getattr(sample, "denominators", ())):
        return NotMeasured(Unmeasured.NO_DENOMINATOR)
    return None


def incomparable(
    control: AnySample, treatment: AnySample, *, fewest: int = FEWEST_SUCCESSES
) -> NotMeasured | None:
    """Return why two arms cannot be compared; `fewest` cases must lie in each of them."""
    for sample in (control, treatment):
        if problem := too_small(sample):
            return problem
    for sample in (control, treatment):
        if _successes(sample) < fewest:
            return NotMeasured(Unmeasured.TOO_FEW)
    for sample in (control, treatment):
        if isinstance(sample, QuantileSample) and not sample.is_placed:
            return NotMeasured(Unmeasured.UNPLACEABLE)
        if sample.variance <= 0:
            tied = isinstance(sample, QuantileSample)
            return NotMeasured(Unmeasured.TIED if tied else Unmeasured.NO_SPREAD)
    return None


def _is_contradiction(sample: AnySample) -> bool:
    if isinstance(sample, ProportionSample):
        return not 0 <= sample.successes <= sample.n
    if isinstance(sample, MeanSample) and sample.n:
        return sample.squares * sample.n < sample.total**2 * (1 - CONTRADICTION)
    if isinstance(sample, CupedSample):
        return _is_contradiction(sample.post) or _is_contradiction(sample.pre)
    return False


def _successes(sample: AnySample) -> float:
    """Return how often the thing happened, or did not where that is rarer; means have no such."""
    if isinstance(sample, CupedSample):
        return _successes(sample.post)
    if isinstance(sample, ProportionSample):
        return min(sample.successes, sample.n - sample.successes)
    if isinstance(sample, RatioSample) and sample.cases:
        return sample.numerator
    return math.inf
