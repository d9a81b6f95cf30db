"""An experiment's report: from the sums kept, or counted from the rows for a past moment.

The unit is the shopper. A visitor who logged in is the customer: by the arm of the customer's own
pseudonym, which its hash alone tells, from its first decision on; by the visitor's while the
customer's own met none. Whoever is like that is so whatever arms the two fell into, so that no arm
keeps more of those who log in than its share. A pseudonym that met more than one arm is left out of
every figure and counted. Exposure is a shopper's first decision in the experiment, shown or not:
what happened before it is nobody's doing.

Today's report reads the days kept: a few hundred rows whatever the traffic, as of the last
rollup. As of a past moment it holds the decisions made and the events received by then; shoppers
are the ones of today: who was merged since then counts as one. Staff and scripts are those known
by then, as far as one change back.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import timezone

from guidance.decisions.attribution import OUTCOME_KINDS
from guidance.decisions.models import Decision, DecisionQuerySet, Outcome
from guidance.experiments.models import Arm, Experiment, LeftOut, Metric, Recount
from guidance.experiments.samples import ProportionSample, QuantileSample, RatioSample, Sample
from guidance.experiments.selectors.chosen import metrics_of, zone_of
from guidance.experiments.selectors.comparing import Reading, Versus, compare_arms, reading_of
from guidance.experiments.selectors.days import Days
from guidance.experiments.selectors.problems import Problem, find_problems
from guidance.experiments.selectors.scope import Scope
from guidance.experiments.selectors.sums import (
    ARM_NUMBERS,
    ArmTotal,
    Times,
    arm_times,
    raw_days,
    stored_days,
    total_of,
)
from guidance.experiments.statistics import (
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
    clustered_proportion,
    mean_interval,
    sample_ratio,
    too_small,
    wilson_interval,
)

# How far back the pace at which new shoppers come is looked at: a week, weekdays and weekend alike.
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Totals:
    """What was served to an arm's shoppers and what came of it."""

    served: int
    seen: int
    clicked: int
    impressions: int
    clicks: int
    ratings: int
    stars: int
    stood_in: int
    timed: int


@dataclass(frozen=True)
class ArmReport:
    """One arm's figures; `metrics` holds an estimate or the reason why there is none.

    `lately` counts the shoppers first met in the last `LATELY`, `immature` by metric those whose
    days are not over.
    """

    arm: Arm
    shoppers: int
    lately: int
    total: Totals
    samples: dict[str, Sample]
    metrics: dict[str, Estimate | NotMeasured]
    immature: dict[str, int]

    @property
    def converted(self) -> int:
        """The shoppers who bought in the conversion's days."""
        sample = self.samples["conversion"]
        return sample.successes if isinstance(sample, ProportionSample) else 0

    @property
    def windows_open(self) -> int:
        """The shoppers whose days to buy are not over."""
        return self.immature["conversion"]


@dataclass(frozen=True)
class Exclusions:
    """What no figure holds."""

    shoppers_in_several_arms: int
    decisions_in_several_arms: int
    decisions_before_login: int
    staff: int
    scripts: int
    decisions_without_shopper: int
    events_not_counted: int


@dataclass(frozen=True)
class Report:
    """Everything that an experiment's page shows.

    `logged_in` are the visitors of each arm who logged in since; `logins` tells whether they are as
    many as its share promises: they may count by another arm from then on, which is fair while no
    arm makes them log in.
    """

    arms: list[ArmReport]
    comparisons: list[Versus]
    sample_ratio: SampleRatio | NotMeasured
    exclusions: Exclusions
    problems: list[Problem]
    reading: Reading
    first_exposure: datetime | None
    last_exposure: datetime | None
    as_of: datetime | None = None
    metrics: dict[str, Metric] = field(default_factory=dict)
    is_recounting: bool = False
    logged_in: Sequence[int] = ()
    logins: SampleRatio | NotMeasured | None = None

    @property
    def shoppers(self) -> int:
        return sum(arm.shoppers for arm in self.arms)


def decisions_of(experiment: Experiment, received_by: datetime | None = None) -> DecisionQuerySet:
    """Return the experiment's decisions on its own traffic, made by a moment."""
    own = Decision.objects.of_experiment(experiment.key).filter(source=experiment.source)
    return own.received_by(received_by)


def report(experiment: Experiment, as_of: datetime | None = None) -> Report:
    """Compare the arms; a fixed number of queries whatever the traffic."""
    arms = list(experiment.arms.all())
    metrics = metrics_of(experiment)
    zone, at = zone_of(experiment), as_of or timezone.now()
    scope = Scope(experiment, zone.key, received_by=as_of)
    if as_of is None:
        days = stored_days(experiment)
        times = arm_times(scope, since=at - LATELY)
    else:
        days, times = raw_days(scope, list(metrics.values()), since=at - LATELY)
    reading, shares = reading_of(experiment), [float(arm.weight) for arm in arms]
    logged_in = _logged_in(experiment, arms, as_of)
    reports = _arm_reports(arms, metrics, days, times, at=at, zone=zone)
    ends = [end for one in times.values() for end in (one.first, one.last) if end is not None]
    problems = find_problems(
        experiment,
        arms,
        decisions_of(experiment, as_of),
        {arm.arm.key: arm.shoppers for arm in reports},
        at=at,
    )
    return Report(
        arms=reports,
        comparisons=compare_arms([(arm.arm, arm.samples) for arm in reports], metrics, reading),
        sample_ratio=sample_ratio([arm.shoppers for arm in reports], shares),
        exclusions=_exclusions(experiment, days, as_of),
        problems=list(problems),
        first_exposure=min(ends, default=None),
        last_exposure=max(ends, default=None),
        reading=reading,
        as_of=as_of,
        metrics=metrics,
        logged_in=logged_in,
        logins=sample_ratio(logged_in, shares),
        is_recounting=as_of is None and Recount.objects.filter(experiment=experiment).exists(),
    )


