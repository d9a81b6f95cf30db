"""Consumables whose time has come: shown first by a policy, told by every one."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion

DAY = 24 * 60
Happened = Callable[..., Event]


def _ask(client: APIClient, language: str = "en", **query: object) -> dict[str, Any]:
    given = {"surface": "home", "customer": "ann", **query}
    response = client.get("/api/v1/recommendations", given, headers={"Accept-Language": language})
    assert response.status_code == 200, response.json()
    return response.json()[0]


@pytest.fixture
def again(home: Surface) -> Surface:
    """The home page by the policy of what is due."""
    Surface.objects.update(policy="due_again")
    return home


@pytest.fixture
def rhythm(happened: Happened) -> None:
    """Ann buys P08 every 20 days, the last time 20 days ago, and bought P00 yesterday."""
    for days in (20, 40, 60):
        happened("ann", "purchase", "P08", minutes_ago=days * DAY)
    happened("ann", "purchase", "P00", minutes_ago=DAY)


def test_what_is_due_comes_first_and_says_so(
    storefront: APIClient, again: Surface, version: ModelVersion, rhythm: None
) -> None:
    answer = _ask(storefront)
    assert answer["policy"] == "due_again"
    first = answer["items"][0]
    assert first["sku"] == "P08"
    assert first["reason"] == "Time to restock: you buy this about every 20 days"
    assert "P00" in [item["sku"] for item in answer["items"]]
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert logged.fallback_from == ""
    assert {event["sku"] for event in logged.items[0]["because"]} == {"P08"}


def test_what_was_bought_once_tells_what_is_usual(
    storefront: APIClient, again: Surface, version: ModelVersion, happened: Happened
) -> None:
    happened("ann", "purchase", "P08", minutes_ago=12 * DAY)
    first = _ask(storefront)["items"][0]
    assert first["sku"] == "P08"
    assert first["reason"].startswith("Time to restock: usually bought again after about")


def test_every_policy_tells_what_is_due(
    storefront: APIClient, home: Surface, version: ModelVersion, rhythm: None
) -> None:
    Surface.objects.update(policy="repeat_frequency")
    reasons = {item["sku"]: item["reason"] for item in _ask(storefront)["items"]}
    assert reasons["P08"] == "Time to restock: you buy this about every 20 days"
    assert reasons["P00"] == "You bought this before"


def test_where_nothing_is_due_the_next_policy_answers_and_the_decision_says_so(
    storefront: APIClient, again: Surface, version: ModelVersion, happened: Happened
) -> None:
    happened("ann", "purchase", "P00", minutes_ago=60)
    answer = _ask(storefront)
    assert answer["policy"] == "co_occurrence"
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert "nothing is due" in logged.fallback_from


def test_what_is_due_but_sold_out_is_not_shown(
    storefront: APIClient, again: Surface, version: ModelVersion, rhythm: None
) -> None:
    Product.objects.filter(sku="P08").update(stock=0)
    assert "P08" not in [item["sku"] for item in _ask(storefront)["items"]]


def test_a_version_trained_before_there_was_timing_answers_without_it(
    storefront: APIClient,
    again: Surface,
    new_version: Callable[..., ModelVersion],
    rhythm: None,
) -> None:
    version = new_version()
    (version.folder / "renewal.json").unlink()
    answer = _ask(storefront)
    assert answer["policy"] == "co_occurrence"
    assert "restock" not in str(answer["items"])


def test_nobody_in_particular_is_due_for_nothing(
    storefront: APIClient, again: Surface, version: ModelVersion, sold: None
) -> None:
    answer = _ask(storefront, customer="")
    assert answer["policy"] == "popularity"
    assert not Customer.objects.filter(ref="").exists()
