"""Visitors who are no customers: answered by what they did in this session."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion
from tests.trained import taste_of

URL = "/api/v1/recommendations"


def _ask(client: APIClient, **query: object) -> dict[str, Any]:
    response = client.get(URL, {"surface": "home", **query})
    assert response.status_code == 200, response.json()
    return response.json()[0]


def _skus(answer: dict[str, Any]) -> set[str]:
    return {item["sku"] for item in answer["items"]}


@pytest.mark.parametrize("policy", ["model", "co_occurrence", "ease"])
def test_a_visitor_without_any_id_is_answered_by_what_the_request_tells(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    products: dict[str, Product],
    policy: str,
) -> None:
    Surface.objects.update(policy=policy)
    for taste in (0, 1):
        viewed = ",".join(taste_of(taste)[:2])
        answer = _ask(storefront, viewed=viewed)
        assert answer["policy"] == policy
        assert len(_skus(answer) & set(taste_of(taste))) >= 3
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert logged.customer is None
    assert logged.context == {"limit": 4, "viewed": 2}
    assert not Customer.objects.exists()
    assert not Event.objects.exists()


def test_a_visitor_with_an_id_is_answered_by_the_events_of_the_session(
    storefront: APIClient, home: Surface, version: ModelVersion, products: dict[str, Product]
) -> None:
    events = [
        {
            "id": str(new_id()),
            "kind": "view",
            "customer": "visitor-7f3a",
            "time": timezone.now().isoformat(),
            "sku": sku,
            "session": "s-1",
        }
        for sku in taste_of(1)[:3]
    ]
    storefront.post("/api/v1/events", {"events": events}, format="json")
    answer = _ask(storefront, customer="visitor-7f3a")
    assert answer["policy"] == "model"
    assert len(_skus(answer) & set(taste_of(1))) >= 3
    assert Customer.objects.get(ref="visitor-7f3a").is_anonymous


def test_the_session_adds_to_what_is_known_of_a_customer(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    shopper: Customer,
    happened: Callable[..., Event],
) -> None:
    Surface.objects.update(policy="ease")
    for taste in (1, 2):
        now = _ask(storefront, customer="ann", viewed=",".join(taste_of(taste)), limit=8)
        assert _skus(now) <= {*taste_of(0), *taste_of(taste)}


def test_skus_that_no_product_has_say_nothing(
    storefront: APIClient, home: Surface, version: ModelVersion, sold: None
) -> None:
    answer = _ask(storefront, viewed="nothing,nowhere")
    assert len(answer["items"]) == 4
    assert "nothing" not in str(Decision.objects.get(pk=answer["decision_id"]).items)


@pytest.mark.parametrize(
    "viewed", ["P00,,P01", ",", "P" * 65, ",".join(["P00"] * 51), "P\x0000", "P" * 5000]
)
def test_a_list_that_cannot_be_read_is_named(
    storefront: APIClient, home: Surface, viewed: str
) -> None:
    response = storefront.get(URL, {"surface": "home", "viewed": viewed})
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["/viewed"]
    assert not Decision.objects.exists()


def test_a_shop_without_products_or_model_endures_a_session(
    storefront: APIClient, home: Surface
) -> None:
    assert _ask(storefront, viewed="P00")["items"] == []
