"""Decision rollups: a day's decisions and their outcomes, counted again from the rows."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import BigIntegerField, Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Cast, Coalesce, Round

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import Event, Source
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    OUTCOME_WINDOW,
    PURCHASE_WINDOW,
    is_seen_by,
    purchase_sources,
)
from guidance.decisions.models import Decision, DecisionDayRollup, DecisionQuerySet

GROUP = ("surface", "policy", "experiment", "arm")
# Summed as integers, so that a recount gives the same digits on every database.
CENTS = F("quantity") * Cast(Round(F("price") * 100), BigIntegerField())


@dataclass
class Attributed:
    """Purchases attributed to one group of decisions."""

    converted: int = 0
    revenue: Decimal = Decimal(0)


def roll_up_decisions(day: date, source: str) -> None:
    """Recount the decisions whose outcomes the events or decisions of a dirty day may change.

    `source` is that of the rows that came in: imported purchases count for live decisions.
    """
    decided = Source.LIVE if source == Source.IMPORT else Source(source)
    zone = shop_zone()
    for affected in {*_near_days(day, decided, zone), *_rated_days(day, decided, zone)}:
        roll_up_decision_day(day=affected, source=decided, zone=zone)


@transaction.atomic
def roll_up_decision_day(*, day: date, source: str, zone: ZoneInfo) -> None:
    """Replace one day's decision rollups by what decisions and events say now."""
    DecisionDayRollup.objects.filter(day=day, source=source).delete()
    start, end = day_bounds(day, zone)
    decisions = Decision.objects.filter(source=source, at__gte=start, at__lt=end)
    groups = (
        decisions.with_outcomes()
        .with_counts()
        .order_by()
        .values(*GROUP)
        .annotate(
            served=Count("pk"),
            seen=Count("pk", filter=Q(is_seen=True)),
            clicked=Count("pk", filter=Q(is_clicked=True)),
            rated=Sum("ratings"),
            stars=Sum("rating_sum"),
        )
    )
    attributed = _attributed(source, start, end, decisions)
    DecisionDayRollup.objects.bulk_create(
        _rollup(day, source, group, attributed[tuple(group[name] for name in GROUP)])
        for group in list(groups)
    )


def _near_days(day: date, source: str, zone: ZoneInfo) -> Iterator[date]:
    """Yield the days, around a dirty one, that hold decisions or rollups to be replaced."""
    start, end = day_bounds(day, zone)
    first, last = start - max(OUTCOME_WINDOW, PURCHASE_WINDOW), end + CLOCK_TOLERANCE
    candidate, until = (moment.astimezone(zone).date() for moment in (first, last))
    decisions = Decision.objects.filter(source=source)
    rollups = DecisionDayRollup.objects.filter(source=source)
    if not (
        decisions.filter(at__gte=first, at__lt=last).exists()
        or rollups.filter(day__gte=candidate, day__lte=until).exists()
    ):
        return  # an import of years of orders asks for every day of them
    while candidate <= until:
        begin, finish = day_bounds(candidate, zone)
        if (
            decisions.filter(at__gte=begin, at__lt=finish).exists()
            or rollups.filter(day=candidate).exists()
        ):
            yield candidate
        candidate += timedelta(days=1)


def _rated_days(day: date, source: str, zone: ZoneInfo) -> Iterator[date]:
    """Yield the days of the decisions that were rated on this day."""
    start, end = day_bounds(day, zone)
    ratings = Event.objects.filter(
        kind=Event.Kind.RATING,
        source=source,
        decision__isnull=False,
        occurred_at__gte=start,
        occurred_at__lt=end,
    )
    rated = Decision.objects.filter(source=source, pk__in=ratings.order_by().values("decision"))
    for at in rated.order_by().values_list("at", flat=True):
        yield at.astimezone(zone).date()


def _attributed(
    source: str, start: datetime, end: datetime, decisions: DecisionQuerySet
) -> defaultdict[tuple[str, ...], Attributed]:
    """Return what was bought after these decisions, by group: each purchase once, last seen."""
    last_seen = (
        Decision.objects.filter(
            customer=OuterRef("customer"),
            source=source,
            at__lte=OuterRef("occurred_at"),
            at__gte=OuterRef("occurred_at") - PURCHASE_WINDOW,
        )
        .filter(is_seen_by(OuterRef(OuterRef("occurred_at"))))
        .order_by("-at", "-pk")
        .values("pk")[:1]
    )
    purchases = (
        Event.objects.filter(
            kind=Event.Kind.PURCHASE,
            source__in=purchase_sources(source),
            occurred_at__gte=start,
            occurred_at__lt=end + PURCHASE_WINDOW,
            customer__in=decisions.order_by().values("customer"),
        )
        .order_by()
        .annotate(seen_last=Subquery(last_seen))
        .values("seen_last")
        .annotate(cents=Coalesce(Sum(CENTS), 0))
    )
    cents: dict[UUID | None, int] = dict(purchases.values_list("seen_last", "cents"))
    found: defaultdict[tuple[str, ...], Attributed] = defaultdict(Attributed)
    if not cents.keys() - {None}:
        return found
    for pk, *group in decisions.order_by().values_list("pk", *GROUP).iterator():
        if pk in cents:
            found[tuple(group)].converted += 1
            found[tuple(group)].revenue += Decimal(cents[pk]) / 100
    return found


def _rollup(day: date, source: str, group: dict[str, Any], bought: Attributed) -> DecisionDayRollup:
    return DecisionDayRollup(
        day=day,
        source=source,
        **{name: group[name] for name in (*GROUP, "served", "seen", "clicked")},
        converted=bought.converted,
        revenue=bought.revenue,
        rating_sum=group["stars"],
        rating_count=group["rated"],
    )
