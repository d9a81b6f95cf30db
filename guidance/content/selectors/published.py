"""Reads of what is published."""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import Publication, PublishedCopy
from guidance.core.compiled import AnyOf, CompiledQuery, Parameter, as_object

# A product's copy by kind.
Copy = dict[str, Any]
# What `copy_as_json` reads of a publication; every storefront's answer reads some.
COPY_FIELDS = ("id", "text", "number", "published_at", "is_edited", "writer")


def published_copy(product_ids: Collection[int], language: str) -> dict[int, Copy]:
    """Return, for each product that has any, its live copy in `language` by kind.

    `{product_id: {"description": {"text", "version", "label"}}}`; one query.
    """
    return copy_by_product(LIVE_COPY.rows(products=product_ids, language=language))


def copy_by_product(rows: Sequence[Sequence[Any]]) -> dict[int, Copy]:
    """Return what rows of `LIVE_COPY` tell, as `published_copy` does."""
    found: dict[int, Copy] = {}
    for product, kind, *values in rows:
        publication = as_object(Publication, COPY_FIELDS, values)
        found.setdefault(product, {})[kind] = copy_as_json(publication)
    return found


def copy_of_product(product: Product, language: str) -> dict[str, Any]:
    """Return a product's live copy in `language`, by kind."""
    return published_copy([product.pk], language).get(product.pk, {})


def copy_about(skus: Collection[str], language: str) -> list[PublishedCopy]:
    """Return the live copy in `language` about these products with product and publication.

    Hidden and sold-out products are left out; a product's descriptions come before its short ones.
    One statement, none for no products.
    """
    if not skus:
        return []
    rows = _live().select_related("product").filter(product__sku__in=skus, language=language)
    shown = Q(product__stock__isnull=True) | Q(product__stock__gt=0)
    return list(rows.filter(shown, product__is_hidden=False).order_by("kind", "product_id"))


def changed_copy(
    *, since: datetime | None, after: tuple[datetime, int] | None, language: str, limit: int
) -> list[PublishedCopy]:
    """Return what changed since a time (inclusive), oldest first, beyond the row `after` names."""
    rows = _current()
    if since is not None:
        rows = rows.filter(changed_at__gte=since)
    if after is not None:
        time, row_id = after
        rows = rows.filter(Q(changed_at__gt=time) | Q(changed_at=time, id__gt=row_id))
    if language:
        rows = rows.filter(language=language)
    return list(rows.order_by("changed_at", "id")[:limit])


def copy_as_json(publication: Publication) -> dict[str, Any]:
    """Return a publication as storefronts get it, with a label that says who wrote it."""
    return {
        "text": publication.text,
        "version": publication.number,
        "published_at": publication.published_at.isoformat(),
        "label": {
            "origin": "machine_edited" if publication.is_edited else "machine",
            "writer": publication.writer,
            "reviewed": True,
            "notice": notice(publication),
        },
    }


def change_as_json(row: PublishedCopy) -> dict[str, Any]:
    """Return one change; copy that is not live any more comes without its text."""
    is_live = row.status == PublishedCopy.Status.LIVE
    return {
        "sku": row.product.sku,
        "kind": row.kind,
        "language": row.language,
        "status": row.status,
        "changed_at": row.changed_at.isoformat(),
        "copy": copy_as_json(row.publication) if is_live else None,
    }


def notice(publication: Publication) -> str:
    """Return the label in words, for the shopper's page."""
    if publication.is_edited:
        return _("Written by software, edited and approved by a person.")
    return _("Written by software, approved by a person.")


def etag(body: dict[str, Any]) -> str:
    """Return a strong entity tag over what an answer says."""
    said = json.dumps(body, sort_keys=True, ensure_ascii=False)
    return f'"{hashlib.sha256(said.encode()).hexdigest()[:32]}"'


def _current() -> QuerySet[PublishedCopy]:
    return PublishedCopy.objects.select_related("publication", "product")


def _live() -> QuerySet[PublishedCopy]:
    return PublishedCopy.objects.select_related("publication").filter(
        status=PublishedCopy.Status.LIVE
    )


LIVE_COPY = CompiledQuery(
    lambda: (
        _live()
        .filter(AnyOf(F("product_id"), "products"), language=Parameter("language"))
        .order_by()
        .values_list("product_id", "kind", *(f"publication__{name}" for name in COPY_FIELDS))
    )
)
