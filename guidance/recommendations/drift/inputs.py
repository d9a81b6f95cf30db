"""How far what comes in moved from what the newest version learned: rollups alone are read, and
baskets.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
from django.db.models import Count, Max, Min, Sum

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import DayRollup, Event, ProductDayRollup
from guidance.behaviour.selectors import LIVE_SOURCES
from guidance.catalog.models import Product
from guidance.recommendations.rankers import RECIPE
from guidance.training.hooks import DriftMeasure
from guidance.training.models import ModelVersion
from models_ml.data.columns import KINDS, PURCHASE
from models_ml.data.drift import (
    BASKET_SIZES,
    Shift,
    compare_counts,
    count_bands,
    price_bands,
)

# Whole weeks, so that weekends weigh the same on both sides. Over such windows no weekly index of
# the real shop passed .09, in 29 weeks without any event worth the name.
RECENT_DAYS = 7
REFERENCE_DAYS = 84
# With fewer days since the training, one busy day would pass for drift.
FEWEST_DAYS = 3
# So long after its first event a product counts as new.
NEW_DAYS = 28
WITHOUT = "no category"


@dataclass(frozen=True)
class Windows:
    """Days that the newest version learned from, and the latest ones after them; both included."""

    reference: tuple[date, date]
    recent: tuple[date, date]

    def as_dict(self) -> dict[str, str]:
        first, last = self.reference
        since, until = self.recent
        return {
            "before_from": first.isoformat(),
            "before_until": last.isoformat(),
            "now_from": since.isoformat(),
            "now_until": until.isoformat(),
        }


@dataclass(frozen=True)
class Sold:
    """Purchases by product and day; arrays (n,)."""

    products: np.ndarray
    days: np.ndarray
    purchases: np.ndarray


def input_drift() -> list[DriftMeasure]:
    """Compare the latest days with those before the newest version's last purchase.

    Nothing where no version was trained or fewer than three days have passed in the data since.
    """
    windows = _windows()
    if windows is None:
        return []
    shifts = {
        "kinds": _compare(_kinds(windows.reference), _kinds(windows.recent)),
        **_product_shifts(_sold(windows.reference), _sold(windows.recent), windows),
        "baskets": _compare(_basket_sizes(windows.reference), _basket_sizes(windows.recent)),
    }
    return [
        DriftMeasure(
            key=key,
            group="inputs",
            size=shift.index,
            certain=shift.index > shift.by_chance,
            before=shift.before,
            now=shift.now,
            days=windows.as_dict(),
        )
        for key, shift in shifts.items()
        if shift is not None
    ]


def _windows() -> Windows | None:
    version = ModelVersion.objects.filter(recipe=RECIPE).select_related("run").order_by("-number")
    newest = version.defer("metrics").first()
    until = DayRollup.objects.filter(source__in=LIVE_SOURCES).aggregate(Max("day"))["day__max"]
    end = newest.run.report.get("data", {}).get("end") if newest else None
    if end is None or until is None:
        return None
    learned = datetime.fromisoformat(end).astimezone(shop_zone()).date()
    since = max(until - timedelta(days=RECENT_DAYS - 1), learned + timedelta(days=1))
    if (until - since).days + 1 < FEWEST_DAYS:
        return None
    return Windows((learned - timedelta(days=REFERENCE_DAYS - 1), learned), (since, until))


def _compare(before: Mapping[str, float], now: Mapping[str, float]) -> Shift | None:
    """None as well where all lies in one group: there is nothing that could move."""
    if len({name for counts in (before, now) for name, count in counts.items() if count}) < 2:
        return None
    return compare_counts(before, now)


def _kinds(days: tuple[date, date]) -> dict[str, float]:
    rows = DayRollup.objects.filter(day__range=days, source__in=LIVE_SOURCES, kind__in=KINDS)
    return dict(rows.order_by().values_list("kind").annotate(Sum("events")))


def _basket_sizes(days: tuple[date, date]) -> dict[str, float]:
    zone = shop_zone()
    start, end = day_bounds(days[0], zone)[0], day_bounds(days[1], zone)[1]
    baskets = (
        Event.objects.real()
        .filter(kind=PURCHASE, occurred_at__gte=start, occurred_at__lt=end)
        .exclude(basket="")
        .order_by()
        .values_list("customer_id", "basket")
        .annotate(size=Count("product", distinct=True))
        .values_list("size", flat=True)
    )
    sizes = np.array(list(baskets), dtype=float)
    return count_bands(sizes, np.ones(len(sizes)), np.array(BASKET_SIZES, dtype=float))


def _sold(days: tuple[date, date]) -> Sold:
    rows = list(
        ProductDayRollup.objects.filter(
            day__range=days, source__in=LIVE_SOURCES, purchases__gt=0
        ).values_list("product_id", "day", "purchases")
    )
    products, dates, purchases = zip(*rows, strict=True) if rows else ((), (), ())
    return Sold(
        np.array(products, dtype=np.int64),
        np.array(dates, dtype="datetime64[D]"),
        np.array(purchases, dtype=float),
    )


def _product_shifts(before: Sold, now: Sold, windows: Windows) -> dict[str, Shift | None]:
    if not len(before.products) or not len(now.products):
        return {}
    sold = {*before.products.tolist(), *now.products.tolist()}
    found = Product.objects.select_related("category").in_bulk(sold)
    return {
        "categories": _compare(_by_category(before, found), _by_category(now, found)),
        "prices": _price_shift(before, now, found),
        "new_items": _new_item_shift(before, now, windows),
    }


def _by_category(sold: Sold, found: Mapping[int, Product]) -> dict[str, float]:
    counts: Counter[str] = Counter()
    for product, purchases in zip(sold.products.tolist(), sold.purchases.tolist(), strict=True):
        category = found[product].category
        counts[category.path if category else WITHOUT] += purchases
    return dict(counts)


def _price_shift(before: Sold, now: Sold, found: Mapping[int, Product]) -> Shift | None:
    first, weights = _prices(before, found)
    latest, latest_weights = _prices(now, found)
    edges = price_bands(first, weights)
    return _compare(count_bands(first, weights, edges), count_bands(latest, latest_weights, edges))


def _prices(sold: Sold, found: Mapping[int, Product]) -> tuple[np.ndarray, np.ndarray]:
    """Today's price of what was bought, so that only the choice of products can move; prices in
    another currency than that of most products cannot be compared."""
    currency = Counter(product.currency for product in found.values()).most_common(1)[0][0]
    prices = np.array(
        [
            float(price)
            if (price := found[one].price) is not None and found[one].currency == currency
            else np.nan
            for one in sold.products.tolist()
        ]
    )
    known = ~np.isnan(prices)
    return prices[known], sold.purchases[known]


def _new_item_shift(before: Sold, now: Sold, windows: Windows) -> Shift | None:
    """None while the shop's own beginning would pass for new products."""
    rows = ProductDayRollup.objects.filter(source__in=LIVE_SOURCES).order_by()
    first = dict(rows.values_list("product_id").annotate(Min("day")))
    if windows.reference[0] - min(first.values()) < timedelta(days=NEW_DAYS):
        return None
    return _compare(_by_age(before, first), _by_age(now, first))


def _by_age(sold: Sold, first: Mapping[int, date]) -> dict[str, float]:
    began = np.array([first[one] for one in sold.products.tolist()], dtype="datetime64[D]")
    is_new = (sold.days - began).astype(int) < NEW_DAYS
    return {
        "new": float(sold.purchases[is_new].sum()),
        "known": float(sold.purchases[~is_new].sum()),
    }
