"""Sentences to start from: what is understood, what is not, and that nothing is launched."""

from collections.abc import Callable
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guidance.campaigns.audiences.language import read
from guidance.campaigns.models import Campaign, Delivery, PushPlan
from guidance.campaigns.sentences.grammar import understand
from guidance.campaigns.sentences.vocabulary import Vocabulary
from guidance.core.roles import Role
from tests import factories

SHOP = Vocabulary(
    categories={"tea": "Drinks > Tea", "green tea": "Drinks > Tea > Green", "茶": "Drinks > Tea"},
    tiers={"gold": "gold", "金卡": "gold"},
    countries={"germany": "Germany", "德国": "Germany"},
)


def event(kind: str, operator: str = "did", days: int = 365, **more: Any) -> dict[str, Any]:
    value = {"kind": kind, "times": 1, "days": days, **more}
    return {"field": "event", "operator": operator, "value": value}


def cart(days: int) -> dict[str, Any]:
    return {"field": "cart_left", "operator": "did", "value": {"days": days}}


TEA = event("purchase", category="Drinks > Tea")


@pytest.mark.parametrize(
    ("sentence", "objective", "conditions", "offer", "rest"),
    [
        (
            "win back tea buyers who left a cart last week with 10 % off, not at night",
            "win_back",
            [cart(7), TEA],
            ("percent", Decimal(10), ""),
            {"quiet": (time(21), time(9))},
        ),
        (
            "召回上周加购未付款、买过茶的顾客，打九折，晚上不发",
            "win_back",
            [cart(7), TEA],
            ("percent", Decimal(10), ""),
            {"quiet": (time(21), time(9))},
        ),
        (
            "Thank gold members in Germany with free shipping in the morning",
            "loyalty",
            [
                {"field": "tier", "operator": "in", "value": ["gold"]},
                {"field": "country", "operator": "in", "value": ["Germany"]},
            ],
            ("shipping", Decimal(0), ""),
            {"send_at": time(9)},
        ),
        (
            "感谢德国的金卡会员，立减20元，下午3点发送",
            "loyalty",
            [
                {"field": "tier", "operator": "in", "value": ["gold"]},
                {"field": "country", "operator": "in", "value": ["Germany"]},
            ],
            ("amount", Decimal(20), "CNY"),
            {"send_at": time(15)},
        ),
        (
            "welcome new customers, 5 EUR off, at 6 pm",
            "welcome",
            [{"field": "joined", "operator": "at_most", "value": 30}],
            ("amount", Decimal(5), "EUR"),
            {"send_at": time(18)},
        ),
        (
            "who bought green tea in the last 3 months and who have not bought within 30 days",
            "",
            [
                event("purchase", "did_not", 30),
                event("purchase", days=90, category="Drinks > Tea > Green"),
            ],
            ("", None, ""),
            {},
        ),
        (
            "赢回最近90天没来的用户，85折",
            "win_back",
            [{"field": "last_seen", "operator": "at_least", "value": 90}],
            ("percent", Decimal(15), ""),
            {},
        ),
    ],
)
def test_the_documented_phrases_become_audience_offer_and_schedule(
    sentence: str,
    objective: str,
    conditions: list[dict[str, Any]],
    offer: tuple[Any, ...],
    rest: dict[str, Any],
) -> None:
    found = understand(sentence, SHOP)
    assert found.unresolved == []
    assert found.objective == objective
    assert found.conditions == conditions
    assert (found.offer_kind, found.offer_value, found.offer_currency) == offer
    for name, value in rest.items():
        assert getattr(found, name) == value
    assert read(found.rules)[1] == []
    assert "".join(word.text for word in found.words) == sentence


@pytest.mark.parametrize(
    ("sentence", "unresolved"),
    [
        ("win back coffee buyers with 10 % off", ["coffee"]),
        ("win back tea buyers who love purple", ["love", "purple"]),
        ("with 10 % off and 20 % off", ["20", "off"]),
        ("with 300 % off", ["300", "off"]),
        ("at 29:70", ["at", "29", "70"]),
        ("召回买过咖啡的顾客", ["买过咖啡"]),
        ("win back shoppers but not tea buyers", ["not"]),
    ],
)
def test_what_is_not_understood_is_told_word_for_word(sentence: str, unresolved: list[str]) -> None:
    assert understand(sentence, SHOP).unresolved == unresolved


@pytest.mark.parametrize("sentence", ["", "   ", "!!!", "x" * 10_000, "{text} <b>", "((((", "打折"])
def test_nothing_breaks_it(sentence: str) -> None:
    assert understand(sentence, SHOP).conditions == []


@pytest.mark.django_db
def test_a_sentence_is_shown_then_begun_as_drafts_and_nothing_is_launched(
    desk: Callable[..., Client],
) -> None:
    factories.category(path="Drinks > Tea", names={"zh-hans": "茶"})
    client, told = desk(Role.MARKETER), "win back purple tea buyers with 10 % off, not at night"
    url = reverse("admin:campaigns_campaign_sentence")
    shown = client.post(url, {"sentence": told}).content.decode()
    assert "<mark>purple</mark>" in shown
    assert "10% off" in shown
    assert not Campaign.objects.exists()
    client.post(url, {"sentence": told, "begin": "1"})
    campaign = Campaign.objects.get()
    assert (campaign.is_active, campaign.objective) == (False, "win_back")
    assert (campaign.quiet_from, campaign.quiet_until) == (time(21), time(9))
    assert campaign.audience is not None
    assert campaign.audience.rules == {"all": [event("purchase", category="Drinks > Tea")]}
    offer = campaign.offers.get()
    assert (offer.kind, offer.value) == ("percent", 10)
    assert not Delivery.objects.exists()
    assert not PushPlan.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("off", ["0 USD off", "99999999999 USD off", "5 CHF off"])
def test_an_offer_that_cannot_be_is_refused_in_words(desk: Callable[..., Client], off: str) -> None:
    factories.market(currency="USD")
    url = reverse("admin:campaigns_campaign_sentence")
    answer = desk(Role.MARKETER).post(
        url, {"sentence": f"win back gold shoppers with {off}", "begin": "1"}
    )
    assert answer.status_code == 200
    assert not Campaign.objects.exists()


@pytest.mark.django_db
def test_a_sentence_without_a_word_of_ours_begins_nothing(desk: Callable[..., Client]) -> None:
    url = reverse("admin:campaigns_campaign_sentence")
    answer = desk(Role.MARKETER).post(url, {"sentence": "purple rain", "begin": "1"})
    assert "Nothing of this was understood" in answer.content.decode()
    assert not Campaign.objects.exists()
