"""Pages of events, rollups and customers: found quickly, no more shown than allowed."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.behaviour.rows import IncomingEvent
from guidance.behaviour.services.ingest import record_events
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.rows import ProductRow
from guidance.catalog.services import upsert_products
from guidance.core.ids import new_id
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.rows import ConsentRow, ContactRow, CustomerRow
from guidance.customers.services import upsert_customers

Desk = Callable[..., Client]
pytestmark = pytest.mark.django_db
LISTS = [
    "/admin/behaviour/event/",
    "/admin/behaviour/dayrollup/",
    "/admin/behaviour/productdayrollup/",
    "/admin/behaviour/searchdayrollup/",
    "/admin/customers/customer/",
    "/admin/catalog/category/",
]


def _record(count: int, prefix: str = "c") -> list[UUID]:
    """Let so many shoppers each buy a product of their own and search for it."""
    rows = [
        ProductRow(sku=f"{prefix}p{n}", title="P", category=f"{prefix} > {n}") for n in range(count)
    ]
    upsert_products(rows=rows, source="api")
    at = timezone.now()
    events = [
        IncomingEvent(
            id=new_id(),
            kind=kind,
            customer=f"{prefix}{n}",
            time=at - timedelta(days=n % 80),
            sku=f"{prefix}p{n}",
            text=f"words {prefix}{n}" if kind == "search" else "",
            price=Decimal(3),
            decision_id=new_id(),
        )
        for n in range(count)
        for kind in ("purchase", "search")
    ]
    record_events(events=dict(enumerate(events)), source=Source.LIVE)
    shoppers = list(Customer.objects.filter(ref__in=[event.customer for event in events]))
    Customer.objects.bulk_create(
        Customer(ref=f"{customer.ref}-visitor", is_anonymous=True, merged_into=customer)
        for customer in shoppers
    )
    advance_rollups()
    return [event.id for event in events]


@pytest.mark.parametrize("page", LISTS)
def test_a_list_takes_as_many_statements_for_200_rows_as_for_one(page: str, desk: Desk) -> None:
    client = desk(Role.ADMINISTRATOR)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        return len(captured)

    _record(1)
    statements()
    before = statements()
    _record(200, "d")
    assert statements() == before


def test_events_are_found_by_whole_values(desk: Desk) -> None:
    first, search, *_others = _record(3)
    client = desk(Role.ANALYST)
    decision = Event.objects.get(pk=first).decision

    def found(term: object) -> set[UUID]:
        page = client.get("/admin/behaviour/event/", {"q": str(term)})
        return {event.pk for event in page.context["cl"].result_list}

    assert found("c0") == found("cp0") == {first, search}
    assert found(first) == found(decision) == {first}
    assert found("c") == found(new_id()) == set()


def test_a_customers_page_shows_consents_and_events_and_no_address(desk: Desk) -> None:
    _record(1)
    row = CustomerRow(
        ref="c0",
        consents=[ConsentRow(channel="email", purpose="newsletter", granted=True)],
        contacts=[ContactRow(channel="email", address="mira@mail.example")],
    )
    upsert_customers(rows=[row], source="api")
    customer = Customer.objects.get(ref="c0")
    client = desk(Role.SUPPORT_AGENT)
    page = client.get(f"/admin/customers/customer/{customer.pk}/change/")
    shown = page.content.decode()
    assert page.status_code == 200
    for text in ("newsletter", "words c0", "purchase", "email"):
        assert text in shown
    for hidden in ("mira", "mail.example", customer.contact_points.get().fingerprint):
        assert hidden not in shown


def test_a_customers_page_takes_as_many_statements_whatever_the_history(desk: Desk) -> None:
    _record(1)
    customer = Customer.objects.get(ref="c0")
    client = desk(Role.SUPPORT_AGENT)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/admin/customers/customer/{customer.pk}/change/")
        return len(captured)

    statements()
    before = statements()
    consents = [ConsentRow(channel="email", purpose=f"p{n}", granted=True) for n in range(30)]
    upsert_customers(rows=[CustomerRow(ref="c0", consents=consents)], source="api")
    at = timezone.now()
    events = {
        n: IncomingEvent(id=new_id(), kind="view", customer="c0", time=at, sku="cp0")
        for n in range(30)
    }
    record_events(events=events, source=Source.LIVE)
    assert statements() == before


@pytest.mark.parametrize("path", ["add/", "0/change/", "x/change/"])
def test_pages_that_are_not_there(path: str, desk: Desk) -> None:
    client = desk(Role.ADMINISTRATOR)
    assert client.get(f"/admin/customers/customer/{path}").status_code in {302, 403}


def test_shoppers_are_no_business_of_merchandisers(desk: Desk) -> None:
    _record(1)
    client = desk(Role.MERCHANDISER)
    for page in ("/admin/customers/customer/", "/admin/behaviour/event/"):
        assert client.get(page).status_code == 403
