"""Treatments against the control, by the plan: what an experiment's results are read from.

A sequential plan gets intervals and p-values that hold at every look at once, another Welch's for
one look. All comparisons of a report are one family, corrected by Holm.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.samples import Sample
from guidance.experiments.statistics import (
    TUNING,
    Comparison,
    Corrected,
    Effect,
    NotMeasured,
    Posterior,
    Prior,
    Question,
    Unmeasured,
    always_valid,
    believe,
    compare,
    correct,
    is_clear,
    measure,
)

# Of a relative lift, before the data: most changes to a shop move a metric by less than 30 %, up or
# down alike. A published engine's default, not tuned on this shop's experiments.
LIFT_PRIOR = Prior(0.0, 0.3**2)


@dataclass(frozen=True)
class Reading:
    """How a plan says that its effects are read; `tuning` is where a sequence is narrowest."""

    is_sequential: bool = False
    tuning: float = TUNING

    def read(self, effect: Effect | NotMeasured) -> Comparison | NotMeasured:
        """Return an effect's interval and p-value."""
        return always_valid(effect, tuning=self.tuning) if self.is_sequential else compare(effect)


@dataclass(frozen=True)
class Versus:
    """One treatment against the control in one metric.

    `effect` is the lift's; `belief` the difference's posterior under `LIFT_PRIOR`; `corrected` the
    difference's p-value among all that the report tests.
    """

    arm: Arm
    definition: Metric
    difference: Comparison | NotMeasured
    lift: Comparison | NotMeasured
    effect: Effect | NotMeasured
    belief: Posterior | NotMeasured
    corrected: Corrected | NotMeasured

    @property
    def metric(self) -> str:
        """The metric's key."""
        return self.definition.key

    @property
    def is_clear(self) -> bool:
        """Whether the difference is clear by itself and among all that were tested."""
        return is_clear(self.difference, self.corrected)


Samples = dict[str, Sample]


def reading_of(experiment: Experiment) -> Reading:
    """Return how an experiment is read; its planned shoppers tune the sequence, where named."""
    return Reading(
        experiment.stop_rule == Experiment.StopRule.SEQUENTIAL,
        float(experiment.horizon_units or TUNING),
    )


def compare_arms(
    arms: Sequence[tuple[Arm, Samples]], metrics: Mapping[str, Metric], reading: Reading
) -> list[Versus]:
    """Compare every treatment with the control in every metric, treatment by treatment."""
    pairs = list(_pairs(arms, metrics))
    effects = {
        Question(metric, arm.key): measure(control, treatment)
        for arm, metric, control, treatment in pairs
    }
    differences = {question: reading.read(effect) for question, effect in effects.items()}
    corrected = correct(differences)
    found = []
    for arm, metric, control, treatment in pairs:
        question = Question(metric, arm.key)
        effect = measure(control, treatment, relative=True)
        found.append(
            Versus(
                arm=arm,
                definition=metrics[metric],
                difference=differences[question],
                lift=reading.read(effect),
                effect=effect,
                belief=_believed(effects[question], metrics[metric]),
                corrected=corrected[question],
            )
        )
    return found


def _believed(effect: Effect | NotMeasured, metric: Metric) -> Posterior | NotMeasured:
    """Return the posterior of a difference, the prior of its lift put in the difference's units.

    A large lift's own standard error grows with it, so that the prior would drown what is clear.
    """
    if isinstance(effect, NotMeasured):
        return effect
    if not effect.base:
        return NotMeasured(Unmeasured.NO_BASELINE)
    return believe(
        effect, prior=LIFT_PRIOR.times(abs(effect.base)), less_is_better=metric.less_is_better
    )


def _pairs(
    arms: Sequence[tuple[Arm, Samples]], metrics: Iterable[str]
) -> Iterator[tuple[Arm, str, Sample, Sample]]:
    control = next((samples for arm, samples in arms if arm.is_control), None)
    for arm, samples in arms:
        if control is None or arm.is_control:
            continue
        for metric in metrics:
            yield arm, metric, control[metric], samples[metric]
