"""From an experiment and its report to one recommendation, and which guardrail is harmed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from guidance.experiments.models import Experiment
from guidance.experiments.overlaps import met_elsewhere
from guidance.experiments.pace import days_to_go
from guidance.experiments.recommending import (
    Action,
    Health,
    Recommendation,
    Result,
    Role,
    StopRule,
    recommend,
)
from guidance.experiments.samples import Sample
from guidance.experiments.selectors import Report, Trouble
from guidance.experiments.statistics import Comparison, NotMeasured, difference

Verdict = Experiment.Verdict
# Guardrails are looked at every hour. A metric that does not differ is then called harmed in 0.8 %
# of experiments of 28 days (20,000 simulated, from the second day on); at 99 % it would be 5.3 %.
GUARDRAIL_CONFIDENCE = 0.999
# Whole weeks are read, as weekdays and weekends differ; a shorter plan is read at its end.
FEWEST_DAYS = 7
# What a person decides where the data say so; an experiment that shall run on has no verdict.
VERDICTS = {Action.SHIP: Verdict.SHIP, Action.STOP: Verdict.KEEP, Action.FIX_SPLIT: Verdict.KEEP}


@dataclass(frozen=True)
class Harm:
    """A guardrail metric that an arm clearly harms."""

    metric: str
    arm: str
    found: Comparison


def advise(experiment: Experiment, report: Report, *, foresee: bool = True) -> Recommendation:
    """Return what the plan and the report recommend; one statement, for who runs beside it.

    With `foresee` its reason says how many days are left, which takes the longest and decides
    nothing.
    """
    rule = stop_rule(experiment, report, foresee=foresee)
    results = list(_results(experiment, report, rule))
    return recommend(_health(experiment, report, rule), results, rule)


def agrees(found: Recommendation, verdict: str, arm: str) -> bool:
    """Tell whether a decision is the recommended one."""
    return (verdict, arm) == (VERDICTS.get(found.action, ""), found.arm)


def stop_rule(experiment: Experiment, report: Report, *, foresee: bool = True) -> StopRule:
    """Return when the experiment may be read, as of the report's moment."""
    now = report.as_of or timezone.now()
    has_ended = experiment.stopped_at is not None and experiment.stopped_at <= now
    return StopRule(
        days=_days(experiment, now),
        units=report.shoppers,
        is_sequential=report.reading.is_sequential,
        planned_days=experiment.horizon_days,
        planned_units=experiment.horizon_units,
        has_ended=has_ended,
        fewest_days=min(FEWEST_DAYS, experiment.horizon_days or FEWEST_DAYS),
        days_left=days_to_go(experiment, report) if foresee and not has_ended else None,
    )


def _days(experiment: Experiment, now: datetime) -> int:
    """Return the whole days that it has run."""
    if experiment.started_at is None:
        return 0
    end = min(experiment.stopped_at, now) if experiment.stopped_at else now
    return (end - experiment.started_at).days


def _health(experiment: Experiment, report: Report, rule: StopRule) -> Health:
    """An arm without shoppers is no row of its own: the sample ratio says whether it is chance."""
    troubles = {problem.trouble: problem.about for problem in report.problems}
    several = report.exclusions.shoppers_in_several_arms
    beside = [] if rule.has_ended else [other.name for other in met_elsewhere(experiment)]
    return Health(
        sample_ratio=report.sample_ratio,
        several_arms=several / (report.shoppers + several) if several else 0.0,
        clock_jumps=troubles.get(Trouble.OUTSIDE_ITS_TIME, {}).get("count", 0),
        is_sound=not troubles.keys() & {Trouble.CHANGED, Trouble.UNKNOWN_ARM},
        overlapping=tuple(beside),
    )


def _results(experiment: Experiment, report: Report, rule: StopRule) -> Iterator[Result]:
    """Yield what the plan names: the primary metric and the guardrails of every treatment."""
    alarms = {(harm.metric, harm.arm) for harm in harms(experiment, report)}
    if rule.has_ended and experiment.stop_cause == Experiment.StopCause.GUARDRAIL:
        alarms.add((experiment.stop_details["metric"], experiment.stop_details["arm"]))
    smallest = float(experiment.smallest_effect or 0) / 100
    for one in report.comparisons:
        is_goal = one.metric == experiment.primary_metric
        if is_goal or one.metric in experiment.guardrails:
            yield Result(
                metric=one.definition.title,
                arm=one.arm.key,
                role=Role.GOAL if is_goal else Role.GUARD,
                comparison=one.difference,
                corrected=one.corrected,
                less_is_better=one.definition.less_is_better,
                may_be_worth=may_be_worth(
                    one.lift, smallest, less_is_better=one.definition.less_is_better
                ),
                is_alarm=(one.metric, one.arm.key) in alarms,
            )


def may_be_worth(
    lift: Comparison | NotMeasured, smallest: float, *, less_is_better: bool = False
) -> bool:
    """Whether the gain may reach the smallest worthwhile effect, relative to the control."""
    if isinstance(lift, NotMeasured):
        return True
    return (-lift.low if less_is_better else lift.high) >= smallest


def harms(experiment: Experiment, report: Report) -> Iterator[Harm]:
    """Yield every guardrail that an arm clearly harms."""
    control = next((arm for arm in report.arms if arm.arm.is_control), None)
    for treatment in report.arms:
        if control is None or treatment is control:
            continue
        for metric in experiment.guardrails:
            if metric not in treatment.samples:
                continue
            found = harm_between(
                control.samples[metric],
                treatment.samples[metric],
                less_is_better=report.metrics[metric].less_is_better,
            )
            if found is not None:
                yield Harm(metric, treatment.arm.key, found)


def harm_between(
    control: Sample, treatment: Sample, *, less_is_better: bool = False
) -> Comparison | None:
    """Return the difference of two arms where it is clearly a harm."""
    found = difference(control, treatment, confidence=GUARDRAIL_CONFIDENCE)
    if isinstance(found, NotMeasured):
        return None
    best = -found.low if less_is_better else found.high
    return found if best < 0 else None
