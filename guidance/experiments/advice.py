"""From an experiment and its report to one recommendation, and which guardrail is harmed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from guidance.experiments.models import Experiment, Metric
from guidance.experiments.overlaps import met_elsewhere
from guidance.experiments.pace import days_to_go
from guidance.experiments.recommending import (
    LONGEST_WAIT,
    Action,
    Health,
    Recommendation,
    Result,
    Role,
    StopRule,
    recommend,
)
from guidance.experiments.samples import ProportionSample, Sample
from guidance.experiments.selectors import Report, Trouble
from guidance.experiments.statistics import (
    Comparison,
    NotMeasured,
    Unmeasured,
    difference,
    rare_difference,
)

Verdict = Experiment.Verdict
# Guardrails are looked at every hour. A metric that does not differ is then called harmed in 0.8 %
# of experiments of 28 days (20,000 simulated, from the second day on); at 99 % it would be 5.3 %.
# It is shared among all that are looked at: metrics times treatments.
GUARDRAIL_CONFIDENCE = 0.999
# Nothing is called harmed before so long and so many shoppers an arm: the first answers of a cold
# model say nothing of the others.
ALARM_AFTER, FEWEST_ALARMED = timedelta(days=1), 50
# Above this share of shoppers whose returns may still come, what was sold says little.
MOST_IMMATURE = 0.1
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
    """Tell whether a decision is the recommended one.

    Never to ship what was to be read once and was looked at until something was clear.
    """
    if found.is_overdue and verdict == Verdict.SHIP:
        return False
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
        longest_wait=_longest_wait(experiment, report),
        days_left=days_to_go(experiment, report) if foresee and not has_ended else None,
    )


def _longest_wait(experiment: Experiment, report: Report) -> int:
    """Return in how many days after the end the last shoppers' goal is in."""
    goal = report.metrics.get(experiment.primary_metric)
    return max(LONGEST_WAIT, goal.maturity.days if goal is not None else 0)


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
                may_turn=_may_turn(one.definition, report),
            )


def _may_turn(metric: Metric, report: Report) -> bool:
    """Tell whether the returns of too many shoppers are still to come."""
    if not metric.returns_days or not report.shoppers:
        return False
    return sum(arm.immature[metric.key] for arm in report.arms) > MOST_IMMATURE * report.shoppers


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
    now = report.as_of or timezone.now()
    if control is None or not _is_old_enough(experiment, now):
        return
    looks = len(experiment.guardrails) * max(len(report.arms) - 1, 1)
    for treatment in report.arms:
        if treatment is control or min(control.shoppers, treatment.shoppers) < FEWEST_ALARMED:
            continue
        for metric in experiment.guardrails:
            if metric not in treatment.samples:
                continue
            found = harm_between(
                control.samples[metric],
                treatment.samples[metric],
                less_is_better=report.metrics[metric].less_is_better,
                confidence=1 - (1 - GUARDRAIL_CONFIDENCE) / looks,
            )
            if found is not None:
                yield Harm(metric, treatment.arm.key, found)


def _is_old_enough(experiment: Experiment, now: datetime) -> bool:
    return experiment.started_at is not None and now >= experiment.started_at + ALARM_AFTER


def harm_between(
    control: Sample,
    treatment: Sample,
    *,
    less_is_better: bool = False,
    confidence: float = GUARDRAIL_CONFIDENCE,
) -> Comparison | None:
    """Return the difference of two arms where it is clearly a harm.

    Shares are compared too where one arm has next to no cases: that is what a harm looks like.
    """
    found = difference(control, treatment, confidence=confidence)
    is_rare = isinstance(found, NotMeasured) and found.reason == Unmeasured.TOO_FEW
    if is_rare and isinstance(control, ProportionSample):
        assert isinstance(treatment, ProportionSample)
        found = rare_difference(control, treatment, confidence=confidence)
    if isinstance(found, NotMeasured):
        return None
    best = -found.low if less_is_better else found.high
    return found if best < 0 else None
