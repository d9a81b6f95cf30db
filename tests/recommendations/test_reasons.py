"""Why each product is shown: the shopper's own latest events, by what they did to the score."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.recommendations.selectors import find_shopper
from guidance.recommendations.services.candidates import Candidate
from guidance.recommendations.services.reasons import reason_for
from guidance.recommendations.state import state
from guidance.training.models import ModelVersion
from models_ml.recommender.serving import OwnEvent, load
from tests.trained import taste_of

TITLES = {sku: f"the {sku}" for sku in ("jug", "pan", "cup", "pot")}


def _reason(*events: tuple[str, str, float], sku: str = "cup", policy: str = "model") -> str:
    return reason_for(
        Candidate(sku, 1.0, tuple(OwnEvent(*event) for event in events)),
        policy=policy,
        context_product="",
        bought=frozenset({"pot"}),
        titles=TITLES,
    )


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([], "Picked for you"),
        ([("jug", "view", -2.0)], "Picked for you"),
        ([("jug", "purchase", 1.0)], "Because you bought the jug"),
        ([("jug", "purchase", 1.0), ("pan", "view", 0.2)], "Because you bought the jug"),
        (
            [("jug", "purchase", 1.0), ("pan", "click", 0.8)],
            "Because you bought the jug and viewed the pan",
        ),
        ([("jug", "view", 1.0), ("pan", "view", 0.9)], "Because you viewed the jug and the pan"),
        ([("jug", "cart", 0.3)], "Because you put the jug into the cart"),
        # One product's events count together, those that lowered the score too.
        (
            [("jug", "view", 0.6), ("pan", "view", 0.5), ("pan", "cart", 0.4)],
            "Because you viewed the pan and the jug",
        ),
        ([("jug", "view", 0.6), ("jug", "return", -0.9)], "Picked for you"),
        ([("cup", "view", 0.6)], "You looked at this before"),
    ],
)
def test_the_sentence_names_what_raised_the_score_most(
    events: list[tuple[str, str, float]], reason: str
) -> None:
    assert _reason(*events) == reason


def test_what_was_bought_before_and_long_ago_says_so() -> None:
    assert _reason(sku="pot") == "You bought this before"
    assert _reason(("pot", "purchase", 1.0), sku="pot") == "You bought this before"
    assert _reason(("jug", "view", 1.0), sku="pot") == "Because you viewed the jug"


@pytest.mark.parametrize("policy", ["model", "ease"])
def test_the_decision_keeps_what_each_event_did_to_the_score(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    happened: Callable[..., Event],
    policy: str,
) -> None:
    Surface.objects.update(policy=policy)
    for minutes, kind, sku in ((900, "purchase", "P00"), (500, "view", "P02"), (9, "view", "P09")):
        happened("ann", kind, sku, minutes_ago=minutes)
    (answer,) = storefront.get(
        "/api/v1/recommendations", {"surface": "home", "customer": "ann"}
    ).json()
    assert all("because" not in item for item in answer["items"])
    decision = Decision.objects.get(pk=answer["decision_id"])
    ranker, at = load(version.folder, policy), decision.at
    shopper = find_shopper(ref="ann", index=state.index, at=at, with_replay=False)
    history = shopper.history
    for item in decision.items:
        for event in item["because"]:
            others = [one for one in history if one.item != event["sku"]]
            (whole, without) = (
                {one.item: one.score for one in ranker.rank(past, k=24, now=at)}[item["sku"]]
                for past in (history, others)
            )
            assert event["contribution"] == pytest.approx(whole - without, abs=2e-3)
    assert any(item["because"] for item in decision.items)
    assert any(item["reason"].startswith("Because you") for item in answer["items"])


def test_reasons_look_at_the_latest_ten_events_alone(
    storefront: APIClient,
    home: Surface,
    version: ModelVersion,
    happened: Callable[..., Event],
) -> None:
    happened("ann", "purchase", "P00", minutes_ago=60 * 24 * 3)
    for minute in range(12):
        happened("ann", "view", taste_of(1)[minute % 4], minutes_ago=minute + 1)
    (answer,) = storefront.get(
        "/api/v1/recommendations", {"surface": "home", "customer": "ann"}
    ).json()
    decision = Decision.objects.get(pk=answer["decision_id"])
    named = {event["sku"] for item in decision.items for event in item["because"]}
    assert named
    assert named <= set(taste_of(1)[:4])


def test_who_did_nothing_is_told_what_sells(
    storefront: APIClient, home: Surface, version: ModelVersion, sold: None
) -> None:
    Customer.objects.create(ref="new")
    (answer,) = storefront.get(
        "/api/v1/recommendations", {"surface": "home", "customer": "new"}
    ).json()
    assert answer["items"][0]["reason"] == "Popular right now"
    assert Decision.objects.get(pk=answer["decision_id"]).items[0]["because"] == []
