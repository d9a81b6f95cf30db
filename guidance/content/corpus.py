"""What a shop says of its products, for language models: live copy, descriptions, titles, facts."""

from collections.abc import Iterator

from django.utils.html import strip_tags

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import PublishedCopy
from guidance.core.selectors import default_market
from models_ml.writer.facts import label
from models_ml.writer.preference.data import ShopText, Subject, is_held_out
from models_ml.writer.preference.fluency import MOST_MEASURED

# A language model reads 1.5 million pieces at most, which these have many times over.
MOST_PRODUCTS = 20_000


def shop_texts(language: str) -> list[ShopText]:
    """Return the texts in `language`, the newest products' first; three statements.

    Live copy was approved by a person; it and the descriptions that came in are prose.
    """
    return [*_approved(language), *_catalogue(language)]


def subjects(language: str, *, held_out: bool) -> list[Subject]:
    """Return some products with their facts, either held out or all others; four statements."""
    skus = Product.objects.filter(is_hidden=False).order_by("pk").values_list("sku", flat=True)
    wanted = [sku for sku in skus if is_held_out(sku) == held_out][:MOST_MEASURED]
    products = list(Product.objects.filter(sku__in=wanted).order_by("pk"))
    facts = facts_of(products, language)
    return [
        Subject(one.sku, language, one.title_in(language), tuple(facts[one.pk])) for one in products
    ]


def _approved(language: str) -> Iterator[ShopText]:
    live = PublishedCopy.objects.filter(status=PublishedCopy.Status.LIVE, language=language)
    rows = live.order_by("-changed_at", "-id").values_list("product__sku", "publication__text")
    for sku, text in rows[:MOST_PRODUCTS]:
        yield ShopText(sku, text, is_prose=True)


def _catalogue(language: str) -> Iterator[ShopText]:
    is_own = default_market().language == language
    newest = Product.objects.order_by("-pk").prefetch_related("attributes")[:MOST_PRODUCTS]
    for product in newest:
        title = product.titles.get(language) or (product.title if is_own else "")
        told = ". ".join(
            f"{label(fact.key, language)}: {fact.value} {fact.unit}".strip()
            for fact in product.attributes.all()
            if fact.language in ("", language)
        )
        description = strip_tags(product.descriptions.get(language) or "")
        for text, is_prose in ((title, False), (told, False), (description, True)):
            if text.strip():
                yield ShopText(product.sku, text.strip(), is_prose)
