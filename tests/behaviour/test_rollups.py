"""Rollups: what the rows say, counted again whenever rows arrive late, the same every time."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guidance.behaviour import hooks
from guidance.behaviour.days import day_bounds
from guidance.behaviour.models import (
    DayRollup,
    DirtyDay,
    Event,
    ProductDayRollup,
    SearchDayRollup,
    Source,
)
from guidance.behaviour.selectors import (
    daily_figures,
    searches_without_results,
    top_products,
    top_searches,
)
from guidance.behaviour.services.bulk import EventRow, store_event_rows
from guidance.behaviour.services.rollups import advance_rollups, fold_phrase
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.core.models import Market
from guidance.customers.services import ensure_customers, merge_customer

pytestmark = pytest.mark.django_db
KINDS = Event.Kind.values
ZONE = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def market() -> Market:
    return Market.objects.create(key="us", name="US", time_zone="America/New_York", is_default=True)


@pytest.fixture
def people() -> list[int]:
    return list(ensure_customers(refs=[f"c{n}" for n in range(5)]).values())


@pytest.fixture
def products() -> list[Product]:
    return [Product.objects.create(sku=f"p{n}", title=f"P{n}") for n in range(4)]


def _event(at: datetime, customer: int, kind: str = "view", **fields: Any) -> EventRow:
    return EventRow(
        id=new_id(),
        kind=kind,
        customer_id=customer,
        product_id=fields.pop("product_id", None),
        occurred_at=at,
        received_at=at,
        source=fields.pop("source", "live"),
        **fields,
    )


def _weeks_of_chance(people: list[int], products: list[Product]) -> list[EventRow]:
    """600 events of two weeks around the day on which the clocks go back."""
    draw = random.Random(7)
    start = datetime(2026, 10, 25, tzinfo=UTC)
    return [
        _event(
            start + timedelta(seconds=draw.randrange(14 * 86_400)),
            draw.choice(people),
            kind=(kind := draw.choice(KINDS)),
            product_id=draw.choice([None, *(p.pk for p in products)]),
            source=draw.choice(["live", "import", "replay"]),
            basket=draw.choice(["", "b1", "b2"]),
            quantity=draw.randrange(1, 9),
            price=draw.choice([None, Decimal("0.07"), Decimal("19.99"), Decimal("1234567.89")]),
            rating=draw.choice([None, 1, 5]) if kind in {"rating", "review"} else None,
            text=draw.choice(["Tea ", "tea", "ＴＥＡ", "茶"]) if kind == "search" else "",
            result_count=draw.choice([None, 0, 3]) if kind == "search" else None,
        )
        for _number in range(600)
    ]


def _counted_by_hand(rows: list[EventRow]) -> dict[tuple[date, str, str], tuple[Any, ...]]:
    groups: dict[tuple[date, str, str], list[EventRow]] = {}
    for row in rows:
        day = row.occurred_at.astimezone(ZONE).date()
        groups.setdefault((day, row.source, row.kind), []).append(row)
    return {
        key: (
            len(group),
            len({row.customer_id for row in group}),
            len({row.basket for row in group} - {""}),
            sum((row.price * row.quantity for row in group if row.price), Decimal(0)),
            sum(row.rating or 0 for row in group),
            sum(row.rating is not None for row in group),
        )
        for key, group in groups.items()
    }


def _day_rollups() -> dict[tuple[date, str, str], tuple[Any, ...]]:
    return {
        (r.day, r.source, r.kind): (
            r.events,
            r.customers,
            r.baskets,
            r.value,
            r.rating_sum,
            r.rating_count,
        )
        for r in DayRollup.objects.all()
    }


def test_day_rollups_equal_a_count_by_hand(people: list[int], products: list[Product]) -> None:
    rows = _weeks_of_chance(people, products)
    store_event_rows(rows=rows)
    days = {(row.occurred_at.astimezone(ZONE).date(), row.source) for row in rows}
    assert advance_rollups() == len(days)
    assert _day_rollups() == _counted_by_hand(rows)


def test_product_rollups_equal_a_count_by_hand(people: list[int], products: list[Product]) -> None:
    rows = _weeks_of_chance(people, products)
    store_event_rows(rows=rows)
    advance_rollups()
    kept: dict[tuple[date, str, int], list[Any]] = {}
    for row in rows:
        if row.product_id is None or row.kind not in {"view", "cart", "purchase", "return"}:
            continue
        key = (row.occurred_at.astimezone(ZONE).date(), row.source, row.product_id)
        figures = kept.setdefault(key, [0, 0, 0, 0, Decimal(0)])
        place = {"view": 0, "cart": 1, "purchase": 2}.get(row.kind)
        if place is not None:
            figures[place] += 1
        sign = {"purchase": 1, "return": -1}.get(row.kind, 0)
        figures[3] += sign * row.quantity
        figures[4] += sign * row.quantity * (row.price or 0)
    assert kept == {
        (r.day, r.source, r.product_id): [r.views, r.carts, r.purchases, r.quantity, r.value]
        for r in ProductDayRollup.objects.all()
    }


def test_search_rollups_fold_spellings(people: list[int], products: list[Product]) -> None:
    rows = _weeks_of_chance(people, products)
    store_event_rows(rows=rows)
    advance_rollups()
    searches = [row for row in rows if row.kind == "search"]
    by_hand = Counter(
        (row.occurred_at.astimezone(ZONE).date(), row.source, fold_phrase(row.text))
        for row in searches
    )
    rollups = SearchDayRollup.objects.all()
    assert by_hand == {(r.day, r.source, r.phrase): r.searches for r in rollups}
    assert sum(row.result_count == 0 for row in searches) == sum(r.without_results for r in rollups)
    assert {r.phrase for r in rollups} == {"tea", "茶"}


def test_counting_again_gives_the_same_digits(people: list[int], products: list[Product]) -> None:
    rows = _weeks_of_chance(people, products)
    store_event_rows(rows=rows)
    advance_rollups()
    before = _day_rollups()
    DirtyDay.objects.bulk_create(DirtyDay(day=day, source=source) for day, source, _kind in before)
    advance_rollups()
    assert _day_rollups() == before


def test_a_late_row_reopens_its_day_alone(people: list[int]) -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    store_event_rows(rows=[_event(noon, people[0]), _event(noon - timedelta(days=1), people[0])])
    assert advance_rollups() == 2
    assert advance_rollups() == 0
    store_event_rows(rows=[_event(noon, people[1])])
    assert advance_rollups() == 1
    assert {k: v[:2] for k, v in _day_rollups().items()} == {
        (date(2026, 11, 19), "live", "view"): (1, 1),
        (date(2026, 11, 20), "live", "view"): (2, 2),
    }


def test_a_day_begins_at_the_shops_midnight(people: list[int]) -> None:
    """The clocks go back on 2026-11-01 in New York: that day has 25 hours."""
    start, end = day_bounds(date(2026, 11, 1))
    assert (start, end) == (
        datetime(2026, 11, 1, 4, tzinfo=UTC),
        datetime(2026, 11, 2, 5, tzinfo=UTC),
    )
    moments = [start - timedelta(seconds=1), start, end - timedelta(microseconds=1), end]
    store_event_rows(rows=[_event(at, people[0]) for at in moments])
    advance_rollups()
    assert {key[0].day: value[0] for key, value in _day_rollups().items()} == {31: 1, 1: 2, 2: 1}


def test_a_day_without_rows_has_no_rollups(people: list[int]) -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    store_event_rows(rows=[_event(noon, people[0], "search", text="tea")])
    advance_rollups()
    Event.objects.all().delete()
    DirtyDay.objects.create(day=date(2026, 11, 20), source="live")
    advance_rollups()
    assert not DayRollup.objects.exists()
    assert not SearchDayRollup.objects.exists()


@pytest.fixture
def recounts() -> Iterator[list[tuple[date, str]]]:
    """The days that a higher app is asked to recount."""
    asked: list[tuple[date, str]] = []

    def recount(day: date, source: str) -> None:
        asked.append((day, source))

    hooks.register_rollup(recount)
    yield asked
    hooks._recounts.pop()


def test_higher_apps_recount_each_day_once(
    people: list[int], recounts: list[tuple[date, str]]
) -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    for _number in range(2):
        days = [_event(noon - timedelta(days=n), people[0]) for n in range(40)]
        store_event_rows(rows=days)
    store_event_rows(rows=[_event(noon, people[0], source="replay")])
    assert DirtyDay.objects.count() == 81
    assert advance_rollups() == 41
    assert len(recounts) == len(set(recounts)) == 41
    assert (date(2026, 11, 20), "replay") in recounts


def test_a_recount_that_fails_keeps_the_marks(people: list[int]) -> None:
    def fail(day: date, source: str) -> None:
        raise RuntimeError("stop")

    store_event_rows(rows=[_event(datetime(2026, 11, 20, 17, tzinfo=UTC), people[0])])
    hooks.register_rollup(fail)
    try:
        with pytest.raises(RuntimeError):
            advance_rollups()
    finally:
        hooks._recounts.pop()
    assert (DirtyDay.objects.count(), DayRollup.objects.count()) == (1, 0)
    assert advance_rollups() == 1


def test_a_merge_counts_the_days_again(people: list[int]) -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    store_event_rows(rows=[_event(noon, people[0]), _event(noon, people[1])])
    advance_rollups()
    assert DayRollup.objects.get().customers == 2
    merge_customer(anonymous_ref="c0", customer_ref="c1")
    assert advance_rollups() == 1
    assert DayRollup.objects.get().customers == 1


def test_figures_by_day_leave_replayed_traffic_out(people: list[int]) -> None:
    noon = datetime(2026, 11, 20, 17, tzinfo=UTC)
    bought = {"price": Decimal("2.50"), "quantity": 2, "basket": "b1"}
    store_event_rows(
        rows=[
            _event(noon, people[0]),
            _event(noon, people[0], source="import"),
            _event(noon, people[1], "purchase", **bought),
            _event(noon, people[1], "purchase", **bought),
            _event(noon, people[1], "rating", rating=4),
            _event(noon, people[2], source="replay"),
        ]
    )
    advance_rollups()
    quiet, busy = daily_figures(date(2026, 11, 19), date(2026, 11, 20))
    assert (quiet.day, quiet.events, quiet.baskets) == (date(2026, 11, 19), {}, 0)
    assert busy.events == {"view": 2, "purchase": 2, "rating": 1}
    assert (busy.shoppers["purchase"], busy.baskets) == (1, 1)
    assert busy.value["purchase"] == Decimal("10.00")
    assert (busy.rating_sum, busy.rating_count) == (4, 1)
    [replayed] = daily_figures(busy.day, busy.day, sources=[Source.REPLAY])
    assert replayed.events == {"view": 1}


def test_leading_products_and_searches(people: list[int], products: list[Product]) -> None:
    at = datetime(2026, 11, 20, 17, tzinfo=UTC)
    first, second = products[0].pk, products[1].pk
    store_event_rows(
        rows=[
            _event(at, people[0], "purchase", product_id=first, price=Decimal(9), quantity=3),
            _event(at, people[0], "return", product_id=first, price=Decimal(9), quantity=1),
            _event(at, people[0], "purchase", product_id=second, price=Decimal(20)),
            _event(at, people[0], "view", product_id=second),
            *(_event(at, people[0], "search", text="Tea", result_count=5) for _n in range(3)),
            *(_event(at, people[0], "search", text="coffee", result_count=0) for _n in range(2)),
        ]
    )
    advance_rollups()
    day = at.date()
    lead = top_products(day, day)
    assert [(p.sku, p.quantity, p.value) for p in lead] == [
        ("p1", 1, Decimal("20.00")),
        ("p0", 2, Decimal("18.00")),
    ]
    assert [p.sku for p in top_products(day, day, by="views", limit=1)] == ["p1"]
    assert [tuple(s) for s in top_searches(day, day)] == [("tea", 3, 0), ("coffee", 2, 2)]
    assert [s.phrase for s in searches_without_results(day, day)] == ["coffee"]
    assert top_products(day + timedelta(days=1), day + timedelta(days=9)) == []
