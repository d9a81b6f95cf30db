"""`GET recommendations`: who gets what, why, and what is logged of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.catalog.services import hide_products
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion
from tests.trained import taste_of

URL = "/api/v1/recommendations"


def _ask(storefront: APIClient, **query: object) -> list[dict[str, Any]]:
    response = storefront.get(URL, {"surface": "home", **query})
    assert response.status_code == 200, response.json()
    return response.json()


def _skus(answer: dict[str, Any]) -> list[str]:
    return [item["sku"] for item in answer["items"]]


def test_a_known_shopper_gets_the_model_and_the_decision_says_so(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    (answer,) = _ask(storefront, customer="ann")
    assert set(answer) == {"decision_id", "surface", "policy", "items"}
    assert (answer["surface"], answer["policy"]) == ("home", "model")
    assert {
        *("kind", "sku", "title", "price", "image", "currency"),
        *("position", "score", "reason", "copy"),
    } == set(answer["items"][0])
    assert set(_skus(answer)) <= set(taste_of(0))
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert decision.customer == shopper
    assert decision.policy_version == f"recommender {version.number}"
    assert decision.fallback_from == ""
    assert [item["position"] for item in decision.items] == [1, 2, 3, 4]
    assert {item["propensity"] for item in decision.items} == {1.0}
    assert [item["sku"] for item in decision.items] == _skus(answer)
    assert decision.latency_ms > 0


def test_the_newest_event_counts_at_once(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    before = _skus(_ask(storefront, customer="ann")[0])
    assert not set(before) & set(taste_of(1))
    views = [
        {
            "id": str(new_id()),
            "kind": "purchase",
            "customer": "ann",
            "sku": sku,
            "time": timezone.now().isoformat(),
            "basket": "b1",
        }
        for sku in taste_of(1)[:5]
    ]
    answer = storefront.post("/api/v1/events", {"events": views}).json()
    assert answer["accepted"] == 5, answer
    after = _ask(storefront, customer="ann")[0]
    assert set(_skus(after)) & set(taste_of(1))


def test_reasons_name_what_the_shopper_bought_or_viewed(
    storefront: APIClient,
    home: Surface,
    shopper: Customer,
    version: ModelVersion,
    happened: Callable[..., Event],
) -> None:
    Surface.objects.update(allow_already_bought=False, policy="ease")
    reasons = [item["reason"] for item in _ask(storefront, customer="ann")[0]["items"]]
    bought = tuple(f"Because you bought Product {sku}" for sku in taste_of(0)[:6:2])
    assert any(reason.startswith(bought) for reason in reasons), reasons
    happened("bob", "view", "P08")
    seen = {item["sku"]: item["reason"] for item in _ask(storefront, customer="bob")[0]["items"]}
    assert seen.pop("P08", "You looked at this before") == "You looked at this before"
    assert "Because you viewed Product P08" in seen.values()


def test_nobody_in_particular_gets_what_sells(
    storefront: APIClient, home: Surface, version: ModelVersion, sold: None
) -> None:
    (answer,) = _ask(storefront)
    assert _skus(answer)[:3] == ["P16", "P18", "P20"]
    reasons = [item["reason"] for item in answer["items"]]
    assert reasons == ["Popular right now"] * 3 + ["New in the shop"]
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert decision.customer is None
    assert decision.policy == "popularity"
    assert decision.fallback_from.startswith("model: the shopper has no history")


def test_an_unknown_shopper_gets_what_sells_and_becomes_an_anonymous_customer_with_the_decision(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    (answer,) = _ask(storefront, customer="never met")
    assert _skus(answer)[:2] == ["P16", "P18"]
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert decision.customer is not None
    assert decision.customer.ref == "never met"
    assert decision.customer.is_anonymous


def test_a_refused_request_makes_no_customer(storefront: APIClient, home: Surface) -> None:
    assert storefront.get(URL, {"surface": "nowhere", "customer": "x"}).status_code == 400
    assert not Customer.objects.exists()


def test_a_merged_visitor_is_the_customer_it_was_merged_into(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    Customer.objects.create(ref="cookie", is_anonymous=True, merged_into=shopper)
    (answer,) = _ask(storefront, customer="cookie")
    assert answer["policy"] == "model"
    assert Decision.objects.get(pk=answer["decision_id"]).customer == shopper


def test_stock_zero_leaves_the_next_answer(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    first = _skus(_ask(storefront, customer="ann")[0])[0]
    storefront.post("/api/v1/products", {"products": [{"sku": first, "stock": 0}]})
    assert Product.objects.get(sku=first).stock == 0
    assert first not in _skus(_ask(storefront, customer="ann")[0])


def test_a_product_shown_again_comes_back_into_a_running_process(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    first = _skus(_ask(storefront, customer="ann")[0])[0]
    chosen = [Product.objects.get(sku=first)]
    hide_products(products=chosen, hidden=True, actor=None)
    storefront.post("/api/v1/products", {"products": [{"sku": "new", "title": "New"}]})
    assert first not in _skus(_ask(storefront, customer="ann")[0])
    hide_products(products=chosen, hidden=False, actor=None)
    assert first in _skus(_ask(storefront, customer="ann")[0])


def test_what_is_hidden_behind_the_back_of_the_catalogue_in_memory_is_not_shown_either(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    """An update that leaves no trace in `updated_at` is one the process has not noticed yet."""
    shown = _skus(_ask(storefront, customer="ann")[0])
    Product.objects.filter(sku__in=shown[:2]).update(is_hidden=True)
    again = _skus(_ask(storefront, customer="ann")[0])
    assert len(again) == 4
    assert not set(again) & set(shown[:2])


def test_already_bought_is_a_switch_of_the_surface(
    storefront: APIClient, home: Surface, shopper: Customer, version: ModelVersion
) -> None:
    Surface.objects.update(policy="repeat_frequency")
    owned = set(taste_of(0)[:6:2])
    assert set(_skus(_ask(storefront, customer="ann")[0])) & owned
    Surface.objects.update(allow_already_bought=False)
    answer = _skus(_ask(storefront, customer="ann")[0])
    assert len(answer) == 4
    assert not set(answer) & owned


def test_no_family_appears_twice_in_a_request(
    storefront: APIClient,
    home: Surface,
    shopper: Customer,
    version: ModelVersion,
    products: dict[str, Product],
) -> None:
    Surface.objects.create(key="cart", name="Cart", limit=4, deadline_ms=5_000)
    answers = _ask(storefront, customer="ann", surface="home,cart")
    assert [answer["surface"] for answer in answers] == ["home", "cart"]
    families = [products[sku].family for answer in answers for sku in _skus(answer)]
    assert len(families) == 8
    assert len(set(families)) == 8


def test_the_page_s_product_and_its_variants_are_left_out_and_explain_the_others(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    products: dict[str, Product],
) -> None:
    Surface.objects.update(policy="ease")
    (answer,) = _ask(storefront, context_product="P08")
    families = {products[sku].family for sku in _skus(answer)}
    assert products["P08"].family not in families
    assert "Often bought together with Product P08" in {i["reason"] for i in answer["items"]}


@pytest.mark.parametrize("how", ["header", "customer"])
def test_titles_and_reasons_come_in_the_shopper_s_language(
    storefront: APIClient, home: Surface, sold: None, how: str
) -> None:
    Customer.objects.create(ref="mei", language="zh-hans" if how == "customer" else "")
    headers = {"Accept-Language": "zh-CN,zh;q=0.9"} if how == "header" else {}
    response = storefront.get(URL, {"surface": "home", "customer": "mei"}, headers=headers)
    item = response.json()[0]["items"][0]
    assert item["title"] == "产品P16"


def test_limit_and_order_follow_the_request(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    assert len(_ask(storefront, limit=2)[0]["items"]) == 2
    positions = [item["position"] for item in _ask(storefront, limit=9)[0]["items"]]
    assert positions == list(range(1, 10))


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"surface": ""}, "surface"),
        ({"surface": "nowhere"}, "surface"),
        ({"surface": ",".join(map(str, range(11)))}, "surface"),
        ({"surface": "a" * 700}, "surface"),
        ({"surface": "ho\x00me"}, "surface"),
        ({"customer": "a\x00b"}, "customer"),
        ({"customer": "a" * 101}, "customer"),
        ({"context_product": "a" * 65}, "context_product"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"limit": "²"}, "limit"),
        ({"limit": "9" * 5000}, "limit"),
        ({"at": "2026-01-01T00:00:00Z"}, "at"),
    ],
)
def test_a_bad_request_says_what_is_wrong_and_where(
    storefront: APIClient, home: Surface, query: dict[str, str], parameter: str
) -> None:
    response = storefront.get(URL, {"surface": "home", **query})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in response.json()["errors"]] == [f"/{parameter}"]
    assert not Decision.objects.exists()


def test_an_inactive_surface_is_unknown(storefront: APIClient, home: Surface) -> None:
    Surface.objects.update(is_active=False)
    assert storefront.get(URL, {"surface": "home"}).status_code == 400


def test_a_shop_without_products_answers_nothing_and_logs_it(
    storefront: APIClient, home: Surface
) -> None:
    (answer,) = _ask(storefront)
    assert answer["items"] == []
    assert Decision.objects.get(pk=answer["decision_id"]).items == []
