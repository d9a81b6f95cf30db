"""Attributes: the facts that a product's own row does not hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from guidance.catalog.hooks import FactChange
from guidance.catalog.models import ProductAttribute
from guidance.catalog.rows import AttributeRow
from guidance.core.bulk import insert_rows
from guidance.core.rows import Refused


@dataclass
class Written:
    """What changed: the products touched and the facts, as the listeners hear them."""

    products: set[int] = field(default_factory=set)
    changes: list[FactChange] = field(default_factory=list)


def check_attributes(attributes: Iterable[AttributeRow]) -> None:
    """Refuse a list that names one fact twice: nobody could say which is meant."""
    seen: set[tuple[str, str]] = set()
    for place, attribute in enumerate(attributes):
        key = (attribute.key, attribute.language)
        if key in seen:
            raise Refused(
                "repeated",
                _("attributes[%(place)d]: this key and language are already named.")
                % {"place": place},
            )
        seen.add(key)


def write_attributes(*, wanted: Mapping[int, Iterable[AttributeRow]], source: str) -> Written:
    """Set the attributes named for each product (by primary key) and leave the others alone.

    A null value takes an attribute away. The products' rows must be locked. Three statements.
    """
    written = Written()
    wanted = {product: list(rows) for product, rows in wanted.items() if rows}
    if not wanted:
        return written
    stored = {
        (a.product_id, a.key, a.language): a
        for a in ProductAttribute.objects.filter(product__in=wanted)
    }
    setting: list[ProductAttribute] = []
    removing: list[int] = []
    for product_id, rows in wanted.items():
        for row in rows:
            old = stored.get((product_id, row.key, row.language))
            if _says(old) == (row.value, row.unit) or (old is None and row.value is None):
                continue
            if row.value is None and old is not None:
                removing.append(old.pk)
            else:
                setting.append(_attribute(product_id, row, source))
            written.products.add(product_id)
            written.changes.append(_change(product_id, row, old))
    insert_rows(
        setting,
        conflict=["product", "key", "language"],
        update=["value", "unit", "source", "updated_at"],
    )
    if removing:
        ProductAttribute.objects.filter(pk__in=removing).delete()
    return written


def _says(attribute: ProductAttribute | None) -> tuple[str, str] | None:
    return None if attribute is None else (attribute.value, attribute.unit)


def _attribute(product_id: int, row: AttributeRow, source: str) -> ProductAttribute:
    return ProductAttribute(
        product_id=product_id,
        key=row.key,
        language=row.language,
        value=row.value or "",
        unit=row.unit,
        source=source,
    )


def _change(product_id: int, row: AttributeRow, old: ProductAttribute | None) -> FactChange:
    before = None if old is None else f"{old.value} {old.unit}".strip()
    after = None if row.value is None else f"{row.value} {row.unit}".strip()
    return FactChange(product_id, row.key, row.language, before, after)
