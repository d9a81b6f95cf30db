"""Events in: each row validated, none dropped silently, one idempotent write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.behaviour.models import Source
from guidance.behaviour.rows import IncomingEvent, IncomingFeedback
from guidance.behaviour.services.bulk import EventRow, store_event_rows
from guidance.behaviour.services.checks import Rules, check_event, check_id
from guidance.behaviour.services.rollups import request_rollup
from guidance.catalog.models import Product
from guidance.core.rows import Refused, RowVerdict
from guidance.customers.services import ensure_customers


@dataclass
class Taken:
    """What became of a batch. Accepted, duplicates and rejected add up to its rows."""

    accepted: int = 0
    duplicates: int = 0
    rejected: list[RowVerdict] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the answer of `POST events`."""
        rejected = sorted(self.rejected, key=lambda verdict: verdict.index)
        return {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rejected": [{"index": v.index, "code": v.code, "detail": v.detail} for v in rejected],
        }


def record_events(*, events: Mapping[int, IncomingEvent], source: Source) -> Taken:
    """Write a batch of events, given by their place in it, and say what became of each.

    An id met before is a duplicate, and a conflict where its event says something else. Products
    must be known; shoppers become so. The number of statements does not grow with the batch.
    """
    taken = Taken()
    rules = Rules(source=source, now=timezone.now())
    valid = _checked(events, rules, taken)
    products = _products(valid, taken)
    if valid:
        _write(valid, products, rules, taken)
    return taken


def _checked(
    events: Mapping[int, IncomingEvent], rules: Rules, taken: Taken
) -> dict[int, IncomingEvent]:
    valid = {}
    for index, event in events.items():
        try:
            check_event(event, rules)
            valid[index] = event
        except Refused as refused:
            taken.rejected.append(refused.at(index))
    return valid


def _products(valid: dict[int, IncomingEvent], taken: Taken) -> dict[str, int]:
    """Return the products named, by SKU; events that name an unknown one leave `valid`."""
    named = {event.sku for event in valid.values() if event.sku is not None}
    products = dict(Product.objects.filter(sku__in=named).values_list("sku", "pk"))
    unknown = named - products.keys()
    for index in [index for index, event in valid.items() if event.sku in unknown]:
        refused = Refused("unknown_product", _("sku: no product has it."))
        taken.rejected.append(refused.at(index))
        del valid[index]
    return products


@transaction.atomic
def _write(
    valid: Mapping[int, IncomingEvent], products: Mapping[str, int], rules: Rules, taken: Taken
) -> None:
    customers = ensure_customers(refs=(event.customer for event in valid.values()))
    # Stamped within the transaction: what was received by a moment is all there once those that
    # were open at it have ended.
    received = timezone.now()
    rows = {i: _row(event, customers, products, rules, received) for i, event in valid.items()}
    first: dict[UUID, int] = {}
    for index, row in rows.items():
        first.setdefault(row.id, index)
    stored = store_event_rows(rows=[rows[i] for i in first.values()], detect_conflicts=True)
    taken.accepted = stored.inserted
    for index, row in rows.items():
        if row.id in stored.conflicts or row != rows[first[row.id]]:
            taken.rejected.append(_conflict().at(index))
        elif row.id in stored.duplicates or index != first[row.id]:
            taken.duplicates += 1
    if stored.inserted:
        request_rollup()


def _row(
    event: IncomingEvent,
    customers: Mapping[str, int],
    products: Mapping[str, int],
    rules: Rules,
    received: datetime,
) -> EventRow:
    return EventRow(
        id=event.id,
        kind=event.kind,
        customer_id=customers[event.customer],
        product_id=None if event.sku is None else products[event.sku],
        occurred_at=event.time,
        received_at=received,
        source=rules.source.value,
        session=event.session,
        basket=event.basket,
        decision=event.decision_id,
        position=event.position,
        quantity=event.quantity,
        price=event.price,
        currency=event.currency or "",
        rating=event.rating,
        text=event.text,
        coupon=event.coupon,
        result_count=event.result_count,
        original_time=event.original_time,
    )


def _conflict() -> Refused:
    return Refused("conflict", _("id: another event has it."))


THUMBS = {"up": 5, "down": 1}


def record_feedback(*, feedback: IncomingFeedback, source: Source) -> bool:
    """Keep a shopper's satisfaction with a decision as a rating event; false for a resend.

    Without a time of its own it happened when its id was made. Raises Refused.
    """
    check_id(feedback.id, "id")
    if (feedback.rating is None) == (feedback.thumb is None):
        raise Refused("missing_field", _("Give either a rating or a thumb."))
    event = IncomingEvent(
        id=feedback.id,
        kind="rating",
        customer=feedback.customer,
        time=feedback.time or time_of(feedback.id),
        sku=feedback.sku,
        decision_id=feedback.decision_id,
        rating=feedback.rating or THUMBS[feedback.thumb or ""],
        text=feedback.text,
    )
    taken = record_events(events={0: event}, source=source)
    for verdict in taken.rejected:
        raise Refused(verdict.code, verdict.detail)
    return bool(taken.accepted)


def time_of(event_id: UUID) -> datetime:
    """Return the time that a UUIDv7 carries in its first 48 bits."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=event_id.int >> 80)
