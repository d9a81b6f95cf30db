"""Reads of behaviour: what the rollups say by day."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Sum

from guidance.behaviour.models import (
    DayRollup,
    Event,
    ProductDayRollup,
    SearchDayRollup,
    Source,
)
from guidance.catalog.models import Product
from models_ml.data.columns import KINDS

# What a live figure counts. Replayed traffic is shown only where a page asks for it.
LIVE_SOURCES = (Source.LIVE, Source.IMPORT)
Kind = Event.Kind


@dataclass(frozen=True)
class DayFigures:
    """One day: events and value by kind, purchases' baskets, and the ratings given.

    `shoppers` are distinct within one kind and source; over several sources they are added up.
    """

    day: date
    events: dict[str, int]
    shoppers: dict[str, int]
    value: dict[str, Decimal]
    baskets: int
    rating_sum: int
    rating_count: int


def daily_figures(
    since: date, until: date, sources: Collection[str] = LIVE_SOURCES
) -> list[DayFigures]:
    """Return every day from `since` to `until`, both included, days without events as zeros."""
    days = {
        since + timedelta(days=n): DayFigures(since + timedelta(days=n), {}, {}, {}, 0, 0, 0)
        for n in range((until - since).days + 1)
    }
    rows = (
        DayRollup.objects.filter(day__range=(since, until), source__in=sources)
        .order_by()
        .values("day", "kind")
        .annotate(
            n=Sum("events"),
            shoppers=Sum("customers"),
            money=Sum("value"),
            carts=Sum("baskets"),
            stars=Sum("rating_sum"),
            ratings=Sum("rating_count"),
        )
    )
    for row in rows:
        days[row["day"]] = _with_kind(days[row["day"]], row)
    return list(days.values())


class ProductFigures(NamedTuple):
    """One product over some days; quantity and value are purchases less returns."""

    product: Product
    views: int
    carts: int
    purchases: int
    quantity: int
    value: Decimal

    @property
    def sku(self) -> str:
        return self.product.sku


def top_products(
    since: date,
    until: date,
    limit: int = 10,
    by: str = "value",
    sources: Collection[str] = LIVE_SOURCES,
) -> list[ProductFigures]:
    """Return the products that lead by `value`, quantity, purchases, carts or views.

    Names are read for the leaders alone: a year of the real shop takes half the time of a join.
    """
    rows = list(
        ProductDayRollup.objects.filter(day__range=(since, until), source__in=sources)
        .order_by()
        .values("product_id")
        .annotate(
            total_views=Sum("views"),
            total_carts=Sum("carts"),
            total_purchases=Sum("purchases"),
            total_quantity=Sum("quantity"),
            total_value=Sum("value"),
        )
        .order_by(f"-total_{by}", "product_id")
        .values_list(
            "product_id",
            "total_views",
            "total_carts",
            "total_purchases",
            "total_quantity",
            "total_value",
        )[:limit]
    )
    names = Product.objects.in_bulk([row[0] for row in rows])
    return [ProductFigures(names[pk], *sums) for pk, *sums in rows]


class SearchFigures(NamedTuple):
    """One phrase over some days: how often searched, and how often nothing was found."""

    phrase: str
    searches: int
    without_results: int


def top_searches(
    since: date, until: date, limit: int = 10, sources: Collection[str] = LIVE_SOURCES
) -> list[SearchFigures]:
    """Return the phrases searched most."""
    return _searches(since, until, limit, sources, "searches")


def searches_without_results(
    since: date, until: date, limit: int = 10, sources: Collection[str] = LIVE_SOURCES
) -> list[SearchFigures]:
    """Return the phrases for which most often nothing was found."""
    found = _searches(since, until, limit, sources, "without_results")
    return [figures for figures in found if figures.without_results]


def _searches(
    since: date, until: date, limit: int, sources: Collection[str], by: str
) -> list[SearchFigures]:
    rows = (
        SearchDayRollup.objects.filter(day__range=(since, until), source__in=sources)
        .order_by()
        .values("phrase")
        .annotate(total_searches=Sum("searches"), total_without_results=Sum("without_results"))
        .order_by(f"-total_{by}", "phrase")
        .values_list("phrase", "total_searches", "total_without_results")
    )
    return [SearchFigures(*row) for row in rows[:limit]]


def _with_kind(figures: DayFigures, row: Mapping[str, Any]) -> DayFigures:
    kind = row["kind"]
    return DayFigures(
        day=figures.day,
        events={**figures.events, kind: row["n"]},
        shoppers={**figures.shoppers, kind: row["shoppers"]},
        value={**figures.value, kind: row["money"]},
        baskets=figures.baskets + (row["carts"] if kind == Kind.PURCHASE else 0),
        rating_sum=figures.rating_sum + row["stars"],
        rating_count=figures.rating_count + row["ratings"],
    )


def count_interactions() -> int:
    """Return how many events there are that models may learn from, by the rollups."""
    rows = DayRollup.objects.filter(source__in=LIVE_SOURCES, kind__in=KINDS)
    return int(rows.aggregate(total=Sum("events"))["total"] or 0)
