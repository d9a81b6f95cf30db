"""The sums of an experiment's arms: read from the days kept, or counted for a past moment."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min, Sum

from guidance.behaviour.days import day_bounds
from guidance.experiments.histograms import Histogram
from guidance.experiments.models import (
    ArmDay,
    Experiment,
    Metric,
    MetricBucket,
    MetricDay,
    Unit,
    ZoneDay,
)
from guidance.experiments.samples import MeanSample, ProportionSample, RatioSample, Sample
from guidance.experiments.selectors.bucket_sql import event_buckets_select, time_buckets_select
from guidance.experiments.selectors.counting_dialect import prepare
from guidance.experiments.selectors.counting_sql import (
    COUNTS,
    arm_days_select,
    day_in,
    metric_days_select,
)
from guidance.experiments.selectors.days import BucketKey, Days
from guidance.experiments.selectors.raw import RAW_UNIT, RAW_VALUE, raw_rows
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope

SIX = ("units", "total", "base", "total_squares", "base_squares", "products")
THREE = ("counts", "squares", "products")
ARM_NUMBERS = ("shoppers", "saw", *COUNTS)
ZONE_NUMBERS = ("shoppers", "saw")


class Times(NamedTuple):
    """When an arm met its first and its last new shopper, and how many came lately."""

    first: datetime | None
    last: datetime | None
    lately: int


@dataclass(frozen=True)
class ArmTotal:
    """One arm's shoppers (or those left out for one reason), what they did, and each metric.

    `zoned` counts the shoppers up to a day of other zones, where those of a part are told.
    """

    counts: Mapping[str, int]
    metrics: Mapping[int, Sequence[int]]
    immature: Mapping[int, int]
    buckets: Mapping[int, Mapping[int, Sequence[int]]] = field(default_factory=dict)
    zoned: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def shoppers_of(self, metric: Metric) -> int:
        """Return how many shoppers a metric over shoppers divides by."""
        counts = self.zoned.get(metric.time_zone, self.counts)
        return counts["saw" if metric.denominator == "saw" else "shoppers"]

    def sample(self, metric: Metric) -> Sample:
        """Return the metric's sufficient statistics in the metric's own unit."""
        if metric.is_quantile:
            assert metric.quantile is not None
            return self._histogram(metric).sample(float(metric.quantile))
        found = self.metrics.get(metric.pk, (0,) * len(SIX))
        units, total, base, squares, base_squares, products = found
        scale = metric.scale
        if not metric.is_of_shoppers:
            return RatioSample(
                n=units,
                numerator=total / scale,
                numerator_squares=squares / scale**2,
                denominator=float(base),
                denominator_squares=float(base_squares),
                products=products / scale,
                cases=metric.is_cases,
            )
        n = self.shoppers_of(metric)
        if metric.kind == Metric.Kind.PROPORTION:
            return ProportionSample(n, total)
        return MeanSample(n, total / scale, squares / scale**2)

    def _histogram(self, metric: Metric) -> Histogram:
        """Return all values of a quantile metric; a shopper with nothing to count is one at zero,
        but has no time taken."""
        buckets = dict(self.buckets.get(metric.pk, {}))
        if not metric.is_over_events:
            six = self.metrics.get(metric.pk, (0,) * len(SIX))
            return _histogram_of(six[0], six[SIX.index("base_squares")], buckets)
        n = self.shoppers_of(metric)
        if nothing := n - sum(numbers[0] for numbers in buckets.values()):
            buckets[0] = [nothing] * len(THREE)
        return _histogram_of(n, n, buckets)


def _histogram_of(units: int, unit_squares: int, buckets: Mapping[int, Sequence[int]]) -> Histogram:
    counts, squares, products = (
        {bucket: numbers[place] for bucket, numbers in buckets.items()} for place in range(3)
    )
    return Histogram(units, unit_squares, 0, counts, squares, products)


def kept_days(scope: Scope, metrics: Sequence[Metric]) -> Days:
    """Return what the rows of a scope's shoppers add up to."""
    return _days(scope, metrics, UNIT_TABLE, "experiments_unitvalue")


def raw_days(
    scope: Scope, metrics: Sequence[Metric], *, since: datetime
) -> tuple[Days, dict[str, Times]]:
    """Return the same from decisions and events, and what `arm_times` does; nothing is kept."""
    with raw_rows(scope, metrics):
        return _days(scope, metrics, RAW_UNIT, RAW_VALUE), _raw_times(since)


def raw_days_of(
    scope: Scope, metrics: Sequence[Metric], groups: Iterable[Sequence[int]]
) -> Iterator[Days]:
    """Yield the same of each group of a scope's customers; the rows are counted once for all."""
    with raw_rows(scope, metrics):
        for customers in groups:
            yield _days(replace(scope, customers=customers), metrics, RAW_UNIT, RAW_VALUE)


