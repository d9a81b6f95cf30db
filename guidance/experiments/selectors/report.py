"""An experiment's report, from the decision log and the events alone, now or as of a past moment.

The unit is the shopper. Who met more than one arm (two devices that turned out to be one shopper,
say) is left out of every figure and counted. Exposure is a shopper's first decision in the
experiment, shown or not: what happened before it is nobody's doing.

As of a past moment it holds the decisions made and the events received by then; shoppers are the
ones of today: who was merged since then counts as one.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from guidance.decisions.attribution import CONVERSION_WINDOW, OUTCOME_KINDS
from guidance.decisions.models import Decision, DecisionQuerySet, Outcome
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.samples import ProportionSample, RatioSample, Sample
from guidance.experiments.selectors.comparing import Reading, Versus, compare_arms, reading_of
from guidance.experiments.selectors.problems import Problem, find_problems
from guidance.experiments.statistics import (
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
    clustered_proportion,
    mean_interval,
    sample_ratio,
    wilson_interval,
)

# How far back the pace at which new shoppers come is looked at: a week, weekdays and weekend alike.
LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Unit:
    """One shopper in one arm: what was served to them and what came of it."""

    served: int
    seen: int
    clicked: int
    impressions: int
    clicks: int
    ratings: int
    stars: int
    stood_in: int


@dataclass(frozen=True)
class ArmReport:
    """One arm's figures; `metrics` holds an estimate or the reason why there is none.

    `lately` counts the shoppers first met in the last `LATELY`.
    """

    arm: Arm
    shoppers: int
    converted: int
    windows_open: int
    lately: int
    total: Unit
    samples: dict[str, Sample]
    metrics: dict[str, Estimate | NotMeasured]


@dataclass(frozen=True)
class Exclusions:
    """What no figure holds."""

    shoppers_in_several_arms: int
    decisions_in_several_arms: int
    decisions_without_shopper: int
    events_not_counted: int


@dataclass(frozen=True)
class Report:
    """Everything that an experiment's page shows."""

    arms: list[ArmReport]
    comparisons: list[Versus]
    sample_ratio: SampleRatio | NotMeasured
    exclusions: Exclusions
    problems: list[Problem]
    reading: Reading
    first_exposure: datetime | None
    last_exposure: datetime | None
    as_of: datetime | None = None

    @property
    def shoppers(self) -> int:
        return sum(arm.shoppers for arm in self.arms)


def decisions_of(experiment: Experiment, received_by: datetime | None = None) -> DecisionQuerySet:
    """Return the experiment's decisions on its own traffic, made by a moment."""
    own = Decision.objects.of_experiment(experiment.key).filter(source=experiment.source)
    return own.received_by(received_by)


def report(experiment: Experiment, as_of: datetime | None = None) -> Report:
    """Count and compare the arms; a fixed number of queries whatever the traffic."""
    arms = list(experiment.arms.all())
    units, excluded = _units(experiment, as_of)
    exposures = _exposures(experiment, as_of)
    bought = any(row["converted"] for row in exposures.values())
    reading = reading_of(experiment)
    reports = [_arm_report(arm, units[arm.key], exposures.get(arm.key, {}), bought) for arm in arms]
    times = [row[key] for row in exposures.values() for key in ("first", "last")]
    problems = find_problems(
        experiment,
        arms,
        decisions_of(experiment, as_of),
        {arm.arm.key: arm.shoppers for arm in reports},
        at=as_of or timezone.now(),
    )
    return Report(
        arms=reports,
        comparisons=compare_arms([(arm.arm, arm.samples) for arm in reports], reading),
        sample_ratio=sample_ratio(
            [arm.shoppers for arm in reports], [float(arm.weight) for arm in arms]
        ),
        exclusions=_exclusions(experiment, units, excluded, as_of),
        problems=list(problems),
        first_exposure=min(times, default=None),
        last_exposure=max(times, default=None),
        reading=reading,
        as_of=as_of,
    )


