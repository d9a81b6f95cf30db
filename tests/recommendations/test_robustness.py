"""Whatever the shop or its model look like, a storefront gets an answer or a clear error."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.recommendations.selectors import HISTORY_EVENTS
from guidance.training.models import ModelVersion
from tests.trained import let_serve_alone, rewrite_manifest

URL = "/api/v1/recommendations"


def _ask(storefront: APIClient, **query: object) -> dict[str, Any]:
    response = storefront.get(URL, {"surface": "home", "customer": "ann", **query})
    assert response.status_code == 200, response.json()
    return response.json()[0]


def test_ids_that_nobody_knows_are_answered(
    storefront: APIClient, home: Surface, version: ModelVersion, sold: None
) -> None:
    answer = _ask(storefront, customer="nobody knows", context_product="no such product")
    assert len(answer["items"]) == 4
    assert storefront.get("/api/v1/products/no-such-product/similar").status_code == 404


def test_ten_thousand_events_are_answered_from_the_newest_of_them(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    shopper: Customer,
    products: dict[str, Product],
) -> None:
    known, now = list(products.values()), timezone.now()
    Event.objects.bulk_create(
        Event(
            id=new_id(),
            kind="purchase" if number % 3 else "view",
            customer=shopper,
            product=known[number % len(known)],
            occurred_at=now - timedelta(minutes=number),
            basket=f"basket {number // 4}",
        )
        for number in range(10_000)
    )
    with CaptureQueriesContext(connection) as captured:
        assert _ask(storefront)["policy"] == "model"
    (read,) = [
        query["sql"]
        for query in captured.captured_queries
        if 'FROM "behaviour_event"' in query["sql"] and "occurred_at" in query["sql"]
    ]
    assert f"LIMIT {HISTORY_EVENTS}" in read


def test_a_shop_whose_catalogue_is_empty_answers_nothing(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    Product.objects.update(is_hidden=True)
    answer = _ask(storefront)
    assert answer["items"] == []
    assert Decision.objects.get(pk=answer["decision_id"]).items == []


def test_a_shop_of_one_product_recommends_it(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    Product.objects.exclude(sku="P06").update(is_hidden=True)
    assert [item["sku"] for item in _ask(storefront)["items"]] == ["P06"]
    assert [item["sku"] for item in _ask(storefront, customer="new")["items"]] == ["P06"]
    assert _ask(storefront, context_product="P06")["items"] == []


@pytest.mark.parametrize("name", ["item_vectors", "repeat_rates"])
def test_features_that_are_no_numbers_leave_the_fallback_or_what_can_be_ranked(
    storefront: APIClient,
    home: Surface,
    new_version: Callable[..., ModelVersion],
    shopper: Customer,
    sold: None,
    name: str,
) -> None:
    version = new_version()
    let_serve_alone(version.folder, "transformer")
    path = version.folder / f"{name}.npy"
    np.save(path, np.full_like(np.load(path), np.nan))
    rewrite_manifest(version.folder)
    answer = _ask(storefront)
    assert len(answer["items"]) == 4
    assert all(np.isfinite(item["score"]) for item in answer["items"])
