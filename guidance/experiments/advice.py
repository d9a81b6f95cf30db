"""What the data recommend, and which guardrail they harm: from one report, by the plan alone.

Every verdict about a metric comes from here, so that better statistics have one place to go.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.utils import timezone

from guidance.experiments.models import Experiment
from guidance.experiments.selectors import Report, Versus
from guidance.experiments.statistics import Comparison, SampleRatio, difference

Verdict = Experiment.Verdict
# Guardrails are looked at every hour. A metric that does not differ is then called harmed in 0.8 %
# of experiments of 28 days (20,000 simulated, from the second day on); at 99 % it would be 5.3 %.
GUARDRAIL_CONFIDENCE = 0.999


class Why(StrEnum):
    """Why the data recommend what they do."""

    CLEAR_GAIN = "clear_gain"
    NOT_CLEAR = "not_clear"
    TOO_SMALL = "too_small"
    NOT_MEASURED = "not_measured"
    NOT_DUE = "not_due"
    ENDED_EARLY = "ended_early"
    GUARDRAIL = "guardrail"
    SPLIT_OFF = "split_off"
    UNSOUND = "unsound"


@dataclass(frozen=True)
class Advice:
    """A recommendation: to ship `arm`, to keep what was there, or (`verdict` '') to wait."""

    verdict: str
    why: Why
    arm: str = ""

    def agrees(self, verdict: str, arm: str) -> bool:
        return (verdict, arm) == (self.verdict, self.arm)


@dataclass(frozen=True)
class Harm:
    """A guardrail metric that an arm clearly harms."""

    metric: str
    arm: str
    found: Comparison


def advise(experiment: Experiment, report: Report) -> Advice:
    """Return what the plan and the report recommend: never a gain that cannot be believed."""
    if report.problems:
        return Advice(Verdict.KEEP, Why.UNSOUND)
    if isinstance(report.sample_ratio, SampleRatio) and report.sample_ratio.is_off:
        return Advice(Verdict.KEEP, Why.SPLIT_OFF)
    if experiment.stop_cause == Experiment.StopCause.GUARDRAIL or any(harms(experiment, report)):
        return Advice(Verdict.KEEP, Why.GUARDRAIL)
    if not is_due(experiment, report):
        running = experiment.stopped_at is None
        return Advice("", Why.NOT_DUE) if running else Advice(Verdict.KEEP, Why.ENDED_EARLY)
    return _advise_by_metric(experiment, report)


def _advise_by_metric(experiment: Experiment, report: Report) -> Advice:
    primary = [one for one in report.comparisons if one.metric == experiment.primary_metric]
    measured = [one for one in primary if isinstance(one.difference, Comparison)]
    if not measured:
        return Advice(Verdict.KEEP, Why.NOT_MEASURED)
    gains = [one for one in measured if _low(one) > 0]
    worth = [one for one in gains if _may_be_worth(one, float(experiment.smallest_effect or 0))]
    if worth:
        best = max(worth, key=lambda one: one.difference.value)  # type: ignore[union-attr]
        return Advice(Verdict.SHIP, Why.CLEAR_GAIN, best.arm.key)
    return Advice(Verdict.KEEP, Why.TOO_SMALL if gains else Why.NOT_CLEAR)


def _low(versus: Versus) -> float:
    return versus.difference.low if isinstance(versus.difference, Comparison) else 0.0


def _may_be_worth(versus: Versus, smallest: float) -> bool:
    """Whether the lift may reach the smallest worthwhile effect, in per cent of the control."""
    return not isinstance(versus.lift, Comparison) or 100 * versus.lift.high >= smallest


def harms(experiment: Experiment, report: Report) -> Iterator[Harm]:
    """Yield every guardrail that an arm clearly harms; all metrics are better higher."""
    control = next((arm for arm in report.arms if arm.arm.is_control), None)
    for treatment in report.arms:
        if control is None or treatment is control:
            continue
        for metric in experiment.guardrails:
            if metric not in treatment.samples:
                continue
            found = difference(
                control.samples[metric],
                treatment.samples[metric],
                confidence=GUARDRAIL_CONFIDENCE,
            )
            if isinstance(found, Comparison) and found.high < 0:
                yield Harm(metric, treatment.arm.key, found)


def is_due(experiment: Experiment, report: Report) -> bool:
    """Tell whether the planned end was reached: every horizon that the plan names.

    A sequential plan ends at its last day too: today's intervals hold for one look alone.
    """
    if experiment.started_at is None or not (experiment.horizon_days or experiment.horizon_units):
        return False
    end = experiment.stopped_at or report.as_of or timezone.now()
    if experiment.horizon_days and end < planned_end(experiment, experiment.started_at):
        return False
    return not experiment.horizon_units or report.shoppers >= experiment.horizon_units


def planned_end(experiment: Experiment, started_at: datetime) -> datetime:
    """Return the moment at which the plan's days are over."""
    return started_at + timedelta(days=experiment.horizon_days or 0)
