"""Lists shown to shoppers of known tastes, and what they did with them."""

from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.recommendations.services import Asked, recommend
from tests.trained import SKUS, taste_of


def rate(ref: str, sku: str) -> float:
    """How often a shopper clicks a product they see: what is to their taste more than the rest."""
    return 0.6 if sku in taste_of(int(ref[1:])) else 0.1 + 0.005 * SKUS.index(sku)


def show(surface: Surface, people: list[Customer], times: int) -> None:
    """Answer the shoppers by popularity as of the last hour, and let them see and click."""
    logged_by = Surface.objects.get(pk=surface.pk)
    logged_by.policy, logged_by.exploration = (
        Surface.Policy.POPULARITY,
        min(2 * surface.exploration, 1.0),
    )
    random = np.random.default_rng(5)
    start = timezone.now() - timedelta(hours=1)
    for number in range(times):
        for person in people:
            at = start + timedelta(seconds=2 * number)
            recommend(
                Asked([logged_by], at=at, customer=person.ref, seed=int(random.integers(2**32)))
            )
    events = []
    for decision in Decision.objects.filter(surface=surface.key).select_related("customer"):
        seen = {"customer_id": decision.customer_id, "decision": decision.pk}
        seen["occurred_at"] = decision.at + timedelta(seconds=1)
        events.append(Event(id=new_id(), kind="impression", **seen))
        for item in decision.items:
            if random.random() < rate(decision.customer.ref, item["sku"]):
                place = {"position": item["position"], **seen}
                events.append(Event(id=new_id(), kind="click", **place))
    Event.objects.bulk_create(events)


def buy(customer: Customer, sku: str, at: datetime, **given: object) -> None:
    Event.objects.create(
        kind="purchase",
        customer=customer,
        product=Product.objects.get(sku=sku),
        occurred_at=at,
        **{"price": "9.50", "currency": "", "quantity": 2, **given},
    )
