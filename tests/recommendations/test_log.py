"""The decision log: statements counted, replays marked, arms named, and a log out of reach."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.services import create_api_key
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.decisions.unlogged import unlogged_total
from guidance.recommendations.models import Surface
from guidance.training.models import ModelVersion
from tests import factories
from tests.busy import database_busy

URL = "/api/v1/recommendations"


def _ask(client: APIClient, **query: object) -> dict[str, Any]:
    response = client.get(URL, {"surface": "home", "customer": "ann", **query})
    assert response.status_code == 200, response.json()
    return response.json()[0]


@pytest.fixture
def replayer(db: None) -> APIClient:
    _key, secret = create_api_key(name="replay", scopes=["read", "replay"])
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_replayed_request_is_marked_and_sees_nothing_after_its_moment(
    replayer: APIClient,
    home: Surface,
    version: ModelVersion,
    happened: Callable[..., Event],
) -> None:
    happened("ann", "purchase", "P00", minutes_ago=60 * 24 * 5)
    happened("ann", "purchase", "P10", minutes_ago=60 * 24)
    moment = timezone.now() - timedelta(days=3)
    answer = _ask(replayer, at=moment.isoformat())
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert decision.source == "replay"
    assert decision.at == moment
    reasons = " ".join(item["reason"] for item in answer["items"])
    assert "P00" in reasons
    assert "P10" not in reasons


def test_replayed_events_are_none_of_a_live_answer_s_business(
    storefront: APIClient,
    replayer: APIClient,
    home: Surface,
    version: ModelVersion,
    happened: Callable[..., Event],
) -> None:
    happened("ann", "purchase", "P00", source="replay")
    assert _ask(storefront)["policy"] == "popularity"
    assert _ask(replayer)["policy"] == "model"


@pytest.mark.parametrize("at", ["yesterday", "2026-01-01T00:00:00", "2199-01-01T00:00:00Z"])
def test_a_replay_must_name_a_real_moment_of_the_past(
    replayer: APIClient, home: Surface, at: str
) -> None:
    response = replayer.get(URL, {"surface": "home", "at": at})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/at"


def test_an_experiment_decides_the_policy_and_its_arm_is_logged(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    factories.running_experiment(key="model-or-not", arms={"best": "best_baseline"})
    answer = _ask(storefront)
    decision = Decision.objects.get(pk=answer["decision_id"])
    assert (decision.experiment, decision.arm) == ("model-or-not", "best")
    assert answer["policy"] == "co_occurrence"


def test_who_could_get_nothing_else_in_another_arm_is_not_exposed(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    """Without a history every policy gives way to what is popular."""
    arms = {"best": "best_baseline", "model": "model"}
    factories.running_experiment(key="model-or-not", arms=arms)
    for customer in ("somebody new", "ann"):
        decision = Decision.objects.get(pk=_ask(storefront, customer=customer)["decision_id"])
        assert bool(decision.experiment) == bool(decision.arm) == (customer == "ann")


def test_the_held_out_get_what_is_popular_on_every_surface_and_it_is_logged(
    storefront: APIClient, home: Surface, version: ModelVersion, shopper: Customer
) -> None:
    factories.surface(key="cart")
    factories.running_experiment(key="model-or-not", arms={"best": "best_baseline"})
    factories.holdout(key="held", share="0.9999", is_active=True, ended_at=None)
    answers = storefront.get(URL, {"surface": "home,cart", "customer": "ann"}).json()
    assert [answer["policy"] for answer in answers] == ["popularity", "popularity"]
    logged = Decision.objects.order_by("surface").values_list("surface", "experiment", "arm")
    assert list(logged) == [("cart", "held", "held-out"), ("home", "held", "held-out")]
    nobody = _ask(storefront, customer="")
    assert not Decision.objects.get(pk=nobody["decision_id"]).experiment


def test_statements_do_not_grow_with_products_events_or_items(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    happened: Callable[..., Event],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    happened("ann", "purchase", "P00")
    Surface.objects.update(allow_already_bought=False)
    _ask(storefront)
    with django_assert_max_num_queries(100) as few:
        _ask(storefront, limit=1)
    Product.objects.bulk_create(
        Product(sku=f"more {number}", title=f"More {number}", stock=1) for number in range(300)
    )
    for number in range(60):
        happened("ann", "view", f"P{number % 24:02d}", minutes_ago=number)
    _ask(storefront)
    with django_assert_max_num_queries(100) as many:
        assert len(_ask(storefront, limit=20)["items"]) == 20
    statements = [query["sql"] for query in many.captured_queries]
    assert len(many) == len(few), statements
    assert sum("products_product" in sql for sql in statements) <= 3


@pytest.mark.django_db(transaction=True)
def test_a_log_that_cannot_be_written_costs_the_shopper_nothing_and_is_counted(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    before = unlogged_total()
    with database_busy():
        answer = _ask(storefront, customer="never met")
    assert answer["decision_id"] is None
    assert [item["sku"] for item in answer["items"]][:2] == ["P16", "P18"]
    assert not Decision.objects.exists()
    assert not Customer.objects.filter(ref="never met").exists()
    assert unlogged_total() == before + 1
    metrics = APIClient().get("/metrics").content.decode()
    assert f"shopguide_unlogged_answers {before + 1}.0" in metrics
    assert _ask(storefront)["decision_id"] is not None
