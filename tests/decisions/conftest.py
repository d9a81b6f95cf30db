"""A shopper, a product and quick ways to make decisions and what came of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.decisions.models import Decision

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture
def tea(db: None) -> Product:
    return Product.objects.create(sku="tea", title="Green tea", price=Decimal("4.50"))


@pytest.fixture
def shopper(db: None) -> Customer:
    return Customer.objects.create(ref="c1")


@pytest.fixture
def decide(shopper: Customer, tea: Product) -> Callable[..., Decision]:
    """Make a decision: `decide(minutes=5, arm="model")`, counted from noon."""

    def make(*, minutes: float = 0, **fields: object) -> Decision:
        defaults = {
            "customer": shopper,
            "surface": "home",
            "policy": "popularity",
            "items": [{"sku": tea.sku, "position": 1, "reason": "Popular now", "propensity": 1.0}],
        }
        return Decision.objects.create(at=NOON + timedelta(minutes=minutes), **defaults | fields)

    return make


@pytest.fixture
def happen(tea: Product) -> Callable[..., Event]:
    """Make an event about a decision: `happen("click", decision, minutes=3)` after it."""

    def make(
        kind: str, decision: Decision | None = None, *, minutes: float = 0, **fields: object
    ) -> Event:
        start = decision.at if decision else NOON
        named = decision and kind != Event.Kind.PURCHASE
        defaults = {
            "customer": decision.customer if decision else None,
            "source": decision.source if decision else "live",
            "decision": decision.pk if decision and named else None,
            "product": tea,
            "price": Decimal("4.50") if kind == Event.Kind.PURCHASE else None,
        }
        return Event.objects.create(
            kind=kind, occurred_at=start + timedelta(minutes=minutes), **defaults | fields
        )

    return make
