"""Image vectors: taken from the shop's system as they are, refused in words, told to models."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from guidance.catalog.frames import item_facts
from guidance.catalog.models import Product, ProductVector
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.services import update_product, upsert_products
from guidance.core.roles import Role
from guidance.recommendations.catalogue import signature

pytestmark = pytest.mark.django_db


def send(storefront: APIClient, *products: dict[str, Any]) -> dict[str, Any]:
    rows = [{"title": "Tea", **product} for product in products]
    answer = storefront.post("/api/v1/products", {"products": rows})
    assert answer.status_code == 200, answer.content
    return answer.json()


def numbers_of(sku: str) -> list[float]:
    (facts,) = item_facts([sku])
    return [] if facts.image is None else np.frombuffer(facts.image, "<f4").tolist()


def test_a_vector_reaches_what_models_learn_from_is_replaced_and_taken_away(
    storefront: APIClient,
) -> None:
    tea = {"sku": "tea", "image_vector": [0.25, -1, 3e-3], "image_vector_model": "clip"}
    assert send(storefront, tea, {"sku": "cup"})["rows"] == ["created", "created"]
    assert numbers_of("tea") == pytest.approx([0.25, -1.0, 0.003])
    assert [facts.image_model for facts in item_facts()] == ["", "clip"]
    assert send(storefront, tea, {"sku": "tea2"})["rows"] == ["unchanged", "created"]
    assert send(storefront, {"sku": "tea", "price": "3"})["rows"] == ["updated"]
    assert numbers_of("tea")
    assert send(storefront, tea | {"image_vector": [1, 2, 3]})["rows"] == ["updated"]
    assert numbers_of("tea") == [1.0, 2.0, 3.0]
    assert send(storefront, {"sku": "tea", "image_vector": None})["rows"] == ["updated"]
    assert numbers_of("tea") == []
    assert send(storefront, {"sku": "tea", "image_vector": None})["rows"] == ["unchanged"]


REFUSED = {
    "empty": ([], {}, "out_of_range", "image_vector"),
    "too long": ([1.0] * 4097, {}, "out_of_range", "image_vector"),
    "a text inside": ([1.0, "2", 3.0], {}, "wrong_type", "image_vector[1]"),
    "no list": ("1,2,3", {}, "wrong_type", "image_vector"),
    "infinite": ([1.0, -1e300, 3.0], {}, "out_of_range", "image_vector[1] of “bad”"),
    "only zeros": ([0.0, 0.0, 1e-60], {}, "out_of_range", "“bad”: holds nothing but zeros"),
    "another length": ([1.0, 2.0], {}, "wrong_length", "“bad”: holds 2 numbers, the shop's"),
    "a model alone": (None, {}, "missing_field", "image_vector of “bad” is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_vector_that_cannot_be_is_refused_in_words_and_the_others_are_kept(
    case: str, storefront: APIClient
) -> None:
    vector, more, code, words = REFUSED[case]
    send(storefront, {"sku": "old", "image_vector": [1, 2, 3]})
    bad = {"sku": "bad", "image_vector": vector, **more}
    if vector is None:
        bad["image_vector_model"] = "clip"
    answer = send(storefront, bad, {"sku": "good", "image_vector": [3, 2, 1]})
    assert answer["rows"] == ["rejected", "created"]
    [verdict] = answer["rejected"]
    assert verdict["code"] == code
    assert words in verdict["detail"]
    assert (numbers_of("good"), numbers_of("old")) == ([3.0, 2.0, 1.0], [1.0, 2.0, 3.0])
    assert not Product.objects.filter(sku="bad").exists()


def test_the_first_of_a_batch_tells_the_length_and_another_network_may_have_another(
    storefront: APIClient,
) -> None:
    rows = [{"sku": f"p{n}", "image_vector": [1.0] * length} for n, length in enumerate((3, 4, 3))]
    assert send(storefront, *rows)["rows"] == ["created", "rejected", "created"]
    other = {"sku": "p1", "image_vector": [1.0] * 4, "image_vector_model": "dino"}
    assert send(storefront, other)["rows"] == ["created"]


@pytest.mark.django_db(transaction=True)
def test_two_first_uploads_at_once_agree_on_one_length() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("SQLite's test database lives in one connection; PostgreSQL runs this")

    def upload(sku: str, length: int) -> str:
        row = ProductRow(sku=sku, title="Tea", image_vector=[1.0] * length)
        [verdict] = upsert_products(rows=[row], source="api")
        return verdict.code

    def elsewhere() -> str:
        try:
            return upload("second", 4)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            assert upload("first", 3) == ""
            second = pool.submit(elsewhere)
            with pytest.raises(TimeoutError):
                second.result(timeout=1)
        assert second.result(timeout=10) == "wrong_length"
    assert set(ProductVector.objects.values_list("dimensions", flat=True)) == {3}


def test_a_change_of_a_vector_or_an_attribute_alone_tells_running_processes(
    storefront: APIClient,
) -> None:
    tea: dict[str, Any] = {"sku": "tea", "title": "Tea", "image_vector": [1, 2]}
    send(storefront, tea)
    seen = {signature()}
    send(storefront, tea | {"image_vector": [1, 3]})
    seen.add(signature())
    send(storefront, {"sku": "tea", "attributes": [{"key": "colour", "value": "red"}]})
    seen.add(signature())
    row = AttributeRow(key="colour", value="green")
    update_product(product=Product.objects.get(), actor=None, attributes=[row])
    seen.add(signature())
    assert len(seen) == 4
    send(storefront, tea | {"image_vector": [1, 3]})
    assert signature() in seen


def test_many_vectors_take_as_many_statements_as_one(storefront: APIClient) -> None:
    def statements(count: int) -> int:
        rows = [{"sku": f"{count}-{n}", "image_vector": [1.0, n + 2.0]} for n in range(count)]
        with CaptureQueriesContext(connection) as captured:
            assert send(storefront, *rows)["created"] == count
        return len(captured)

    send(storefront, {"sku": "first", "image_vector": [1, 1]})
    assert statements(1) == statements(200)
    with CaptureQueriesContext(connection) as captured:
        assert len(item_facts()) == 202
    assert len(captured) == 3


@pytest.mark.parametrize(("dimensions", "held"), [(0, 0), (2, 3), (4097, 4097)])
def test_the_database_refuses_what_no_vector_can_be(dimensions: int, held: int) -> None:
    tea = Product.objects.create(sku="tea", title="Tea")
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductVector.objects.create(product=tea, dimensions=dimensions, numbers=b"\0" * 4 * held)


def test_the_product_s_page_tells_of_its_vector(
    storefront: APIClient, desk: Callable[..., Client]
) -> None:
    send(
        storefront,
        {"sku": "tea", "image_vector": [1.0] * 512, "image_vector_model": "clip"},
        {"sku": "cup", "image_vector": None},
        {"sku": "pot", "image_vector": [1.0] * 3},
    )
    client = desk(Role.MERCHANDISER)

    def told(sku: str) -> str:
        product = Product.objects.get(sku=sku)
        return client.get(f"/admin/catalog/product/{product.pk}/change/").content.decode()

    assert "512 numbers of clip, since " in told("tea")
    assert "3 numbers, since " in told("pot")
    assert "numbers" not in told("cup")


def test_the_document_describes_the_vector(storefront: APIClient) -> None:
    document = storefront.get("/api/v1/schema/?format=json").json()
    body = document["paths"]["/api/v1/products"]["post"]["requestBody"]["content"]
    rows = body["application/json"]["schema"]["properties"]["products"]["items"]
    assert "network" in str(rows["properties"]["image_vector"])
