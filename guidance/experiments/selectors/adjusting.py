"""Post-stratified differences: each treatment against the control as if both arms had met the same
mix of tiers, of languages, or of new and known shoppers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.samples import QuantileSample, RatioSample
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.segments import Part
from guidance.experiments.statistics import Comparison, NotMeasured, measure_stratified
from guidance.experiments.statistics.strata import Stratified


@dataclass(frozen=True)
class Adjusted:
    """One treatment's difference in one metric, by the kind of shopper it is adjusted for."""

    metric: Metric
    arm: Arm
    by_kind: Mapping[str, Comparison | NotMeasured]


def adjusted_in(
    experiment: Experiment, metrics: Mapping[str, Metric], parts: Sequence[Part]
) -> list[Adjusted]:
    """Return every metric of every treatment adjusted for each kind that the parts divide by.

    A kind weighs by all its shoppers, as they were met: by those who saw or rated something it
    would weigh by what the arms did. Left out are metrics over those who saw, and quantiles, which
    do not add up.
    """
    arms = list(experiment.arms.all())
    control = next((arm for arm in arms if arm.is_control), None)
    kinds = list(dict.fromkeys(part.kind for part in parts))
    if control is None or not kinds:
        return []
    reading = reading_of(experiment)

    def adjusted(kind: str, metric: Metric, arm: Arm) -> Comparison | NotMeasured:
        strata = []
        for part in parts:
            if part.kind == kind:
                strata.append((_sample(part, control, metric), _sample(part, arm, metric)))
        return reading.read(measure_stratified(strata))

    return [
        Adjusted(metric, arm, {kind: adjusted(kind, metric, arm) for kind in kinds})
        for metric in metrics.values()
        if not metric.is_quantile and metric.denominator != Metric.Denominator.SAW
        for arm in arms
        if arm is not control
    ]


def _sample(part: Part, arm: Arm, metric: Metric) -> Stratified:
    """Return an arm's sample among the shoppers of a part, of a ratio over all of them: whoever has
    nothing to divide by adds nothing to either sum."""
    totals = part.totals[arm.key]
    sample = totals.sample(metric)
    assert not isinstance(sample, QuantileSample)
    if isinstance(sample, RatioSample):
        return replace(sample, n=totals.shoppers_of(metric))
    return sample
