"""Reads of one request: the shopper, what they did, the products they may see."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import DateTimeField, F, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from guidance.behaviour.models import Event, EventQuerySet
from guidance.catalog.models import Product, ProductAttribute
from guidance.content.selectors import LIVE_COPY, Copy, copy_by_product
from guidance.core.compiled import (
    AnyOf,
    CompiledQuery,
    Parameter,
    Seconds,
    as_object,
    ask_together,
)
from guidance.customers.models import Customer
from guidance.customers.selectors import BY_REF, customer_in
from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.models import Surface
from models_ml.data.columns import KINDS, PURCHASE
from models_ml.recommender.alike import Traits
from models_ml.recommender.serving import HistoryEvent

# The newest events a ranking sees. The busiest hundredth of the real shop's customers has more.
HISTORY_EVENTS = 1_000
SURFACE_FIELDS = [field.attname for field in Surface._meta.concrete_fields]


class ShownProduct(NamedTuple):
    """What answers tell of a product, and what says whether it may be shown."""

    id: int
    sku: str
    title: str
    titles: Mapping[str, str]
    family: str
    price: Decimal | None
    currency: str
    image: str
    stock: int | None
    is_hidden: bool

    def title_in(self, language: str) -> str:
        """Return the title in `language`, or the shop's own where it has none."""
        return self.titles.get(language) or self.title

    @property
    def is_gone(self) -> bool:
        """Tell whether it is hidden or sold out."""
        return self.is_hidden or (self.stock is not None and self.stock <= 0)


@dataclass(frozen=True)
class Shopper:
    """Who asks: `unit` is the pseudonym that experiments assign by (after a merge, the
    customer's), '' for nobody in particular; `customer_id` is None for one never met."""

    unit: str = ""
    customer_id: int | None = None
    language: str = ""
    tier: str = ""
    history: list[HistoryEvent] = field(default_factory=list)


def find_shopper(*, ref: str, index: CatalogueIndex, at: datetime, with_replay: bool) -> Shopper:
    """Return the shopper of a pseudonym with their newest events up to `at`, oldest first.

    Two statements, none for nobody.
    """
    if not ref:
        return Shopper()
    rows, events = ask_together(
        (BY_REF, {"ref": ref}), (_newest_events[with_replay], {"ref": ref, "at": at})
    )
    customer = customer_in(rows)
    if customer is None:
        return Shopper(unit=ref)
    return Shopper(
        unit=customer.ref,
        customer_id=customer.pk,
        language=customer.language,
        tier=customer.tier,
        history=_history(events, index),
    )


def _history(rows: Sequence[Sequence[Any]], index: CatalogueIndex) -> list[HistoryEvent]:
    """Return the events of rows, the newest first, in the order of time."""
    return [
        HistoryEvent(index.skus[product], time, kind, basket or f"event {place}")
        for place, (product, time, kind, basket) in enumerate(reversed(rows))
        if product in index.skus
    ]


def history_before(
    *, customer_id: int, index: CatalogueIndex, at: datetime, decision: UUID
) -> list[HistoryEvent]:
    """Return what was known of a customer when a decision was made, oldest first; one statement.

    A storefront's clock may run behind ours: what names the decision came after it, whatever time
    it tells.
    """
    rows = _events(customer_id, at, with_replay=False).filter(kind__in=KINDS)
    rows = rows.exclude(decision=decision).order_by("-occurred_at")
    fields = ("product_id", Seconds("occurred_at"), "kind", "basket")
    return _history(list(rows.values_list(*fields)[:HISTORY_EVENTS]), index)


def bought_skus(
    *, customer_id: int | None, index: CatalogueIndex, at: datetime, with_replay: bool
) -> frozenset[str]:
    """Return everything the customer ever bought up to `at`; one statement."""
    if customer_id is None:
        return frozenset()
    products = (
        _events(customer_id, at, with_replay)
        .filter(kind=PURCHASE)
        .order_by()
        .values_list("product_id", flat=True)
        .distinct()
    )
    return frozenset(index.skus[product] for product in products if product in index.skus)


