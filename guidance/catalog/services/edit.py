"""Edits of products by people at the desk."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from guidance.catalog.hooks import tell_facts_changed
from guidance.catalog.models import Product
from guidance.catalog.rows import AttributeRow
from guidance.catalog.services.attributes import check_attributes, write_attributes
from guidance.catalog.services.facts import changes_between, facts_held_by
from guidance.core.models import User
from guidance.core.services import record_audit, record_batch_audit

EDITABLE = frozenset(
    {
        "title",
        "titles",
        "descriptions",
        "category",
        "family",
        "brand",
        "price",
        "cost",
        "currency",
        "stock",
        "image",
        "is_hidden",
    }
)
SOURCE = "desk"


@transaction.atomic
def update_product(
    *,
    product: Product,
    actor: User | None,
    fields: Mapping[str, Any] | None = None,
    attributes: Sequence[AttributeRow] = (),
) -> Product:
    """Set these fields and attributes of a product and leave every other as it is.

    Writes one audit entry and tells the facts listeners, unless nothing changed. Raises
    ValueError for a field that cannot be edited and `core.rows.Refused` for attributes that
    contradict each other.
    """
    if unknown := set(fields or {}) - EDITABLE:
        raise ValueError(f"No field to edit: {', '.join(sorted(unknown))}")
    check_attributes(attributes)
    locked = (
        Product.objects.select_for_update(of=("self",), no_key=True)
        .select_related("category")
        .get(pk=product.pk)
    )
    before = facts_held_by(locked)
    different = {n: v for n, v in (fields or {}).items() if v != getattr(locked, n)}
    for name, value in different.items():
        setattr(locked, name, value)
    written = write_attributes(wanted={locked.pk: attributes}, source=SOURCE)
    if different or written.changes:
        locked.save(update_fields=[*different, "updated_at"])
    changes = changes_between(locked.pk, before, facts_held_by(locked)) + written.changes
    tell_facts_changed(changes)
    if different or written.changes:
        details = {
            "fields": sorted(different),
            "facts": [
                {"key": c.key, "language": c.language, "old": c.old, "new": c.new} for c in changes
            ],
        }
        record_audit(actor=actor, verb="update_product", target=locked, details=details)
    return locked


@transaction.atomic
def hide_products(*, products: Iterable[Product], hidden: bool, actor: User | None) -> int:
    """Take products out of every answer, or bring them back; return how many that changed.

    `updated_at` moves, by which running processes notice that their catalogue is an old one.
    """
    chosen = Product.objects.select_for_update(no_key=True).filter(
        pk__in=[product.pk for product in products], is_hidden=not hidden
    )
    skus = list(chosen.order_by("pk").values_list("sku", flat=True))
    if skus:
        changed = Product.objects.filter(sku__in=skus)
        changed.update(is_hidden=hidden, updated_at=timezone.now())
        record_batch_audit(
            actor=actor,
            verb="hide_products" if hidden else "show_products",
            model=Product,
            count=len(skus),
            details={"skus": skus},
        )
    return len(skus)
