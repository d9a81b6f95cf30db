"""What one shopper adds to a figure, event by event or decision by decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, IntegerField, Q, Subquery
from django.db.models.functions import Coalesce

from guidance.behaviour.models import Event
from guidance.decisions.attribution import counted_events
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.selectors.behind import Behind
from guidance.experiments.selectors.chosen import zone_of
from guidance.experiments.selectors.counted_events import counted_select
from guidance.experiments.selectors.counting_sql import LONGEST_LATENCY_MS
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope

# A page stays readable and quick whatever a storefront sent.
MOST_ROWS = 500


@dataclass(frozen=True)
class EventRow:
    """An event that counts: what it adds to the figure's two sums, before the cap."""

    event: Event
    top: float
    bottom: float


@dataclass(frozen=True)
class DecisionRow:
    """A decision that counts: what it adds to the figure's two sums, before the cap."""

    key: UUID
    at: datetime
    top: float
    bottom: float


def events_behind(behind: Behind, customer_id: int) -> list[EventRow]:
    """Return a shopper's events that a metric counts, oldest first; two statements."""
    scope = Scope(behind.experiment, zone_of(behind.experiment).key, customers=[customer_id])
    rules, counted, values = counted_select(scope, [behind.metric], UNIT_TABLE)
    if not rules:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {rules} SELECT c.event_id, c.part, c.amount FROM ({counted}) c "  # noqa: S608  names, no values
            f"ORDER BY c.event_id, c.part LIMIT {MOST_ROWS}",
            {**scope.values, **values},
        )
        found = [(UUID(str(key)), part, amount) for key, part, amount in cursor.fetchall()]
    rows = Event.objects.select_related("product").in_bulk([key for key, _part, _n in found])
    events = [
        _event_row(rows[key], part, int(amount), behind.metric) for key, part, amount in found
    ]
    return sorted(events, key=lambda row: (row.event.occurred_at, row.event.pk))


def _event_row(event: Event, part: str, amount: int, metric: Metric) -> EventRow:
    if part == "base":
        return EventRow(event, 0.0, amount)
    return EventRow(event, (-amount if part == "less" else amount) / metric.scale, 0.0)


def decisions_behind(behind: Behind, customer_id: int) -> list[DecisionRow]:
    """Return a shopper's decisions with what each adds, oldest first; one statement."""
    rows = (
        decisions_of_shopper(behind.experiment, customer_id)
        .with_outcomes()
        .with_counts()
        .annotate(thumbs_up=_thumbs_up())
        .defer("items", "context")
        .order_by("at", "pk")[:MOST_ROWS]
    )
    metric = behind.metric
    bottom = None if metric.is_of_shoppers else metric.denominator
    return [
        DecisionRow(
            row.pk,
            row.at,
            _added(row, metric.counted) / metric.scale,
            0.0 if bottom is None else _added(row, bottom),
        )
        for row in rows
    ]


def decisions_of_shopper(experiment: Experiment, customer_id: int) -> Any:
    """Return the decisions by which a shopper counts in an experiment."""
    own = Decision.objects.of_experiment(experiment.key).filter(
        source=experiment.source, customer=customer_id
    )
    return own.by_counted_pseudonym()


def _thumbs_up() -> Coalesce:
    rows = counted_events(Event.Kind.RATING).filter(rating__gte=4).order_by().values("decision")
    counts = rows.annotate(value=Count("pk", filter=Q(rating__isnull=False))).values("value")
    return Coalesce(Subquery(counts, output_field=IntegerField()), 0)


def _added(row: Any, counted: str) -> int:
    """Return what one decision adds to a column of its shopper's row."""
    is_timed = 0 <= row.latency_ms <= LONGEST_LATENCY_MS
    return {
        "served": 1,
        "stood_in": int(bool(row.fallback_from)),
        "seen": int(row.is_seen),
        "clicked": int(row.is_clicked),
        "impressions": row.impressions,
        "clicks": row.clicks,
        "ratings": row.ratings,
        "stars": row.rating_sum,
        "thumbs_up": row.thumbs_up,
        "timed": int(is_timed),
        "latency_us": round(row.latency_ms * 1000) if is_timed else 0,
    }[counted]


def sums_of(rows: Sequence[EventRow] | Sequence[DecisionRow]) -> tuple[float, float]:
    """Return what rows add up to, before the cap."""
    return sum(row.top for row in rows), sum(row.bottom for row in rows)
