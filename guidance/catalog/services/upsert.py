"""Products from the shop's system: many at once, again and again, with a verdict per row."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from msgspec import UNSET, UnsetType

from guidance.catalog.hooks import FactChange, tell_facts_changed
from guidance.catalog.models import Category, Product
from guidance.catalog.rows import ProductRow
from guidance.catalog.services.attributes import check_attributes, write_attributes
from guidance.catalog.services.categories import check_category, ensure_categories, steps_of
from guidance.catalog.services.facts import changes_between, changes_of_names, facts_held_by
from guidance.catalog.services.vectors import (
    Lengths,
    Vector,
    lengths_of,
    read_vector,
    write_vectors,
)
from guidance.core.bulk import insert_rows, update_rows
from guidance.core.rows import (
    Refused,
    RowVerdict,
    Status,
    check_alone,
    check_money,
    count_statuses,
)
from guidance.core.services import record_batch_audit

PLAIN_FIELDS = ("title", "family", "brand", "price", "cost", "currency", "stock", "image")
WRITTEN_FIELDS = (*PLAIN_FIELDS, "titles", "descriptions", "category", "is_hidden", "updated_at")
# So many SKUs of changed products an audit entry names.
AUDITED_SKUS = 20


@transaction.atomic
def upsert_products(*, rows: Sequence[ProductRow], source: str) -> list[RowVerdict]:
    """Create and update products, and return a verdict per row, in the rows' order.

    The rows hold what their types allow (`core.rows.convert_row` sees to it). The same rows again
    change nothing. `source` says where the facts come from: api, import. A batch takes a constant
    number of statements; facts that change reach the listeners in the same transaction.
    """
    known = set(
        Product.objects.filter(sku__in=[row.sku for row in rows]).values_list("sku", flat=True)
    )
    vectors: dict[str, Vector | None] = {}
    valid, verdicts = _check(rows, known, vectors)
    categories, renamed = ensure_categories(valid.values())
    changes = changes_of_names(renamed)
    _insert([row for row in valid.values() if row.sku not in known], categories)
    products = _locked(valid.values())
    changed = _update(valid.values(), products, categories, changes)
    written = write_attributes(
        wanted={products[row.sku].pk: row.attributes or [] for row in valid.values()},
        source=source,
    )
    seen = write_vectors(wanted={products[sku].pk: vector for sku, vector in vectors.items()})
    created = {product.pk for sku, product in products.items() if sku not in known}
    _touch((written.products | seen) - changed - created)
    changed |= written.products | seen
    tell_facts_changed([c for c in changes + written.changes if c.product_id not in created])
    for index, row in valid.items():
        verdicts[index] = RowVerdict(index, _status(products[row.sku].pk, created, changed))
    _audit(verdicts, [row.sku for row in rows], source)
    return [verdicts[index] for index in range(len(rows))]


def _check(
    rows: Sequence[ProductRow], known: set[str], vectors: dict[str, Vector | None]
) -> tuple[dict[int, ProductRow], dict[int, RowVerdict]]:
    valid: dict[int, ProductRow] = {}
    verdicts: dict[int, RowVerdict] = {}
    seen: dict[str, int] = {}
    lengths: Lengths = lengths_of(rows)
    for index, row in enumerate(rows):
        try:
            check_alone(row.sku, index, seen, "sku")
            _check_row(row, is_new=row.sku not in known)
            vector = read_vector(row, lengths)
            if not isinstance(vector, UnsetType):
                vectors[row.sku] = vector
            valid[index] = row
        except Refused as refused:
            verdicts[index] = refused.at(index)
    return valid, verdicts


def _check_row(row: ProductRow, *, is_new: bool) -> None:
    if is_new and row.title is UNSET:
        raise Refused("missing_field", _("title is missing; a new product needs one."))
    check_money(row.price or None, "price")
    check_money(row.cost or None, "cost")
    check_category(row)
    check_attributes(row.attributes or [])


def _insert(rows: Iterable[ProductRow], categories: Mapping[str, Category]) -> None:
    products = []
    for row in sorted(rows, key=lambda row: row.sku):
        product = Product(sku=row.sku)
        _apply(row, product, categories)
        products.append(product)
    insert_rows(products, conflict=["sku"])


def _locked(rows: Iterable[ProductRow]) -> dict[str, Product]:
    """Return the rows' products, locked in one order, so that two batches never wait in a ring."""
    locked = (
        Product.objects.select_for_update(of=("self",), no_key=True)
        .select_related("category")
        .filter(sku__in=[row.sku for row in rows])
        .order_by("pk")
    )
    return {product.sku: product for product in locked}


def _update(
    rows: Iterable[ProductRow],
    products: Mapping[str, Product],
    categories: Mapping[str, Category],
    changes: list[FactChange],
) -> set[int]:
    """Write what rows say anew, append the facts it changes, return the products' keys."""
    changed: dict[int, Product] = {}
    for row in rows:
        product = products[row.sku]
        before = facts_held_by(product)
        if _apply(row, product, categories):
            changed[product.pk] = product
            changes += changes_between(product.pk, before, facts_held_by(product))
    update_rows([changed[key] for key in sorted(changed)], fields=WRITTEN_FIELDS)
    return set(changed)


def _touch(products: set[int]) -> None:
    """Move `updated_at` where only attributes or vectors changed: running processes notice by it
    that what they know of the product is old.
    """
    if products:
        Product.objects.filter(pk__in=products).update(updated_at=timezone.now())


def _apply(row: ProductRow, product: Product, categories: Mapping[str, Category]) -> bool:
    """Bring the object to what the row says and return whether that changed anything."""
    new = {name: getattr(row, name) for name in PLAIN_FIELDS}
    new["is_hidden"] = row.hidden
    new["titles"] = {**product.titles, **(row.titles or {})}
    new["descriptions"] = {**product.descriptions, **(row.descriptions or {})}
    if row.category is None:
        new["category"] = None
    elif row.category is not UNSET:
        new["category"] = categories[steps_of(row.category)[-1]]
    different = {
        name: value
        for name, value in new.items()
        if value is not UNSET and value != getattr(product, name)
    }
    for name, value in different.items():
        setattr(product, name, value)
    return bool(different)


def _status(product_id: int, created: set[int], changed: set[int]) -> Status:
    if product_id in created:
        return Status.CREATED
    return Status.UPDATED if product_id in changed else Status.UNCHANGED


def _audit(verdicts: Mapping[int, RowVerdict], skus: Sequence[str], source: str) -> None:
    """Record what a batch changed; one that changed nothing leaves no entry."""
    touched = [
        skus[verdict.index]
        for verdict in verdicts.values()
        if verdict.status in {Status.CREATED, Status.UPDATED}
    ]
    if touched:
        counts = count_statuses(verdicts.values())
        record_batch_audit(
            actor=None,
            verb="upsert_products",
            model=Product,
            count=len(touched),
            details={"source": source, "rows": counts, "skus": sorted(touched)[:AUDITED_SKUS]},
        )
