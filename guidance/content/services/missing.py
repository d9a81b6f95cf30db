"""Supplying missing facts, which starts the drafts that waited for them."""

from collections.abc import Mapping
from dataclasses import dataclass

from guidance.catalog.models import Product
from guidance.catalog.rows import AttributeRow
from guidance.catalog.services import update_product
from guidance.content.models import MissingFacts
from guidance.content.services.drafting import Drafted, draft_products
from guidance.content.services.waiting import require
from guidance.core.models import User
from models_ml.writer.facts import key_info

LONGEST_VALUE = 500


@dataclass(frozen=True)
class Supplied:
    """What supplying came to: facts written, drafts started, products that still lack facts."""

    facts: int
    drafted: int
    missing: int


def supply_facts(*, values: Mapping[int, Mapping[str, str]], actor: User) -> Supplied:
    """Write facts for rows of the list (by MissingFacts id: key -> value) and draft at once.

    Empty values are left out, and so is a row that somebody else supplied meanwhile. Each product
    is saved for itself, and tried in every language and kind that it lacks, since a fact may serve
    several. `actor` becomes the requester of the drafts. Raises PermissionDenied.
    """
    require(actor, "content.change_missingfacts")
    require(actor, "catalog.change_product")
    facts = drafted = missing = 0
    touched: list[int] = []
    for row in MissingFacts.objects.select_related("product").filter(pk__in=values):
        told = _rows(row, values[row.pk])
        if not told:
            continue
        update_product(product=row.product, actor=actor, attributes=told)
        facts += len(told)
        touched.append(row.product_id)
    for row in MissingFacts.objects.select_related("product").filter(product__in=touched):
        result = _draft(row.product, row, actor)
        drafted, missing = drafted + result.drafted, missing + result.missing
    return Supplied(facts=facts, drafted=drafted, missing=missing)


def _rows(row: MissingFacts, values: Mapping[str, str]) -> list[AttributeRow]:
    """Return the attributes to write; a measure or name reads the same in every language."""
    told = []
    for key in row.keys:
        value = " ".join(values.get(key, "").replace("\x00", "").split())[:LONGEST_VALUE]
        if value:
            language = "" if "neutral" in key_info(key).traits else row.language
            told.append(AttributeRow(key=key, value=value, language=language))
    return told


def _draft(product: Product, row: MissingFacts, actor: User) -> Drafted:
    return draft_products(
        product_ids=[product.pk],
        kind=row.kind,
        language=row.language,
        brief=row.brief(),
        requested_by=actor,
    )
