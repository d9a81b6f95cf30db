"""What a decision's page shows: the items in order, and the events behind their marks."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    PURCHASE_WINDOW,
    outcome_window,
    purchase_sources,
)
from guidance.decisions.models import Decision

# A page stays readable and quick whatever a storefront sent.
MOST_EVENTS = 300


@dataclass(frozen=True)
class OutcomeRow:
    """An event of the page and, where it does not count, why."""

    event: Event
    refusal: str


def decision_page(decision: Decision) -> dict[str, Any]:
    """Return the page's context; four queries whatever the decision holds."""
    named = list(_events(Event.objects.filter(decision=decision.pk))[:MOST_EVENTS])
    outcomes = [OutcomeRow(event, why_not_counted(decision, event)) for event in named]
    purchases = list(_events(purchases_after(decision))[:MOST_EVENTS])
    return {
        "items": _items(decision, outcomes, purchases),
        "outcomes": outcomes,
        "purchases": purchases,
        "most_events": MOST_EVENTS,
        "purchase_hours": int(PURCHASE_WINDOW.total_seconds() // 3600),
    }


def purchases_after(decision: Decision) -> QuerySet[Event]:
    """Return what the decision's shopper bought within the purchase window after it."""
    return Event.objects.filter(
        kind=Event.Kind.PURCHASE,
        customer__isnull=False,
        customer=decision.customer_id,
        source__in=purchase_sources(decision.source),
        occurred_at__gte=decision.at,
        occurred_at__lte=decision.at + PURCHASE_WINDOW,
    )


def why_not_counted(decision: Decision, event: Event) -> str:
    """Return in words why an event does not count for the decision it names; '' if it does."""
    if event.customer_id != decision.customer_id:
        return _("another shopper's")
    if event.source != decision.source:
        return _("other traffic")
    if event.occurred_at < decision.at - CLOCK_TOLERANCE:
        return _("before the decision")
    if event.occurred_at > decision.at + outcome_window(event.kind):
        return _("too late")
    return ""


def _events(events: QuerySet[Event]) -> QuerySet[Event]:
    return events.select_related("product", "customer").order_by("occurred_at", "position", "pk")


def _items(
    decision: Decision, outcomes: list[OutcomeRow], purchases: list[Event]
) -> list[dict[str, Any]]:
    """Return the decision's items with their product and what happened to each."""
    marks: defaultdict[object, set[str]] = defaultdict(set)
    for event in [*(row.event for row in outcomes if not row.refusal), *purchases]:
        marks[event.product.sku if event.product else event.position].add(event.kind)
    products = Product.objects.in_bulk(
        [item["sku"] for item in decision.items if "sku" in item], field_name="sku"
    )
    return [
        _item({"position": place, **item}, products, marks)
        for place, item in enumerate(decision.items, start=1)
    ]


def _item(
    item: dict[str, Any],
    products: Mapping[str, Product],
    marks: Mapping[object, Collection[str]],
) -> dict[str, Any]:
    """What is no product has no SKU: the events that name its place alone are about it."""
    sku = item.get("sku")
    found = marks.get(item["position"] if sku is None else sku, ())
    return {
        **item,
        "product": products.get(sku) if sku else None,
        "is_seen": Event.Kind.IMPRESSION in found,
        "is_clicked": Event.Kind.CLICK in found,
        "is_bought": Event.Kind.PURCHASE in found,
    }
