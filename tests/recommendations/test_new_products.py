"""A product that came after the training: placed by what it says of itself, at once."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.recommendations.models import Surface
from guidance.recommendations.state import state
from guidance.training.models import ModelVersion
from models_ml.data.columns import PURCHASE, VIEW

pytestmark = pytest.mark.django_db
TEA = {
    "sku": "NEW-TEA",
    "title": "Green tea leaf, huge",
    "category": "All > Taste 0",
    "brand": "Brand 0",
    "price": "5.40",
    "stock": 3,
}


def post(storefront: APIClient, **product: object) -> None:
    answer = storefront.post("/api/v1/products", {"products": [{**TEA, **product}]}, "json")
    assert answer.status_code == 200, answer.content


def shown(storefront: APIClient, ref: str, limit: int = 20) -> dict[str, dict]:
    asked = {"surface": "home", "customer": ref, "limit": limit}
    (answer,) = storefront.get("/api/v1/recommendations", asked).json()
    assert answer["policy"] == "model", answer
    return {item["sku"]: item for item in answer["items"]}


def test_it_is_recommended_on_the_next_request_to_whom_it_suits(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    assert "NEW-TEA" not in shown(storefront, "ann")
    post(storefront)
    post(storefront, sku="NEW-SHEARS", title="Garten Schere", category="All > Taste 2", brand="X")
    items = shown(storefront, "ann", limit=30)
    # Candidates that no policy ranked come last, and as such.
    assert items["NEW-TEA"]["reason"] != "New in the shop"
    assert items["NEW-TEA"]["position"] < items["NEW-SHEARS"]["position"]


def test_what_a_shopper_did_with_it_counts(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    products: dict[str, Product],
    happened: Callable[..., object],
) -> None:
    """A visitor who only ever looked at the new product is answered by the model."""
    post(storefront)
    products["NEW-TEA"] = Product.objects.get(sku="NEW-TEA")
    happened("eve", VIEW, "NEW-TEA")
    best = list(shown(storefront, "eve", limit=4))
    assert set(best) <= {f"P0{number}" for number in range(8)} | {"NEW-TEA"}


def test_who_bought_it_is_answered(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    products: dict[str, Product],
    happened: Callable[..., object],
) -> None:
    """Repurchase timing knows nothing of it, and must not be asked."""
    post(storefront)
    products["NEW-TEA"] = Product.objects.get(sku="NEW-TEA")
    for minutes in (5, 5_000):
        happened("eve", PURCHASE, "NEW-TEA", minutes)
    assert "NEW-TEA" in shown(storefront, "eve")


def test_a_picture_or_an_attribute_alone_places_it_and_moves_it(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    """Ann buys of the first taste; the product says nothing that was known, but for its looks."""

    def score() -> float:
        return shown(storefront, "ann", limit=30)["NEW-TEA"]["score"]

    plain = {"title": "Xyzzy", "category": None, "brand": "", "price": None}
    post(storefront, **plain, image_vector=[0, 0, 2, 0], image_vector_model="eye")
    shears = score()
    post(storefront, image_vector=[2, 0, 0, 0], image_vector_model="eye", **plain)
    tea = score()
    assert tea > shears
    post(storefront, image_vector=[2, 0, 0, 0], image_vector_model="another", **plain)
    assert score() != tea
    unseen = score()
    attributes = [{"key": "kind", "value": "Garten Schere"}]
    post(storefront, **plain, attributes=attributes)
    assert score() != unseen


def test_a_sold_out_new_product_leaves_and_a_changed_one_moves(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    post(storefront)
    before = shown(storefront, "ann", limit=30)["NEW-TEA"]["score"]
    post(storefront, title="Garten Schere", category="All > Taste 2", brand="Brand 5")
    assert shown(storefront, "ann", limit=30)["NEW-TEA"]["score"] < before
    post(storefront, stock=0)
    assert "NEW-TEA" not in shown(storefront, "ann", limit=30)


def test_nothing_is_read_again_while_the_catalogue_stays(
    storefront: APIClient, home: Surface, version: ModelVersion, products: dict[str, Product]
) -> None:
    post(storefront)
    state.refresh()
    first = state.version
    with CaptureQueriesContext(connection) as queries:
        state.refresh()
    assert not [one for one in queries if "productattribute" in one["sql"]]
    assert not [one for one in queries if "productvector" in one["sql"]]
    assert state.version.rankers["model"] is first.rankers["model"]