def _units(
    experiment: Experiment, as_of: datetime | None
) -> tuple[defaultdict[str, list[Unit]], list[list[Unit]]]:
    """Return the shoppers of each arm, and of each shopper of several arms what each arm did."""
    rows: Iterable[Any] = (
        decisions_of(experiment, as_of)
        .exclude(customer=None)
        .with_outcomes(as_of)
        .with_counts(as_of)
        .order_by()
        .values("customer", "arm")
        .annotate(
            sum_served=Count("pk"),
            sum_seen=Count("pk", filter=Q(is_seen=True)),
            sum_clicked=Count("pk", filter=Q(is_clicked=True)),
            sum_impressions=Sum("impressions"),
            sum_clicks=Sum("clicks"),
            sum_ratings=Sum("ratings"),
            sum_stars=Sum("rating_sum"),
            sum_stood_in=Count("pk", filter=~Q(fallback_from="")),
        )
    )
    arms_of: defaultdict[int, list[tuple[str, Unit]]] = defaultdict(list)
    for row in rows:
        unit = Unit(**{name: row[f"sum_{name}"] for name in Unit.__dataclass_fields__})
        arms_of[row["customer"]].append((row["arm"], unit))
    units: defaultdict[str, list[Unit]] = defaultdict(list)
    for found in arms_of.values():
        if len(found) == 1:
            units[found[0][0]].append(found[0][1])
    excluded = [[unit for _, unit in found] for found in arms_of.values() if len(found) > 1]
    return units, excluded


def _exposures(experiment: Experiment, as_of: datetime | None) -> dict[str, dict[str, Any]]:
    """Return, by arm, who bought after the first exposure and whose window is still open."""
    at = as_of or timezone.now()
    rows: Iterable[Any] = (
        decisions_of(experiment, as_of)
        .in_one_arm(as_of)
        .exposures(as_of)
        .with_conversion(as_of)
        .order_by()
        .values("arm")
        .annotate(
            converted=Count("pk", filter=Q(is_converted=True)),
            windows_open=Count("pk", filter=Q(at__gt=at - CONVERSION_WINDOW)),
            lately=Count("pk", filter=Q(at__gt=at - LATELY)),
            first=Min("at"),
            last=Max("at"),
        )
    )
    return {row["arm"]: row for row in rows}


def _arm_report(arm: Arm, units: list[Unit], exposure: dict[str, Any], bought: bool) -> ArmReport:
    """`bought` tells whether any shopper of any arm bought; else perhaps nobody reports it."""
    converted = exposure.get("converted", 0)
    total = Unit(
        **{name: sum(getattr(u, name) for u in units) for name in Unit.__dataclass_fields__}
    )
    ctr = RatioSample.of((unit.clicked, unit.seen) for unit in units)
    satisfaction = RatioSample.of((unit.stars, unit.ratings) for unit in units)
    return ArmReport(
        arm=arm,
        shoppers=len(units),
        converted=converted,
        windows_open=exposure.get("windows_open", 0),
        lately=exposure.get("lately", 0),
        total=total,
        samples={
            "ctr": ctr,
            "conversion": ProportionSample(len(units), converted),
            "satisfaction": satisfaction,
        },
        metrics={
            "ctr": clustered_proportion(ctr),
            "conversion": (
                wilson_interval(converted, len(units))
                if bought
                else NotMeasured(Unmeasured.NOTHING_REPORTED)
            ),
            "satisfaction": mean_interval(satisfaction),
        },
    )


def _exclusions(
    experiment: Experiment,
    units: dict[str, list[Unit]],
    excluded: list[list[Unit]],
    as_of: datetime | None,
) -> Exclusions:
    decisions = decisions_of(experiment, as_of)
    outcomes = Outcome.objects.of_decisions(decisions).filter(kind__in=OUTCOME_KINDS)
    if as_of is not None:
        outcomes = outcomes.filter(received_at__lte=as_of)
    named = outcomes.count()
    everybody = [unit for found in (*units.values(), *excluded) for unit in found]
    return Exclusions(
        shoppers_in_several_arms=len(excluded),
        decisions_in_several_arms=sum(unit.served for found in excluded for unit in found),
        decisions_without_shopper=decisions.filter(customer=None).count(),
        events_not_counted=named - sum(u.impressions + u.clicks + u.ratings for u in everybody),
    )
