"""What the shop as a whole offers to writing: its brands, and the languages that have facts."""

from collections.abc import Collection
from datetime import timedelta
from decimal import Decimal

from django.db.models import Q, Sum
from django.utils import timezone

from guidance.behaviour.models import ProductDayRollup, Source
from guidance.catalog.models import Product, ProductAttribute
from guidance.content.briefs import USUAL, Brief
from guidance.content.models import Draft, Kind, PublishedCopy
from guidance.core.selectors import default_market
from models_ml.writer.facts import LANGUAGES
from models_ml.writer.terms import Terms, terms_of


def shop_brands() -> Terms:
    """Return every brand of the shop, indexed for look-up in text; one query."""
    brands = Product.objects.exclude(brand="").order_by().values_list("brand", flat=True).distinct()
    return terms_of(list(brands))


def languages_with_facts() -> list[str]:
    """Return the languages the writer knows in which this shop says anything.

    The default market's language counts by itself, since every product has the shop's own title.
    """
    return [language for language in LANGUAGES if _has_facts(language)]


def _has_facts(language: str) -> bool:
    return (
        default_market().language == language
        or Product.objects.filter(titles__has_key=language).exists()
        or ProductAttribute.objects.filter(language=language).exists()
    )


def products_to_draft(*, kind: Kind | str, language: str, brief: Brief = USUAL) -> list[int]:
    """Return ids of shown products without such a draft or copy, or a description of their own.

    A product whose last draft was rejected is left to people, who may ask for it by name.
    """
    place = {"kind": kind, "language": language, **brief.place()}
    done = Draft.objects.filter(**place).exclude(status="approved")
    published = PublishedCopy.objects.filter(**place)
    products = (
        Product.objects.filter(is_hidden=False)
        .exclude(pk__in=done.values("product_id"))
        .exclude(pk__in=published.values("product_id"))
    )
    if kind == Kind.DESCRIPTION and not brief.has_audience:
        described = Q(descriptions__has_key=language) & ~Q(**{f"descriptions__{language}": ""})
        products = products.exclude(described)
    return list(products.order_by("pk").values_list("pk", flat=True))


def takings_of(product_ids: Collection[int]) -> dict[int, Decimal]:
    """Return what each product that sold brought in the last 30 days; one query."""
    since = timezone.now().date() - timedelta(days=30)
    days = ProductDayRollup.objects.filter(product_id__in=product_ids, day__gte=since)
    sold = days.exclude(source=Source.REPLAY).values("product_id").annotate(sum=Sum("value"))
    return {row["product_id"]: row["sum"] for row in sold.order_by() if row["sum"] > 0}
