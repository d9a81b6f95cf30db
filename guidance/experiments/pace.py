"""On the way: at what pace shoppers come, what they can show so far, how many days are left."""

import math
from datetime import timedelta
from functools import lru_cache

from django.utils import timezone

from guidance.experiments.metrics import chosen_keys
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import LATELY, Report, Versus
from guidance.experiments.statistics import (
    Criterion,
    Effect,
    Monitoring,
    Needed,
    NotMeasured,
    days_left,
    detectable_effect,
    more_needed,
)

DAY = timedelta(days=1)
# A sequential test is looked at daily, yet reckoned with so many looks at most, at equal distances:
# each is work, squared. Of a plan of 180 or 365 days the shoppers needed come out 1.8 % and 2.6 %
# higher than with all its looks, the smallest effect 1.0 % and 1.4 % (a rate of 5 %, a lift of
# 10 %, 20,000 shoppers); with all of 365 looks one plan took two minutes, with 60 half a second.
MOST_LOOKS = 60
# Plans whose answers are kept by each process.
KEPT = 256


def criterion(
    experiment: Experiment, treatments: int, tuning: float, *, days: int | None = None
) -> Criterion:
    """Return how an effect will be judged: among all tests of the report, daily if sequential.

    `days` are those looked at, the planned ones unless said. Of a long sequential plan `MOST_LOOKS`
    are reckoned with: it errs on the safe side.
    """
    if experiment.stop_rule != Experiment.StopRule.SEQUENTIAL:
        return Criterion(comparisons=family(experiment, treatments))
    looks = min(days or experiment.horizon_days or MOST_LOOKS, MOST_LOOKS)
    monitoring = Monitoring(tuning=tuning, looks=looks)
    return Criterion(comparisons=family(experiment, treatments), monitoring=monitoring)


def family(experiment: Experiment, treatments: int) -> int:
    """Return how many tests a report makes at most."""
    return len(chosen_keys(experiment)) * max(treatments, 1)


def daily_shoppers(experiment: Experiment, report: Report, *, arm: str = "") -> float:
    """Return the new shoppers a day over the last week, or since the start if that is less.

    With `arm`, those of that arm and the control alone.
    """
    if experiment.started_at is None:
        return 0.0
    run = (report.as_of or timezone.now()) - experiment.started_at
    days = max(min(run, LATELY) / DAY, 1.0)
    counted = [one for one in report.arms if not arm or one.arm.is_control or one.arm.key == arm]
    return sum(one.lately for one in counted) / days


def days_to_go(experiment: Experiment, report: Report) -> int | None:
    """Return the days left at the pace of the last week; None where nobody can tell.

    Until every horizon that the plan names is reached; of a sequential plan, until the smallest
    worthwhile effect would show in the first arm, if that is earlier.
    """
    if experiment.started_at is None:
        return None
    planned = _until_planned_end(experiment, report)
    if not report.reading.is_sequential:
        return planned
    shows = [_until_it_shows(experiment, report, one) for one in goals(experiment, report)]
    known = [days for days in (planned, *shows) if days is not None]
    return min(known, default=None)


def goals(experiment: Experiment, report: Report) -> list[Versus]:
    """Return the comparisons of the primary metric."""
    return [one for one in report.comparisons if one.metric == experiment.primary_metric]


def detectable(experiment: Experiment, report: Report) -> float | None:
    """Return the smallest lift that the shoppers so far show with a chance of 80 %, any arm's.

    It was looked at once on each day so far.
    """
    now = report.as_of or timezone.now()
    days = (now - experiment.started_at).days + 1 if experiment.started_at else None
    judged = criterion(experiment, len(report.arms) - 1, report.reading.tuning, days=days)
    found = [
        smallest_shown(one.effect, judged)
        for one in goals(experiment, report)
        if isinstance(one.effect, Effect)
    ]
    return min((size for size in found if not isinstance(size, NotMeasured)), default=None)


@lru_cache(maxsize=KEPT)
def smallest_shown(effect: Effect, judged: Criterion) -> float | NotMeasured:
    """Return the smallest effect that these shoppers show with a chance of 80 %."""
    return detectable_effect(effect, criterion=judged)


@lru_cache(maxsize=KEPT)
def missing(effect: Effect, size: float, judged: Criterion) -> Needed | NotMeasured:
    """Return how many more shoppers show an effect of this size with a chance of 80 %."""
    return more_needed(effect, size, criterion=judged)


def _criterion(experiment: Experiment, report: Report) -> Criterion:
    return criterion(experiment, len(report.arms) - 1, report.reading.tuning)


def _until_planned_end(experiment: Experiment, report: Report) -> int | None:
    assert experiment.started_at is not None
    left = []
    if experiment.horizon_days:
        end = experiment.started_at + experiment.horizon_days * DAY
        left.append(math.ceil((end - (report.as_of or timezone.now())) / DAY))
    if experiment.horizon_units:
        missing = experiment.horizon_units - report.shoppers
        daily = daily_shoppers(experiment, report)
        if missing > 0 and not daily:
            return None
        left.append(math.ceil(missing / daily) if missing > 0 else 0)
    return max(0, *left) if left else None


def _until_it_shows(experiment: Experiment, report: Report, versus: Versus) -> int | None:
    if not experiment.smallest_effect or not isinstance(versus.effect, Effect):
        return None
    size = float(experiment.smallest_effect) / 100
    needed = missing(versus.effect, size, _criterion(experiment, report))
    found = days_left(needed, daily_shoppers(experiment, report, arm=versus.arm.key))
    # Where it would mostly have shown by now, nobody knows the day on which it will.
    return None if isinstance(found, NotMeasured) or found == 0 else found
