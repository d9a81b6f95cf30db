"""Random traffic for the dashboard's tests, written and rolled up as the shop's own is."""

import random
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.behaviour.services.bulk import store_events
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from tests import factories

KINDS = (Event.Kind.VIEW, Event.Kind.CART, Event.Kind.PURCHASE, Event.Kind.RETURN)
PHRASES = ("tea", "green tea", "kettle", "snow globe")


def make_traffic(seed: int, *, days: int = 9, a_day: int = 14, source: str = Source.LIVE) -> None:
    """Write decisions in two arms with their outcomes, and shopping, over the latest days."""
    rng = random.Random(seed)
    products = [factories.product(title=f"Tea {n}") for n in range(12)]
    shoppers = [factories.customer() for _n in range(15)]
    now = timezone.now()
    decisions: list[Decision] = []
    events: list[Event] = []
    for _n in range(days * a_day):
        at = now - timedelta(minutes=rng.randrange(10, days * 24 * 60))
        shopper = rng.choice(shoppers)
        made = _decision(rng, shopper, at, source)
        decisions.append(made)
        events += _outcomes(rng, made, rng.choice(products))
        events += _shopping(rng, shopper, rng.choice(products), at, source)
    factories.logged(decisions)
    store_events(events=events)
    advance_rollups()


def _decision(rng: random.Random, shopper: Customer, at: datetime, source: str) -> Decision:
    arm = rng.choice(["control", "treatment", ""])
    return Decision(
        at=at,
        customer=shopper,
        surface="home",
        policy="popularity",
        experiment="home-test" if arm else "",
        arm=arm,
        source=source,
    )


def _outcomes(rng: random.Random, made: Decision, product: Product) -> list[Event]:
    kinds: list[tuple[str, float]] = [
        (Event.Kind.IMPRESSION, 0.8),
        (Event.Kind.CLICK, 0.3),
        (Event.Kind.RATING, 0.1),
    ]
    return [
        Event(
            kind=kind,
            customer=made.customer,
            product=product,
            decision=made.pk,
            occurred_at=made.at + timedelta(minutes=step),
            source=made.source,
            rating=rng.randint(1, 5) if kind == Event.Kind.RATING else None,
        )
        for step, (kind, chance) in enumerate(kinds)
        if rng.random() < chance
    ]


def _shopping(
    rng: random.Random, shopper: Customer, product: Product, at: datetime, source: str
) -> list[Event]:
    later = at + timedelta(minutes=rng.randrange(4, 9))
    same = {"customer": shopper, "occurred_at": later, "source": source}
    search = Event(
        kind=Event.Kind.SEARCH, text=rng.choice(PHRASES), result_count=rng.choice([0, 3]), **same
    )
    shopped = Event(
        kind=rng.choice(KINDS),
        product=product,
        quantity=rng.randint(1, 3),
        price=Decimal(rng.randint(1, 9999)) / 100,
        basket=f"b{rng.randrange(10**9)}",
        **same,
    )
    return [search, shopped]
