"""Post-stratified differences: each treatment against the control as if both arms had met the same
mix of tiers, of languages, or of new and known shoppers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.samples import QuantileSample
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.segments import Part
from guidance.experiments.statistics import Comparison, NotMeasured, measure_stratified


@dataclass(frozen=True)
class Adjusted:
    """One treatment's difference in one metric, by the kind of shopper it is adjusted for."""

    metric: Metric
    arm: Arm
    by_kind: Mapping[str, Comparison | NotMeasured]


def adjusted_in(
    experiment: Experiment, metrics: Mapping[str, Metric], parts: Sequence[Part]
) -> list[Adjusted]:
    """Return every metric of every treatment adjusted for each kind that the parts divide by; of
    quantiles none, which do not add up."""
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
                before, after = (part.totals[one.key].sample(metric) for one in (control, arm))
                assert not isinstance(before, QuantileSample)
                assert not isinstance(after, QuantileSample)
                strata.append((before, after))
        return reading.read(measure_stratified(strata))

    return [
        Adjusted(metric, arm, {kind: adjusted(kind, metric, arm) for kind in kinds})
        for metric in metrics.values()
        if not metric.is_quantile
        for arm in arms
        if arm is not control
    ]