def _events(customer_id: int, at: datetime, with_replay: bool) -> QuerySet[Event]:
    return _those(with_replay).filter(
        customer_id=customer_id, occurred_at__lte=at, product__isnull=False
    )


def _those(with_replay: bool) -> EventQuerySet:
    return Event.objects.all() if with_replay else Event.objects.real()


def _read_newest(with_replay: bool) -> CompiledQuery:
    return CompiledQuery(
        lambda: (
            _those(with_replay)
            .filter(
                customer_id=Subquery(_customer_called(Parameter("ref"))),
                occurred_at__lte=Parameter("at", DateTimeField()),
                product__isnull=False,
                kind__in=KINDS,
            )
            .order_by("-occurred_at")
            .values_list("product_id", Seconds("occurred_at"), "kind", "basket")[:HISTORY_EVENTS]
        )
    )


def _customer_called(ref: Parameter) -> QuerySet[Customer, int]:
    own = Customer.objects.filter(ref=ref).annotate(own=Coalesce("merged_into_id", "pk"))
    return own.order_by().values_list("own", flat=True)


_newest_events = {with_replay: _read_newest(with_replay) for with_replay in (False, True)}


def traits_of(skus: Collection[str]) -> dict[str, Traits]:
    """Return what these products tell of themselves, in any language; two statements."""
    products = Product.objects.filter(sku__in=skus).values_list(
        "pk", "sku", "title", "titles", "brand", "category_id"
    )
    told = defaultdict[int, set[tuple[str, str]]](set)
    attributes = ProductAttribute.objects.filter(product__sku__in=skus).order_by()
    for product, key, value in attributes.values_list("product_id", "key", "value"):
        told[product].add((key, value.casefold()))
    return {
        sku: Traits(category, _words([title, *titles.values()]), frozenset(told[pk]), brand)
        for pk, sku, title, titles, brand, category in products
    }


def _words(titles: Iterable[str]) -> frozenset[str]:
    return frozenset(word for title in titles for word in re.findall(r"\w+", title.casefold()))


def products_by_sku(skus: Collection[str]) -> dict[str, Product]:
    """Return these products as they are now, hidden and sold-out ones too; one statement."""
    rows = (as_object(Product, ShownProduct._fields, row) for row in _products.rows(skus=skus))
    return {product.sku: product for product in rows}


def products_with_copy(
    skus: Collection[str], *, pks: Collection[int], language: str
) -> tuple[dict[str, ShownProduct], dict[int, Copy]]:
    """Return products as they are now and the live copy of some, by primary key and kind.

    Two statements.
    """
    rows, copy = ask_together(
        (_products, {"skus": skus}), (LIVE_COPY, {"products": pks, "language": language})
    )
    products = map(ShownProduct._make, rows)
    return {product.sku: product for product in products}, copy_by_product(copy)


_products = CompiledQuery(
    lambda: (
        Product.objects.filter(AnyOf(F("sku"), "skus"))
        .order_by()
        .values_list(*ShownProduct._fields)
    )
)


def not_to_be_had(product_pks: Collection[int]) -> set[int]:
    """Return which of these products are hidden or sold out this moment; one statement."""
    return {pk for (pk,) in _gone.rows(pks=product_pks)}


_gone = CompiledQuery(
    lambda: (
        Product.objects.filter(Q(is_hidden=True) | Q(stock__lte=0), AnyOf(F("pk"), "pks"))
        .order_by()
        .values_list("pk")
    )
)


def active_surfaces() -> dict[str, Surface]:
    """Return every active surface by its key; one statement."""
    return {surface.key: surface for surface in Surface.objects.filter(is_active=True)}


def surfaces_called(keys: Collection[str]) -> dict[str, Surface]:
    """Return the active surfaces of these keys; one statement."""
    rows = _surfaces.rows(keys=keys)
    surfaces = (as_object(Surface, SURFACE_FIELDS, row) for row in rows)
    return {surface.key: surface for surface in surfaces}


_surfaces = CompiledQuery(
    lambda: (
        Surface.objects.filter(AnyOf(F("key"), "keys"), is_active=True)
        .order_by()
        .values_list(*SURFACE_FIELDS)
    )
)
