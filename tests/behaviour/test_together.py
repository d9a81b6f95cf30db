"""Several writers at once: nothing lost, nothing doubled, nobody waits in a ring."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from guidance.behaviour.models import DayRollup, DirtyDay, Event, Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.ingest import Taken, record_events
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Category, Product, ProductAttribute
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.services import upsert_products
from guidance.core.ids import new_id
from guidance.core.models import AuditEntry
from guidance.customers.models import Customer
from guidance.customers.rows import ConsentRow, ContactRow, CustomerRow
from guidance.customers.services import merge_customer, upsert_customers

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 4


def _together(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread and connection of its own, all starting at the same moment."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            start.wait(timeout=20)
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, w) for w in works]]


def _events(at: datetime, *refs: str) -> dict[int, IncomingEvent]:
    return {
        index: IncomingEvent(id=new_id(), kind="view", customer=ref, time=at, sku=f"p{index % 7}")
        for index, ref in enumerate(refs)
    }


def _products(price: int) -> list[ProductRow]:
    rows = [
        ProductRow(
            sku=f"p{n}",
            title=f"P{n}",
            price=Decimal(price),
            category=f"A > B{n % 3}",
            attributes=[AttributeRow(key="colour", value=f"c{price}")],
        )
        for n in range(40)
    ]
    return rows if price % 2 else rows[::-1]


def test_products_sent_by_several_at_once_are_made_once() -> None:
    for round_ in range(3):
        answers = _together(
            *(
                lambda price=round_ * WRITERS + w: upsert_products(
                    rows=_products(price), source="api"
                )
                for w in range(WRITERS)
            )
        )
        assert {v.status for verdicts in answers for v in verdicts} <= {
            "created",
            "updated",
            "unchanged",
        }
    assert (Product.objects.count(), Category.objects.count()) == (40, 4)
    assert ProductAttribute.objects.count() == 40
    assert len(set(Product.objects.values_list("price", flat=True))) == 1
    assert len(set(ProductAttribute.objects.values_list("value", flat=True))) == 1


def test_customers_sent_by_several_at_once_are_made_once() -> None:
    def rows(writer: int) -> list[CustomerRow]:
        made = [
            CustomerRow(
                ref=f"c{n}",
                tier=f"t{writer}",
                consents=[ConsentRow(channel="email", purpose="marketing", granted=True)],
                contacts=[ContactRow(channel="email", address=f"{writer}-{n}@mail.example")],
            )
            for n in range(40)
        ]
        return made if writer % 2 else made[::-1]

    _together(*(lambda w=w: upsert_customers(rows=rows(w), source="api") for w in range(WRITERS)))
    assert Customer.objects.count() == 40
    assert len(set(Customer.objects.values_list("tier", flat=True))) == 1
    for customer in Customer.objects.all():
        assert (customer.consents.count(), customer.contact_points.count()) == (1, 1)


def test_one_batch_sent_by_several_at_once_is_written_once() -> None:
    upsert_products(rows=_products(1), source="api")
    batch = _events(timezone.now(), *(f"c{n}" for n in range(60)))
    turned = dict(reversed(batch.items()))

    def send(events: dict[int, IncomingEvent]) -> Taken:
        return record_events(events=events, source=Source.LIVE)

    answers = _together(*(lambda e=e: send(e) for e in (batch, turned, batch, turned)))
    assert [taken.rejected for taken in answers] == [[]] * 4
    assert sum(taken.accepted for taken in answers) == 60
    assert sum(taken.duplicates for taken in answers) == 180
    assert Event.objects.count() == 60


def test_events_and_products_written_at_once_do_not_wait_in_a_ring() -> None:
    """Events come in one order of products, prices in the other, over and over."""
    many = 300

    def prices(price: int) -> list[ProductRow]:
        return [ProductRow(sku=f"p{n}", title="P", price=Decimal(price)) for n in range(many)]

    upsert_products(rows=prices(0), source="api")
    at = timezone.now()

    def send() -> None:
        for _number in range(10):
            events = {
                n: IncomingEvent(
                    id=new_id(), kind="view", customer="c", time=at, sku=f"p{many - n}"
                )
                for n in range(1, many + 1)
            }
            record_events(events=events, source=Source.LIVE)

    def change() -> None:
        for price in range(10):
            upsert_products(rows=prices(price), source="api")

    _together(send, change, send, change)
    assert Event.objects.count() == 2 * 10 * many


def test_no_event_of_a_merged_visitor_stays_behind() -> None:
    upsert_products(rows=_products(1), source="api")
    at = timezone.now()
    visitors = [f"a{n}" for n in range(20)]

    def send() -> None:
        for _number in range(4):
            record_events(events=_events(at, *visitors), source=Source.LIVE)

    def merge() -> int:
        return sum(merge_customer(anonymous_ref=ref, customer_ref="c1").is_new for ref in visitors)

    answers = _together(send, merge, merge, send)
    assert answers[1] + answers[2] == 20
    assert AuditEntry.objects.filter(verb="merge_customer").count() == 20
    assert Event.objects.filter(customer__ref="c1").count() == Event.objects.count() == 160


def test_rollups_advanced_by_several_at_once_count_every_row_once() -> None:
    upsert_products(rows=_products(1), source="api")
    at = timezone.now()

    def send(writer: int) -> None:
        for day in range(6):
            batch = _events(at - timedelta(days=day), *[f"c{writer}"] * 10)
            record_events(events=batch, source=Source.LIVE)
            advance_rollups()

    _together(*(lambda w=w: send(w) for w in range(WRITERS)))
    advance_rollups()
    assert not DirtyDay.objects.exists()
    days = DayRollup.objects.values_list("events", "customers")
    assert list(days) == [(40, WRITERS)] * 6
