"""Events as a storefront sends them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from guidance.catalog.models import Product
from guidance.core.ids import new_id

EventMaker = Callable[..., dict[str, Any]]


@pytest.fixture
def tea(db: None) -> Product:
    """A product that the shop sells."""
    return Product.objects.create(sku="tea", title="Green tea")


@pytest.fixture
def event(tea: Product) -> EventMaker:
    """Make a view of tea a minute ago, with whatever the test says instead."""

    def make(**fields: Any) -> dict[str, Any]:
        return {
            "id": str(new_id()),
            "kind": "view",
            "customer": "c1",
            "time": (timezone.now() - timedelta(minutes=1)).isoformat(),
            "sku": "tea",
        } | fields

    return make
