"""Decision rollups: a day's decisions and their outcomes, counted again from the rows."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, OuterRef, Q, Subquery, Sum
from django.db.models.fields import DecimalField
from django.db.models.functions import Coalesce

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
ONE_DAY = timedelta(days=1)


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
    for affected in _affected_days(day, decided):
        roll_up_decision_day(day=affected, source=decided)


@transaction.atomic
def roll_up_decision_day(*, day: date, source: str) -> None:
    """Replace one day's decision rollups by what decisions and events say now."""
    DecisionDayRollup.objects.filter(day=day, source=source).delete()
    decisions = _decisions_of(day, source)
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
    attributed = _attributed(day, source, decisions)
    DecisionDayRollup.objects.bulk_create(
        _rollup(day, source, group, attributed[tuple(group[name] for name in GROUP)])
        for group in list(groups)
    )


def _affected_days(day: date, source: str) -> Iterator[date]:
    """Yield the days, around a dirty one, that hold decisions or rollups to be recounted."""
    start, end = _bounds(day)
    reach = max(OUTCOME_WINDOW, PURCHASE_WINDOW)
    first, last = (start - reach).date(), (end + CLOCK_TOLERANCE).date()
    decided = Decision.objects.filter(
        source=source, at__gte=_bounds(first)[0], at__lt=_bounds(last)[1]
    ).values_list("at__date", flat=True)
    rolled = DecisionDayRollup.objects.filter(
        source=source, day__gte=first, day__lte=last
    ).values_list("day", flat=True)
    yield from sorted({*decided.order_by().distinct(), *rolled.distinct()})


def _decisions_of(day: date, source: str) -> DecisionQuerySet:
    start, end = _bounds(day)
    return Decision.objects.filter(source=source, at__gte=start, at__lt=end)


def _attributed(
    day: date, source: str, decisions: DecisionQuerySet
) -> defaultdict[tuple[str, ...], Attributed]:
    """Return what was bought after the day's decisions, by group: each purchase once, last seen."""
    start, end = _bounds(day)
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
        .annotate(
            revenue=Coalesce(
                Sum(F("price") * F("quantity")),
                Decimal(0),
                output_field=DecimalField(max_digits=16, decimal_places=2),
            )
        )
    )
    revenue: dict[UUID, Decimal] = dict(purchases.values_list("seen_last", "revenue"))
    found: defaultdict[tuple[str, ...], Attributed] = defaultdict(Attributed)
    if not revenue.keys() - {None}:
        return found
    for pk, *group in decisions.order_by().values_list("pk", *GROUP).iterator():
        if pk in revenue:
            found[tuple(group)].converted += 1
            found[tuple(group)].revenue += revenue[pk]
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


def _bounds(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time.min, UTC)
    return start, start + ONE_DAY
