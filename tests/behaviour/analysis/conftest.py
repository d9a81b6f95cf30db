"""Small histories written by hand, as a shop in New York tells of them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.behaviour.services.bulk import EventRow, store_event_rows
from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.ids import new_id
from guidance.core.models import Market
from guidance.customers.services import ensure_customers

ZONE = ZoneInfo("America/New_York")
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
Tell = Callable[[str], dict[str, int]]


@pytest.fixture(autouse=True)
def market(db: None) -> Market:
    return Market.objects.create(
        key="us", name="US", time_zone="America/New_York", currency="USD", is_default=True
    )


@pytest.fixture
def scope() -> Scope:
    """March 2026, live."""
    return Scope(Period(FIRST, LAST))


@pytest.fixture
def tell() -> Tell:
    """Write events and roll up: a line is `shopper kind day time field=value ...`, the day in March
    2026 (or a whole date) and the time as the shop's clock shows it. Returns the shoppers' ids."""

    def write(story: str) -> dict[str, int]:
        lines = [line.split() for line in story.strip().splitlines()]
        people = ensure_customers(refs={line[0] for line in lines})
        store_event_rows(rows=[_row(line, people) for line in lines])
        advance_rollups()
        return people

    return write


def _row(line: list[str], people: dict[str, int]) -> EventRow:
    ref, kind, day, clock, *rest = line
    text = day if "-" in day else f"2026-03-{int(day):02}"
    at = datetime.fromisoformat(f"{text}T{clock}").replace(tzinfo=ZONE)
    fields = dict(item.split("=", 1) for item in rest)
    price = fields.get("price")
    return EventRow(
        id=new_id(),
        kind=Event.Kind(kind).value,
        customer_id=people[ref],
        product_id=int(fields["product"]) if "product" in fields else None,
        occurred_at=at,
        received_at=at + timedelta(seconds=1),
        source=fields.get("source", "live"),
        session=fields.get("session", ""),
        basket=fields.get("basket", ""),
        quantity=int(fields.get("quantity", 1)),
        price=Decimal(price) if price else None,
        currency=fields.get("currency", "USD" if price else ""),
        text=fields.get("text", "").replace("_", " "),
        result_count=int(fields["found"]) if "found" in fields else None,
    )
