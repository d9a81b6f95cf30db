"""Segments: every metric of every treatment among shoppers of one kind, all one family of tests."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from guidance.experiments.models import Arm, Experiment
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.exposed import METRIC_TITLES, Exposed, by_arm, samples_of
from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    NotMeasured,
    Question,
    correct,
    is_clear,
    measure,
)

# Of a kind with many values, such as languages, those with the most shoppers are looked at: each
# more makes every other one harder to tell.
MOST_VALUES = 6
KINDS: dict[str, Callable[[Exposed], str]] = {
    "tier": lambda one: one.tier,
    "language": lambda one: one.language,
    "history": lambda one: "known" if one.is_known else "new",
}


@dataclass(frozen=True)
class Segment:
    """One treatment against the control in one metric, among the shoppers of a value of a kind.

    `corrected` is among all metrics, treatments and segments together (Holm).
    """

    kind: str
    value: str
    arm: Arm
    metric: str
    control_shoppers: int
    shoppers: int
    found: Comparison | NotMeasured
    corrected: Corrected | NotMeasured

    @property
    def is_clear(self) -> bool:
        return is_clear(self.found, self.corrected)


def segments_of(experiment: Experiment, shoppers: Sequence[Exposed]) -> list[Segment]:
    """Return every segment's comparisons, kind by kind, the largest value first."""
    arms = list(experiment.arms.all())
    control = next((arm for arm in arms if arm.is_control), None)
    if control is None:
        return []
    reading = reading_of(experiment)
    asked = []
    for kind, value, inside in _values(shoppers):
        counted = by_arm(inside)
        samples = {arm.key: samples_of(counted.get(arm.key, [])) for arm in arms}
        sizes = {arm.key: len(counted.get(arm.key, [])) for arm in arms}
        for metric in METRIC_TITLES:
            for arm in arms:
                if arm is not control:
                    effect = measure(samples[control.key][metric], samples[arm.key][metric])
                    asked.append((kind, value, arm, metric, sizes, reading.read(effect)))
    questions = {
        Question(metric, arm.key, f"{kind}:{value}"): found
        for kind, value, arm, metric, _sizes, found in asked
    }
    corrected = correct(questions)
    return [
        Segment(
            kind=kind,
            value=value,
            arm=arm,
            metric=metric,
            control_shoppers=sizes[control.key],
            shoppers=sizes[arm.key],
            found=found,
            corrected=corrected[Question(metric, arm.key, f"{kind}:{value}")],
        )
        for kind, value, arm, metric, sizes, found in asked
    ]


def _values(shoppers: Sequence[Exposed]) -> Iterator[tuple[str, str, list[Exposed]]]:
    """Yield each kind's values with their shoppers; a kind of one value says nothing new."""
    for kind, value_of in KINDS.items():
        counts = Counter(value_of(one) for one in shoppers)
        if len(counts) < 2:
            continue
        ranked = sorted(counts, key=lambda value: (-counts[value], value))
        for value in ranked[:MOST_VALUES]:
            yield kind, value, [one for one in shoppers if value_of(one) == value]
