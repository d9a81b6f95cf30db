"""Rows of catalog: categories and products."""

from typing import Any

from guidance.catalog.models import Category, Product
from tests.factories.numbers import next_number


def category(**given: Any) -> Category:
    n = next_number()
    return Category.objects.create(
        **{"path": f"Tea > Kind {n}", "names": {"en": f"Kind {n}", "zh-hans": f"种类{n}"}, **given}
    )


def product(**given: Any) -> Product:
    n = next_number()
    return Product.objects.create(
        **{
            "sku": f"sku-{n}",
            "title": f"Green tea {n}",
            "category": given.pop("category", None) or category(),
            "price": "9.50",
            "stock": 5,
            **given,
        }
    )