def _days(scope: Scope, metrics: Sequence[Metric], unit: str, value: str) -> Days:
    """Return what the rows of shoppers add up to; so many statements for each zone."""
    prepare()
    days = Days()
    by_zone: dict[str, list[Metric]] = {scope.zone: []}
    for metric in metrics:
        by_zone.setdefault(metric.time_zone or scope.zone, []).append(metric)
    for zone, own in by_zone.items():
        _add_zone(days, scope, zone, own, unit, value)
    return days


def _add_zone(
    days: Days, scope: Scope, zone: str, metrics: Sequence[Metric], unit: str, value: str
) -> None:
    """Add the days of one zone, and of the metrics that count theirs in it."""
    over_decisions = [metric for metric in metrics if not metric.is_over_events]
    over_events = [metric for metric in metrics if metric.is_over_events]
    day_of, values = day_in(scope, zone), {**scope.values, "zone": zone}
    with connection.cursor() as cursor:
        cursor.execute(arm_days_select(scope, metrics, unit, day_of), values)
        for left_out, arm, day, *numbers in cursor.fetchall():
            when = _as_day(day)
            if zone == scope.zone:
                days.arms[left_out, arm, when] = [int(n) for n in numbers[: len(ARM_NUMBERS)]]
            elif not left_out:
                days.zones[zone, arm, when] = [int(n) for n in numbers[: len(ZONE_NUMBERS)]]
            if left_out:
                continue
            for place, metric in enumerate(over_decisions):
                start = len(ARM_NUMBERS) + place * len(SIX)
                six = [int(n) for n in numbers[start : start + len(SIX)]]
                if any(six):
                    days.metrics[metric.pk, arm, when] = six
        if value and over_events:
            cursor.execute(metric_days_select(scope, over_events, unit, value, day_of), values)
            for metric_id, arm, day, *numbers in cursor.fetchall():
                days.metrics[metric_id, arm, _as_day(day)] = [int(n) for n in numbers]
    quantiles = [one for one in metrics if one.is_quantile]
    days.buckets |= _buckets(scope, quantiles, unit, value, day_of, values)


def _buckets(
    scope: Scope,
    metrics: Sequence[Metric],
    unit: str,
    value: str,
    day_of: str,
    values: dict[str, Any],
) -> dict[BucketKey, list[int]]:
    """Return the histograms of quantile metrics; two statements at most, none without any."""
    found: dict[BucketKey, list[int]] = {}
    over_events = [metric for metric in metrics if metric.is_over_events]
    times = [metric.pk for metric in metrics if not metric.is_over_events]
    with connection.cursor() as cursor:
        if over_events and value:
            cursor.execute(event_buckets_select(scope, over_events, unit, value, day_of), values)
            for metric_id, arm, day, bucket, *numbers in cursor.fetchall():
                found[metric_id, arm, _as_day(day), bucket] = [int(n) for n in numbers]
        if times:
            cursor.execute(time_buckets_select(scope, unit, day_of), values)
            for arm, day, bucket, *numbers in cursor.fetchall():
                for metric_id in times:
                    found[metric_id, arm, _as_day(day), bucket] = [int(n) for n in numbers]
    return found


