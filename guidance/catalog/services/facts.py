"""Which facts of a product changed: title, brand, category, price; attributes tell their own."""

from collections.abc import Mapping, Sequence

from guidance.catalog.hooks import FactChange
from guidance.catalog.models import Category, Product

Facts = dict[tuple[str, str], str]


def facts_held_by(product: Product) -> Facts:
    """Return the facts that the product's own row states, by key and language."""
    facts: Facts = {("title", ""): product.title}
    facts |= {("title", language): title for language, title in product.titles.items()}
    if product.brand:
        facts["brand", ""] = product.brand
    if product.price is not None:
        facts["price", ""] = f"{product.price:.2f} {product.currency}"
    if product.category is not None:
        facts |= _category_facts(product.category.path, product.category.names)
    return facts


def changes_between(product_id: int, old: Facts, new: Facts) -> list[FactChange]:
    """Return what is different between two states of one product."""
    return [
        FactChange(product_id, key, language, old.get((key, language)), new.get((key, language)))
        for key, language in sorted(old.keys() | new.keys())
        if old.get((key, language)) != new.get((key, language))
    ]


def changes_of_names(renamed: Sequence[tuple[Category, Mapping[str, str]]]) -> list[FactChange]:
    """Return what renamed categories, given with their old names, change about their products."""
    if not renamed:
        return []
    states = {
        category.pk: (
            _category_facts(category.path, old_names),
            _category_facts(category.path, category.names),
        )
        for category, old_names in renamed
    }
    products = Product.objects.filter(category__in=states).values_list("pk", "category_id")
    return [
        change
        for product_id, category_id in products
        if category_id is not None
        for change in changes_between(product_id, *states[category_id])
    ]


def _category_facts(path: str, names: Mapping[str, str]) -> Facts:
    return {("category", ""): path} | {("category", lang): name for lang, name in names.items()}
