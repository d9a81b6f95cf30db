"""The difference day by day: each day's is of everybody exposed by its end.

Today's are read from the days kept; as of a past moment they are counted from the decisions made
and the events received by then, as the report is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from guidance.behaviour.days import day_bounds
from guidance.experiments.models import Arm, Experiment, Metric
from guidance.experiments.selectors.chosen import zone_of
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.scope import Scope
from guidance.experiments.selectors.sums import (
    ArmTotal,
    Days,
    raw_days,
    running_totals,
    stored_days,
)
from guidance.experiments.statistics import Comparison, NotMeasured, measure


@dataclass(frozen=True)
class Point:
    """The difference of everybody exposed by a day's end, with what they had done by now, or by
    the moment asked for.

    `is_mature` says that nobody's days, in which it may still change, reach beyond that.
    """

    day: date
    shoppers: int
    found: Comparison | NotMeasured
    is_mature: bool = True


@dataclass(frozen=True)
class Curve:
    """One treatment against the control in one metric."""

    arm: Arm
    points: Sequence[Point]


def unfold(
    experiment: Experiment, metrics: Mapping[str, Metric], as_of: datetime | None = None
) -> dict[str, list[Curve]]:
    """Return, by metric, each treatment's differences from the first exposure's day to the last's,
    days in the metric's zone.

    Few statements, always as many: the days kept are added up.
    """
    arms = list(experiment.arms.all())
    control = next((arm for arm in arms if arm.is_control), None)
    kept = _days(experiment, metrics, as_of)
    own = [day for left_out, _arm, day in kept.arms if not left_out]
    own += [day for _zone, _arm, day in kept.zones]
    if control is None or not own:
        return {}
    days = [min(own) + timedelta(days=n) for n in range((max(own) - min(own)).days + 1)]
    totals = {arm.key: running_totals(kept, days, arm.key) for arm in arms}
    reading, now = reading_of(experiment), as_of or timezone.now()

    def point(day: date, metric: Metric, before: ArmTotal, after: ArmTotal) -> Point:
        found = measure(before.sample(metric), after.sample(metric))
        shoppers = before.shoppers_of(metric) + after.shoppers_of(metric)
        is_mature = day_bounds(day, ZoneInfo(metric.time_zone))[1] + metric.maturity <= now
        return Point(day, shoppers, reading.read(found), is_mature)

    return {
        key: [
            Curve(
                arm,
                [
                    point(day, metric, before, after)
                    for day, before, after in zip(
                        days, totals[control.key], totals[arm.key], strict=True
                    )
                ],
            )
            for arm in arms
            if arm is not control
        ]
        for key, metric in metrics.items()
    }


def _days(experiment: Experiment, metrics: Mapping[str, Metric], as_of: datetime | None) -> Days:
    if as_of is None:
        return stored_days(experiment)
    scope = Scope(experiment, zone_of(experiment).key, received_by=as_of)
    found, _times = raw_days(scope, list(metrics.values()), since=as_of)
    return found