def _raw_times(since: datetime) -> dict[str, Times]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
SELECT u.arm, MIN(u.exposed_at), MAX(u.exposed_at), COUNT(*) FILTER (WHERE u.exposed_at > %s)
FROM {RAW_UNIT} u WHERE u.left_out = '' GROUP BY u.arm""",  # noqa: S608  names, no values
            [connection.ops.adapt_datetimefield_value(since)],
        )
        return {
            arm: Times(_as_time(first), _as_time(last), lately)
            for arm, first, last, lately in cursor.fetchall()
        }


def arm_times(scope: Scope, *, since: datetime) -> dict[str, Times]:
    """Return each arm's first and last new shopper and how many came after `since`, kept rows.

    Whole days come from the days kept, the rest of one day from an index.
    """
    start = since.astimezone(ZoneInfo(scope.zone)).date()
    _begin, end = day_bounds(start, ZoneInfo(scope.zone))
    days = ArmDay.objects.filter(experiment=scope.experiment, left_out="")
    found = {}
    for arm in days.values_list("arm", flat=True).distinct():
        units = Unit.objects.filter(experiment=scope.experiment, left_out="", arm=arm)
        later = days.filter(arm=arm, day__gt=start).aggregate(shoppers=Sum("shoppers"))
        rest = units.filter(exposed_at__gt=since, exposed_at__lt=end).count()
        ends = units.aggregate(first=Min("exposed_at"), last=Max("exposed_at"))
        found[arm] = Times(ends["first"], ends["last"], (later["shoppers"] or 0) + rest)
    return found


def stored_days(experiment: Experiment) -> Days:
    """Return the days kept; four statements, a few hundred rows whatever the traffic, and of a
    quantile as many a day as values differ by a tenth of a per cent."""
    arms = ArmDay.objects.filter(experiment=experiment)
    buckets = MetricBucket.objects.filter(experiment=experiment)
    sums = MetricDay.objects.filter(experiment=experiment)
    zones = ZoneDay.objects.filter(experiment=experiment)
    return Days(
        {
            (left_out, arm, day): list(numbers)
            for left_out, arm, day, *numbers in arms.values_list(
                "left_out", "arm", "day", *ARM_NUMBERS
            )
        },
        {
            (metric_id, arm, day): list(numbers)
            for metric_id, arm, day, *numbers in sums.values_list("metric_id", "arm", "day", *SIX)
        },
        {
            (metric_id, arm, day, bucket): list(numbers)
            for metric_id, arm, day, bucket, *numbers in buckets.values_list(
                "metric_id", "arm", "day", "bucket", *THREE
            )
        },
        {
            (zone, arm, day): list(numbers)
            for zone, arm, day, *numbers in zones.values_list("zone", "arm", "day", *ZONE_NUMBERS)
        },
    )


def total_of(
    days: Days,
    metrics: Iterable[Metric],
    *,
    arm: str,
    left_out: str = "",
    at: datetime,
    zone: ZoneInfo,
) -> ArmTotal:
    """Add an arm's days up; of each metric, count those whose days, in its zone, are not over at a
    moment. `zone` is the experiment's."""
    own = {d: n for (why, key, d), n in days.arms.items() if (why, key) == (left_out, arm)}
    counts = _add(own.values(), len(ARM_NUMBERS))
    sums: dict[int, list[int]] = {}
    for (metric_id, key, _day), numbers in days.metrics.items():
        if key == arm and not left_out:
            sums[metric_id] = _add([sums.get(metric_id, [0] * len(SIX)), numbers], len(SIX))
    immature = {
        metric.pk: sum(
            numbers[0]
            for d, numbers in _days_of(days, metric, arm, own).items()
            if day_bounds(d, ZoneInfo(metric.time_zone) if metric.time_zone else zone)[1]
            + metric.maturity
            > at
        )
        if metric.maturity
        else 0
        for metric in metrics
    }
    buckets: dict[int, dict[int, list[int]]] = {}
    if not left_out:
        _add_buckets(buckets, (one for one in days.buckets.items() if one[0][1] == arm))
    return ArmTotal(dict(zip(ARM_NUMBERS, counts, strict=True)), sums, immature, buckets)


def _days_of(
    days: Days, metric: Metric, arm: str, own: dict[date, list[int]]
) -> dict[date, list[int]]:
    """Return an arm's days in a metric's zone: the experiment's `own`, where it has no other."""
    zoned = {
        d: numbers
        for (zone, key, d), numbers in days.zones.items()
        if (zone, key) == (metric.time_zone, arm)
    }
    return zoned or own


def _add_buckets(
    buckets: dict[int, dict[int, list[int]]],
    more: Iterable[tuple[BucketKey, Sequence[int]]],
) -> None:
    for (metric_id, _arm, _day, bucket), numbers in more:
        own = buckets.setdefault(metric_id, {})
        own[bucket] = _add([own.get(bucket, ()), numbers], len(THREE))


def running_totals(days: Days, until: Sequence[date], arm: str) -> list[ArmTotal]:
    """Return what an arm's days add up to by the end of each of some days, which rise, of every
    metric in its zone."""
    by_day: dict[date, dict[int, list[int]]] = {}
    for (metric_id, key, day), numbers in days.metrics.items():
        if key == arm:
            by_day.setdefault(day, {})[metric_id] = numbers
    counts, sums = [0] * len(ARM_NUMBERS), dict[int, list[int]]()
    buckets: dict[int, dict[int, list[int]]] = {}
    of_day: dict[date, list[tuple[BucketKey, Sequence[int]]]] = {}
    for place, values in days.buckets.items():
        if place[1] == arm:
            of_day.setdefault(place[2], []).append((place, values))
    zoned = {zone: [0] * len(ZONE_NUMBERS) for zone, _arm, _day in days.zones}
    found = []
    for day in until:
        for zone, so_far in zoned.items():
            zoned[zone] = _add([so_far, days.zones.get((zone, arm, day), ())], len(ZONE_NUMBERS))
        counts = _add([counts, days.arms.get(("", arm, day), ())], len(ARM_NUMBERS))
        for metric_id, numbers in by_day.get(day, {}).items():
            sums[metric_id] = _add([sums.get(metric_id, ()), numbers], len(SIX))
        _add_buckets(buckets, of_day.get(day, ()))
        held = {metric_id: dict(own) for metric_id, own in buckets.items()}
        counted = dict(zip(ARM_NUMBERS, counts, strict=True))
        shoppers = {key: dict(zip(ZONE_NUMBERS, n, strict=True)) for key, n in zoned.items()}
        found.append(ArmTotal(counted, dict(sums), {}, held, shoppers))
    return found


def _add(rows: Iterable[Sequence[int]], width: int) -> list[int]:
    total = [0] * width
    for row in filter(None, rows):
        total = [a + b for a, b in zip(total, row, strict=True)]
    return total


def _as_day(value: date | str) -> date:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _as_time(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value