def _arm_reports(
    arms: list[Arm],
    metrics: Mapping[str, Metric],
    days: Days,
    times: Mapping[str, Times],
    *,
    at: datetime,
    zone: ZoneInfo,
) -> list[ArmReport]:
    totals = {
        arm.key: total_of(days, metrics.values(), arm=arm.key, at=at, zone=zone) for arm in arms
    }
    reported = {
        key
        for key, metric in metrics.items()
        if any(any(total.metrics.get(metric.pk, ())) for total in totals.values())
    }
    return [
        _arm_report(arm, metrics, totals[arm.key], times.get(arm.key, NEVER), reported)
        for arm in arms
    ]


NEVER = Times(None, None, 0)


def _arm_report(
    arm: Arm, metrics: Mapping[str, Metric], total: ArmTotal, times: Times, reported: set[str]
) -> ArmReport:
    """`reported` are the metrics of which any shopper of any arm has something; of others perhaps
    nobody reports it."""
    samples = {key: total.sample(metric) for key, metric in metrics.items()}
    return ArmReport(
        arm=arm,
        shoppers=total.counts["shoppers"],
        lately=times.lately,
        total=Totals(**{name: total.counts[name] for name in Totals.__dataclass_fields__}),
        samples=samples,
        metrics={
            key: estimate(metric, samples[key], is_reported=key in reported)
            for key, metric in metrics.items()
        },
        immature={key: total.immature[metric.pk] for key, metric in metrics.items()},
    )


def estimate(metric: Metric, sample: Sample, *, is_reported: bool) -> Estimate | NotMeasured:
    """Return one arm's figure with the interval that its kind takes."""
    if metric.is_over_events and metric.is_of_shoppers and not is_reported:
        return NotMeasured(Unmeasured.NOTHING_REPORTED)
    if isinstance(sample, QuantileSample):
        if problem := too_small(sample):
            return problem
        ends = Estimate(sample.value, sample.low, sample.high)
        return ends if sample.is_placed else NotMeasured(Unmeasured.UNPLACEABLE)
    if isinstance(sample, ProportionSample):
        return wilson_interval(sample.successes, sample.n)
    if isinstance(sample, RatioSample) and metric.is_share:
        return clustered_proportion(sample)
    return mean_interval(sample)


def _exclusions(experiment: Experiment, days: Days, as_of: datetime | None) -> Exclusions:
    everybody: dict[str, int] = dict.fromkeys(ARM_NUMBERS, 0)
    several = dict(everybody)
    shoppers: Counter[str] = Counter()
    for (left_out, _arm, _day), numbers in days.arms.items():
        shoppers[left_out] += numbers[ARM_NUMBERS.index("shoppers")]
        for name, number in zip(ARM_NUMBERS, numbers, strict=True):
            everybody[name] += number
            several[name] += number if left_out == LeftOut.SEVERAL_ARMS else 0
    for_nobody = decisions_of(experiment, as_of).filter(customer=None)
    named = Outcome.objects.of_decisions(for_nobody).filter(kind__in=OUTCOME_KINDS)
    if as_of is not None:
        named = named.filter(received_at__lte=as_of)
    before = decisions_of(experiment, as_of).before_login(as_of)
    failed = Outcome.objects.of_decisions(before).not_counted().filter(kind__in=OUTCOME_KINDS)
    if as_of is not None:
        failed = failed.filter(received_at__lte=as_of)
    counted = sum(everybody[name] for name in ("impressions", "clicks", "ratings"))
    return Exclusions(
        shoppers_in_several_arms=several["shoppers"],
        decisions_in_several_arms=several["served"],
        decisions_before_login=before.count(),
        staff=shoppers[LeftOut.STAFF],
        scripts=shoppers[LeftOut.BOT],
        decisions_without_shopper=for_nobody.count(),
        events_not_counted=everybody["named"] + named.count() + failed.count() - counted,
    )


def _logged_in(experiment: Experiment, arms: list[Arm], as_of: datetime | None) -> list[int]:
    """Return the visitors who logged in since, by the arm they had met."""
    moved = decisions_of(experiment, as_of).exclude(met_as=None).order_by().values_list("arm")
    found = dict(moved.annotate(visitors=Count("met_as", distinct=True)))
    return [found.get(arm.key, 0) for arm in arms]
