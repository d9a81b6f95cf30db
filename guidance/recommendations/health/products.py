"""The catalogue in arrays: where each product is, and which groups of providers it belongs to."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from guidance.catalog.models import Product
from guidance.core.selectors import default_market
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.services.rules import may_be_shown

# A product listed so long before the period, or during it, is new.
NEW_DAYS = 30
# Groups of one kind that are told apart; what is beyond the largest so many is one group, so that
# a table over thousands of brands stays within memory.
MOST_GROUPS = 300
PRICE_BANDS = 4
NONE, OTHERS = "", "*"
BRAND, CATEGORY, PRICE, AGE = "brand", "category", "price", "age"
KINDS = (BRAND, CATEGORY, PRICE, AGE)


@dataclass(frozen=True)
class Grouping:
    """One way to group products: labels, and each product's place among them (products,)."""

    key: str
    labels: list[str]
    of_product: np.ndarray


@dataclass(frozen=True)
class Catalogue:
    """Every product once; a product's place is its row in every array of a report."""

    by_id: dict[int, int]
    by_sku: dict[str, int]
    recommendable: np.ndarray
    prices: np.ndarray
    groupings: dict[str, Grouping]

    def __len__(self) -> int:
        return len(self.by_id)


def read_catalogue(scope: Scope) -> Catalogue:
    """Read all products; one statement."""
    products = list(
        Product.objects.select_related("category")
        .only(
            *("sku", "brand", "price", "currency", "stock", "is_hidden", "created_at"),
            "category__path",
        )
        .order_by("pk")
    )
    new_from = scope.bounds[0] - timedelta(days=NEW_DAYS)
    currency = default_market().currency
    prices = [
        float(product.price) if product.price is not None and product.currency == currency else None
        for product in products
    ]
    groupings = [
        _grouped(BRAND, [product.brand for product in products]),
        _grouped(CATEGORY, categories([p.category.path if p.category else "" for p in products])),
        _grouped(PRICE, price_bands(prices), keep_order=True),
        _grouped(AGE, ["new" if p.created_at >= new_from else "established" for p in products]),
    ]
    return Catalogue(
        by_id={product.pk: place for place, product in enumerate(products)},
        by_sku={product.sku: place for place, product in enumerate(products)},
        recommendable=np.array([may_be_shown(product) for product in products], dtype=bool),
        prices=np.array([np.nan if price is None else price for price in prices]),
        groupings={grouping.key: grouping for grouping in groupings},
    )


def categories(paths: Sequence[str]) -> list[str]:
    """Return each path's name at the first level of the tree at which products differ."""
    known = [path.split(" > ") for path in paths if path]
    depth = 1
    deepest = max((len(parts) for parts in known), default=1)
    while depth < deepest and len({tuple(parts[:depth]) for parts in known}) < 2:
        depth += 1
    return [path.split(" > ")[:depth][-1] for path in paths]


def price_bands(prices: Sequence[float | None]) -> list[str]:
    """Return each price's quarter of the catalogue as `low–high`; '' for none in the currency."""
    known = np.array([price for price in prices if price is not None])
    if not len(known):
        return [NONE] * len(prices)
    edges = np.unique(np.quantile(known, np.arange(1, PRICE_BANDS) / PRICE_BANDS))
    places = np.searchsorted(edges, known, side="left")
    names = {
        band: f"{_money(known[places == band].min())}–{_money(known[places == band].max())}"
        for band in np.unique(places).tolist()
    }
    found = iter(places.tolist())
    return [NONE if price is None else names[next(found)] for price in prices]


def _money(price: float) -> str:
    """3.0 -> 3, 3.5 -> 3.50"""
    return f"{price:.2f}".removesuffix(".00")


def _grouped(key: str, labels: Sequence[str], *, keep_order: bool = False) -> Grouping:
    counts = Counter(labels)
    kept = [label for label, _count in counts.most_common(MOST_GROUPS)]
    if keep_order:
        kept.sort(key=lambda label: float(label.partition("–")[0] or "inf"))
    if len(counts) > len(kept):
        kept.append(OTHERS)
    places = {label: place for place, label in enumerate(kept)}
    rest = places.get(OTHERS, 0)
    of_product = np.array([places.get(label, rest) for label in labels], dtype=np.int64)
    return Grouping(key, kept, of_product)
