"""The bulk write of events: once each, on both databases, days marked with the rows."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from guidance.behaviour.models import DirtyDay, Event, Source
from guidance.behaviour.services.bulk import EventRow, store_event_rows, store_events
from guidance.catalog.models import Product
from guidance.core.ids import derived_id, new_id
from guidance.customers.models import Customer

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def buyer(db: None) -> Customer:
    return Customer.objects.create(ref="c1")


def _event(buyer: Customer, line: int = 1, at: datetime = NOON, **more: object) -> Event:
    values = {"kind": "purchase", "customer": buyer, "occurred_at": at, "source": "import"} | more
    return Event(id=derived_id(at, "test", line), **values)


def test_a_row_names_every_column_of_the_table_in_its_order() -> None:
    assert list(EventRow._fields) == [field.attname for field in Event._meta.concrete_fields]


def test_every_field_comes_back_as_it_was_written(buyer: Customer) -> None:
    product = Product.objects.create(sku="tea", title="Tea")
    event = Event(
        kind="review",
        customer=buyer,
        product=product,
        occurred_at=NOON + timedelta(microseconds=7),
        received_at=NOON + timedelta(hours=1),
        source="replay",
        session="s",
        basket="b",
        decision=new_id(),
        position=3,
        quantity=-2,
        price=Decimal("12.50"),
        currency="GBP",
        rating=4,
        text="fine, 好; 'quoted' \\N \t tab",
        coupon="TEA-1",
        result_count=9,
        original_time=NOON - timedelta(days=7),
    )
    assert store_events(events=[event]).inserted == 1
    stored = Event.objects.get()
    assert [getattr(stored, name) for name in EventRow._fields] == [
        getattr(event, name) for name in EventRow._fields
    ]


def test_the_same_rows_again_are_duplicates_and_mark_no_day(buyer: Customer) -> None:
    events = [_event(buyer, line) for line in range(3)]
    store_events(events=events[:2])
    DirtyDay.objects.all().delete()
    assert store_events(events=events[:2]).duplicates == {events[0].pk, events[1].pk}
    assert not DirtyDay.objects.exists()
    stored = store_events(events=events)
    assert (stored.inserted, stored.duplicates) == (1, {events[0].pk, events[1].pk})
    assert Event.objects.count() == 3
    assert DirtyDay.objects.count() == 1


def test_an_id_sent_twice_in_one_batch_is_written_once_with_its_first_payload(
    buyer: Customer,
) -> None:
    first, second = _event(buyer, quantity=1), _event(buyer, quantity=5)
    stored = store_events(events=[first, second], detect_conflicts=True)
    assert (stored.inserted, stored.duplicates, stored.conflicts) == (1, set(), {first.pk})
    assert Event.objects.get().quantity == 1


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 2},
        {"price": Decimal("1.01")},
        {"kind": "view"},
        {"text": "other"},
        {"occurred_at": NOON + timedelta(seconds=1)},
        {"decision": UUID(int=1)},
    ],
)
def test_the_same_id_with_another_payload_is_a_conflict_when_asked_for(
    buyer: Customer, change: dict[str, object]
) -> None:
    event = _event(buyer, price=Decimal("1.00"))
    store_events(events=[event])
    other = _event(buyer, price=Decimal("1.00"))
    for name, value in change.items():
        setattr(other, name, value)
    stored = store_events(events=[other], detect_conflicts=True)
    assert (stored.inserted, stored.duplicates, stored.conflicts) == (0, set(), {event.pk})
    assert store_events(events=[other]).duplicates == {event.pk}


def test_spelling_the_same_payload_otherwise_is_no_conflict(buyer: Customer) -> None:
    event = _event(buyer, price=Decimal("1.50"))
    store_events(events=[event])
    east = timezone(timedelta(hours=8))
    again = _event(buyer, price=Decimal("1.5"), received_at=NOON)
    again.occurred_at = NOON.astimezone(east)
    stored = store_events(events=[again], detect_conflicts=True)
    assert (stored.duplicates, stored.conflicts) == ({event.pk}, set())


def test_the_same_event_under_another_shift_is_no_conflict(buyer: Customer) -> None:
    event = _event(buyer)
    store_events(events=[event])
    shifted = _event(buyer, original_time=NOON)
    shifted.occurred_at = NOON + timedelta(weeks=3)
    stored = store_events(events=[shifted], detect_conflicts=True)
    assert (stored.duplicates, stored.conflicts) == ({event.pk}, set())
    assert Event.objects.get().occurred_at == NOON


def test_each_day_of_each_source_is_marked_by_its_utc_date(buyer: Customer) -> None:
    east = timezone(timedelta(hours=8))
    store_events(
        events=[
            _event(buyer, 1, datetime(2026, 3, 5, 1, tzinfo=east)),
            _event(buyer, 2, NOON),
            _event(buyer, 3, NOON, source=Source.REPLAY),
        ]
    )
    marks = set(DirtyDay.objects.values_list("day", "source"))
    assert marks == {(date(2026, 3, 4), "import"), (date(2026, 3, 4), "replay")}


@pytest.mark.django_db
def test_nothing_to_write_is_no_error() -> None:
    assert store_events(events=[]).inserted == 0


def test_a_row_that_breaks_a_constraint_refuses_the_whole_batch(buyer: Customer) -> None:
    good, bad = _event(buyer, 1), _event(buyer, 2, rating=9)
    with pytest.raises(IntegrityError), transaction.atomic():
        store_events(events=[good, bad])
    assert not Event.objects.exists()
    assert not DirtyDay.objects.exists()


def test_plain_tuples_in_the_order_of_the_columns_will_do(buyer: Customer) -> None:
    rows = [
        tuple(
            EventRow(derived_id(NOON, n), "view", buyer.pk, None, NOON, NOON, "import", text=str(n))
        )
        for n in range(2_500)
    ]
    assert store_event_rows(rows=rows).inserted == 2_500
    assert store_event_rows(rows=rows[::-1], detect_conflicts=True).duplicates == {
        row[0] for row in rows
    }
