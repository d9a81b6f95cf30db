"""`GET products/{sku}/similar`."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from guidance.catalog.models import Product, ProductAttribute
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


def test_what_a_rule_of_every_surface_takes_off_is_similar_to_nothing(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion
) -> None:
    shown = [one["sku"] for one in _similar(storefront, "P08", limit=3)["items"]]
    surface = factories.surface()
    for sku, where in ((shown[0], None), (shown[1], surface)):
        factories.rule(kind="block", product=products[sku], surface=where)
    again = [one["sku"] for one in _similar(storefront, "P08", limit=3)["items"]]
    assert shown[0] not in again
    assert shown[1] in again


def test_without_a_model_the_popular_ones_of_the_category_answer(
    storefront: APIClient, products: dict[str, Product], sold: None
) -> None:
    Product.objects.filter(sku="P18").update(category=factories.category())
    answer = storefront.get("/api/v1/products/P00/similar").json()
    assert answer["policy"] == "popularity"
    assert [item["sku"] for item in answer["items"]] == ["P16", "P20"]
    assert answer["items"][0]["reason"] == "Popular right now"


def _similar(client: APIClient, sku: str, **query: object) -> dict[str, Any]:
    response = client.get(f"/api/v1/products/{sku}/similar", query)
    assert response.status_code == 200, response.json()
    return response.json()


def test_together_is_what_completes_and_similar_what_replaces(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion
) -> None:
    tea, cups = factories.category(), factories.category()
    Product.objects.exclude(sku__in=taste_of(1)[2:]).update(category=tea)
    Product.objects.filter(sku__in=taste_of(1)[2:]).update(category=cups)
    together = _similar(storefront, "P08", kind="together", limit=3)
    assert together["policy"] == "co_occurrence"
    assert {item["sku"] for item in together["items"]} <= set(taste_of(1)[2:])
    similar = _similar(storefront, "P08", kind="similar", limit=3)
    assert similar["policy"] == "similarity"
    categories = {Product.objects.get(sku=item["sku"]).category for item in similar["items"]}
    assert categories == {tea}
    assert similar["items"][0]["reason"] == "Like Product P08"
    scores = [item["score"] for item in similar["items"]]
    assert scores == sorted(scores, reverse=True)


def test_a_product_added_today_is_like_those_that_tell_the_same(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion
) -> None:
    tea = Product.objects.get(sku="P00").category
    new = factories.product(sku="NEW", title="Sencha from Uji", category=tea, brand="Kyo")
    near = factories.product(sku="NEAR", title="Gyokuro from Uji", category=tea, brand="Kyo")
    for one in (new, near):
        ProductAttribute.objects.create(product=one, key="origin", value="Uji")
    similar = _similar(storefront, "NEW", kind="similar")
    assert (similar["policy"], similar["items"][0]["sku"]) == ("similarity", "NEAR")


def test_what_goes_with_a_product_added_today_goes_with_its_category(
    storefront: APIClient, products: dict[str, Product], version: ModelVersion, sold: None
) -> None:
    tea, cups = factories.category(), factories.category()
    Product.objects.filter(sku__in=["P16", "P18"]).update(category=tea)
    Product.objects.exclude(sku__in=["P16", "P18"]).update(category=cups)
    factories.product(sku="NEW", category=tea)
    together = _similar(storefront, "NEW", kind="together", limit=3)
    assert together["policy"] == "co_occurrence"
    assert {item["sku"] for item in together["items"]} <= set(taste_of(2)) - {"P16", "P18"}
    assert together["items"]


@pytest.mark.parametrize("kind", ["similar", "together"])
def test_a_shop_of_one_product_has_nothing_like_it(storefront: APIClient, kind: str) -> None:
    factories.product(sku="ONLY")
    assert _similar(storefront, "ONLY", kind=kind)["items"] == []


def test_without_category_and_model_nothing_is_like_anything(
    storefront: APIClient, products: dict[str, Product], sold: None
) -> None:
    Product.objects.update(category=None)
    answer = _similar(storefront, "P00", kind="similar")
    assert answer["policy"] == "popularity"


def test_an_unknown_kind_is_named(storefront: APIClient, products: dict[str, Product]) -> None:
    response = storefront.get("/api/v1/products/P00/similar?kind=alike&limit=0")
    errors = response.json()["errors"]
    assert {error["pointer"] for error in errors} == {"/kind", "/limit"}


def test_statements_of_similar_products_do_not_grow(
    storefront: APIClient,
    products: dict[str, Product],
    version: ModelVersion,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    def counted() -> int:
        _similar(storefront, "P08", kind="similar")
        with django_assert_max_num_queries(100) as found:
            _similar(storefront, "P08", kind="similar", limit=20)
        return len(found)

    few = counted()
    category = products["P08"].category
    for number in range(40):
        one = factories.product(category=category)
        ProductAttribute.objects.create(product=one, key="size", value=str(number))
    assert counted() == few


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
