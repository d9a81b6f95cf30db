"""Events in: each row validated, none dropped silently, one idempotent write."""

import uuid
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from guidance.behaviour.models import DirtyDay, Event, Source
from guidance.catalog.models import Product
from guidance.core.ids import is_uuid7
from guidance.customers.services import ensure_customer


@dataclass
class Rejected:
    """A row that was not taken: its place in the batch, a code and a sentence."""

    index: int
    code: str
    detail: str


@dataclass
class Verdict:
    """What became of a batch."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@transaction.atomic
def record_events(*, rows: list[dict[str, Any]], source: Source = Source.LIVE) -> Verdict:
    """Write a batch of events; the same id again is a duplicate."""
    verdict = Verdict()
    events = []
    for index, row in enumerate(rows):
        event_id = uuid.UUID(row["id"])
        if not is_uuid7(event_id):
            verdict.rejected.append(Rejected(index, "id", "The id must be a UUIDv7."))
            continue
        events.append(
            Event(
                id=event_id,
                kind=row["kind"],
                customer=ensure_customer(ref=row["customer"]),
                product=Product.objects.filter(sku=row.get("sku")).first(),
                occurred_at=datetime.fromisoformat(row["time"]),
                decision=row.get("decision_id"),
                source=source,
            )
        )
    known = set(Event.objects.filter(pk__in=[e.pk for e in events]).values_list("pk", flat=True))
    fresh = [event for event in events if event.pk not in known]
    Event.objects.bulk_create(fresh)
    verdict.accepted, verdict.duplicates = len(fresh), len(events) - len(fresh)
    DirtyDay.objects.bulk_create(
        DirtyDay(day=day, source=source) for day in {e.occurred_at.date() for e in fresh}
    )
    return verdict
