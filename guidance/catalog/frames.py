"""What models learn about products: what they say of themselves."""

from collections import defaultdict
from collections.abc import Collection

from guidance.catalog.models import Product, ProductAttribute, ProductVector
from models_ml.data.content import ItemFacts

# More would pass the number of parameters that a statement may have on SQLite.
CHUNK = 5_000


def item_facts(skus: Collection[str] | None = None) -> list[ItemFacts]:
    """Return what every product says of itself, or these alone, in order of SKU.

    Three statements for each 5,000 products named; three for all of them.
    """
    if skus is None:
        return _facts(None)
    wanted = sorted(skus)
    chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
    return [facts for chunk in chunks for facts in _facts(chunk)]


def _facts(skus: Collection[str] | None) -> list[ItemFacts]:
    products = Product.objects.order_by("sku")
    attributes = ProductAttribute.objects.order_by("product_id", "key", "language")
    vectors = ProductVector.objects.all()
    if skus is not None:
        vectors = vectors.filter(product__sku__in=skus)
        products = products.filter(sku__in=skus)
        attributes = attributes.filter(product__sku__in=skus)
    told: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for product, key, value, unit in attributes.values_list("product_id", "key", "value", "unit"):
        told[product].append((key, f"{value} {unit}".strip()))
    images: dict[int, tuple[str, bytes | None]] = {
        product: (model, bytes(numbers))
        for product, model, numbers in vectors.values_list("product_id", "model", "numbers")
    }
    rows = products.values_list("pk", "sku", "title", "titles", "category__path", "brand", "price")
    return [
        ItemFacts(
            item=sku,
            titles=tuple(dict.fromkeys([title, *(titles[key] for key in sorted(titles))])),
            category=category or "",
            brand=brand,
            price=None if price is None else float(price),
            attributes=tuple(told[pk]),
            image_model=image_model,
            image=image,
        )
        for pk, sku, title, titles, category, brand, price in rows
        for image_model, image in [images.get(pk, ("", None))]
    ]
