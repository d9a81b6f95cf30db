"""Statistics of experiments: pure functions of sufficient statistics.

    checks        what no figure can be made of
    intervals     one arm's figure
    rare          two shares with next to no cases
    effects       an effect and its standard error (CUPED and ratios by the delta method)
    strata        the same within strata
    inference     one look: Welch
    sequential    any number of looks: always-valid confidence sequences
    bayes         a prior, a posterior, the chance to win and the expected loss
    multiplicity  many tests: Holm, Benjamini-Hochberg
    balance       the sample ratio
    power         before the start; crossing computes it for a test with many looks
    progress      on the way

What cannot be told is said (`NotMeasured` with its reason), never NaN.
"""

from guidance.experiments.statistics.balance import (
    SAMPLE_RATIO_ALPHA,
    Period,
    SampleRatio,
    sample_ratio,
    sample_ratio_of_periods,
)
from guidance.experiments.statistics.bayes import Posterior, Prior, believe, expected_losses
from guidance.experiments.statistics.checks import FEWEST_SUCCESSES, too_small
from guidance.experiments.statistics.effects import lift, measure
from guidance.experiments.statistics.inference import compare, difference, relative_lift
from guidance.experiments.statistics.intervals import (
    clustered_proportion,
    mean_interval,
    wilson_interval,
)
from guidance.experiments.statistics.multiplicity import (
    Corrected,
    Correction,
    Question,
    correct,
    is_clear,
)
from guidance.experiments.statistics.power import (
    Monitoring,
    Plan,
    days_needed,
    minimum_effect,
    power,
    units_needed,
)
from guidance.experiments.statistics.progress import (
    Criterion,
    Needed,
    days_left,
    detectable_effect,
    more_needed,
    power_so_far,
)
from guidance.experiments.statistics.rare import rare_difference
from guidance.experiments.statistics.results import (
    CONFIDENCE,
    Comparison,
    Effect,
    Estimate,
    NotMeasured,
    Side,
    Unmeasured,
)
from guidance.experiments.statistics.sequential import TUNING, always_valid
from guidance.experiments.statistics.strata import measure_stratified

__all__ = [
    "CONFIDENCE",
    "FEWEST_SUCCESSES",
    "SAMPLE_RATIO_ALPHA",
    "TUNING",
    "Comparison",
    "Corrected",
    "Correction",
    "Criterion",
    "Effect",
    "Estimate",
    "Monitoring",
    "Needed",
    "NotMeasured",
    "Period",
    "Plan",
    "Posterior",
    "Prior",
    "Question",
    "SampleRatio",
    "Side",
    "Unmeasured",
    "always_valid",
    "believe",
    "clustered_proportion",
    "compare",
    "correct",
    "days_left",
    "days_needed",
    "detectable_effect",
    "difference",
    "expected_losses",
    "is_clear",
    "lift",
    "mean_interval",
    "measure",
    "measure_stratified",
    "minimum_effect",
    "more_needed",
    "power",
    "power_so_far",
    "rare_difference",
    "relative_lift",
    "sample_ratio",
    "sample_ratio_of_periods",
    "too_small",
    "units_needed",
    "wilson_interval",
]
