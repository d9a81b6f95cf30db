"""Reads of the catalogue: the facts that copy may state."""

from collections.abc import Iterable

from django.db.models import prefetch_related_objects

from guidance.catalog.models import Product
from models_ml.writer.facts import LANGUAGES, Fact

OWN = "catalogue"


def facts_of(products: Iterable[Product], language: str) -> dict[int, list[Fact]]:
    """Return what copy in `language` may draw on, by product: brand, category, price, attributes.

    A fact in another language is left out; one without a language is for all. The writer itself
    decides which of them it can say (`models_ml.writer.facts.claimable`). Two statements at most.
    """
    found = list(products)
    prefetch_related_objects(found, "category", "attributes")
    return {product.pk: [*_own(product, language), *_told(product, language)] for product in found}


def _own(product: Product, language: str) -> list[Fact]:
    facts = []
    if product.brand:
        facts.append(Fact("brand", product.brand, source=OWN))
    if product.category is not None:
        named = product.category.names.get(language)
        leaf = (named or product.category.path).rpartition(">")[2].strip()
        facts.append(Fact("category", leaf, language=language if named else "", source=OWN))
    if product.price is not None:
        facts.append(Fact("price", f"{product.price:.2f}", product.currency, source=OWN))
    return facts


def _told(product: Product, language: str) -> list[Fact]:
    return [
        Fact(a.key, a.value, a.unit, a.language, a.source)
        for a in product.attributes.all()
        if a.language in {"", language} and language in LANGUAGES
    ]
