"""Two shares of which one has next to no cases: where Welch's interval is no guide."""

import math

from scipy import stats

from guidance.experiments.samples import ProportionSample
from guidance.experiments.statistics.intervals import wilson_interval
from guidance.experiments.statistics.results import CONFIDENCE, Comparison, NotMeasured


def rare_difference(
    control: ProportionSample, treatment: ProportionSample, *, confidence: float = CONFIDENCE
) -> Comparison | NotMeasured:
    """Return treatment minus control with the interval of both arms' score intervals.

    Newcombe: Interval estimation for the difference between independent proportions (Statistics in
    Medicine 1998), method 10; it holds with no case at all in one arm. The p-value is Fisher's.
    """
    first = wilson_interval(control.successes, control.n, confidence=confidence)
    second = wilson_interval(treatment.successes, treatment.n, confidence=confidence)
    if isinstance(first, NotMeasured):
        return first
    if isinstance(second, NotMeasured):
        return second
    value = second.value - first.value
    low = value - math.hypot(second.value - second.low, first.high - first.value)
    high = value + math.hypot(second.high - second.value, first.value - first.low)
    table = [
        [treatment.successes, treatment.n - treatment.successes],
        [control.successes, control.n - control.successes],
    ]
    error = (high - low) / (2 * float(stats.norm.ppf((1 + confidence) / 2)))
    return Comparison(value, low, high, error, float(stats.fisher_exact(table).pvalue))
