"""`GET products/{sku}/similar`."""

import pytest
from rest_framework.test import APIClient

from guidance.catalog.models import Product
from guidance.decisions.models import Decision
from guidance.training.models import ModelVersion
from tests import factories
from tests.trained import taste_of


def test_similar_products_are_those_bought_together(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion
) -> None:
    answer = storefront.get("/api/v1/products/P08/similar?limit=3").json()
    assert (answer["sku"], answer["policy"]) == ("P08", "co_occurrence")
    skus = [item["sku"] for item in answer["items"]]
    assert len(skus) == 3
    assert set(skus) <= set(taste_of(1)) - {"P08", "P09"}
    assert len({products[sku].family for sku in skus}) == 3
    assert answer["items"][0]["reason"] == "Often bought together with Product P08"
    assert not Decision.objects.exists()


def test_sold_out_products_are_similar_to_nothing(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion
) -> None:
    first = storefront.get("/api/v1/products/P08/similar").json()["items"][0]["sku"]
    Product.objects.filter(sku=first).update(stock=0)
    again = storefront.get("/api/v1/products/P08/similar").json()["items"]
    assert first not in [item["sku"] for item in again]


def test_without_a_model_the_popular_ones_of_the_category_answer(
    storefront: APIClient, products: dict[str, Product], sold: None
) -> None:
    Product.objects.filter(sku="P18").update(category=factories.category())
    answer = storefront.get("/api/v1/products/P00/similar").json()
    assert answer["policy"] == "popularity"
    assert [item["sku"] for item in answer["items"]] == ["P16", "P20"]
    assert answer["items"][0]["reason"] == "Popular right now"


def test_an_unknown_or_hidden_product_is_not_found(
    storefront: APIClient, products: dict[str, Product]
) -> None:
    Product.objects.filter(sku="P00").update(is_hidden=True)
    for sku in ("P00", "nothing"):
        response = storefront.get(f"/api/v1/products/{sku}/similar")
        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"


def test_a_bad_limit_is_named(storefront: APIClient, products: dict[str, Product]) -> None:
    response = storefront.get("/api/v1/products/P00/similar?limit=0")
    assert response.json()["errors"][0]["pointer"] == "/limit"


@pytest.mark.parametrize("sku", ["%00", "P%0000", "P" * 65])
def test_a_sku_that_no_product_can_have_is_named(storefront: APIClient, sku: str) -> None:
    response = storefront.get(f"/api/v1/products/{sku}/similar")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/sku"


def test_a_sku_may_hold_a_slash(storefront: APIClient, products: dict[str, Product]) -> None:
    Product.objects.filter(sku="P00").update(sku="A/00")
    response = storefront.get("/api/v1/products/A/00/similar")
    assert (response.status_code, response.json()["sku"]) == (200, "A/00")
