"""Shoppers without a history: answered by their segment, their page and what they say they like."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Category, Product
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Rule, Surface
from guidance.recommendations.segments import Segments, language_family
from tests import factories

URL = "/api/v1/recommendations"


def _ask(client: APIClient, language: str = "en", **query: object) -> dict[str, Any]:
    given = {"surface": "home", **query}
    response = client.get(URL, given, headers={"Accept-Language": language})
    assert response.status_code == 200, response.json()
    return response.json()[0]


def _skus(answer: dict[str, Any]) -> list[str]:
    return [item["sku"] for item in answer["items"]]


@pytest.fixture
def tea(products: dict[str, Product]) -> Category:
    """Two products nobody bought, of a kind of tea and of a brand."""
    root = Category.objects.create(path="Tea", names={"en": "Tea", "zh-hans": "茶"})
    green = Category.objects.create(path="Tea > Green", names={"en": "Green"}, parent=root)
    Product.objects.filter(sku="P02").update(category=green)
    Product.objects.filter(sku="P04").update(brand="Acme")
    return root


@pytest.fixture
def segmented(home: Surface, happened: Callable[..., Event]) -> None:
    """Gold members buy P00 alone, silver ones, of whom there are more, P16 alone."""
    for tier, sku, times in (("gold", "P00", 20), ("silver", "P16", 30)):
        for buyer in range(times):
            happened(f"{tier} {buyer}", "purchase", sku, minutes_ago=60 * 24 * 3)
        Customer.objects.filter(ref__startswith=tier).update(tier=tier, language="en")
    advance_rollups()


def test_a_new_member_is_shown_first_what_their_tier_buys(
    storefront: APIClient, segmented: None
) -> None:
    for tier in ("gold", "silver", "bronze"):
        Customer.objects.create(ref=f"new {tier}", tier=tier)
    first = {
        tier: _skus(_ask(storefront, customer=f"new {tier}"))[0] for tier in ("gold", "silver")
    }
    assert first == {"gold": "P00", "silver": "P16"}
    assert _skus(_ask(storefront, customer="new bronze"))[0] == "P16"  # nobody knows bronze yet
    assert _skus(_ask(storefront))[0] == "P16"


def test_who_has_a_history_is_not_answered_by_their_segment(
    storefront: APIClient, segmented: None
) -> None:
    """Twenty of gold bought P00: one of them asks again, and the shop's order answers."""
    assert _skus(_ask(storefront, customer="gold 1"))[0] == "P16"


def test_a_segment_of_few_does_not_show_what_they_bought(
    storefront: APIClient, segmented: None, happened: Callable[..., Event]
) -> None:
    """Nineteen buy a lot of P08, one customer's purchases more than all of gold's."""
    for buyer in range(19):
        for times in range(20 if buyer == 0 else 1):
            happened(f"platinum {buyer}", "purchase", "P08", minutes_ago=60 * 24 * 3 + times)
    Customer.objects.filter(ref__startswith="platinum").update(tier="platinum", language="en")
    advance_rollups()
    Customer.objects.create(ref="new", tier="platinum")
    shop = _skus(_ask(storefront))
    assert _skus(_ask(storefront, customer="new")) == shop
    happened("platinum 19", "purchase", "P08", minutes_ago=60 * 24 * 3)
    Customer.objects.filter(ref="platinum 19").update(tier="platinum", language="en")
    advance_rollups()
    assert _skus(_ask(storefront, customer="new"))[0] == "P08"


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("en-GB", "en"),
        ("en", "en"),
        ("de_AT", "de"),
        ("zh-CN", "zh-hans"),
        ("zh-Hans-SG", "zh-hans"),
        ("zh-tw", "zh-hant"),
        ("", ""),
    ],
)
def test_a_language_is_the_same_in_every_country(code: str, family: str) -> None:
    assert language_family(code) == family


def test_who_writes_their_language_with_a_country_shares_the_segment(
    storefront: APIClient, segmented: None
) -> None:
    Customer.objects.filter(ref__startswith="gold").update(language="en-gb")
    Customer.objects.create(ref="new", tier="gold", language="en-us")
    assert _skus(_ask(storefront, customer="new"))[0] == "P00"


def test_segments_that_differ_by_chance_are_the_shop() -> None:
    alike = Segments(
        [("gold", "en", 1, 10), ("gold", "en", 2, 11)] * 1 + [("", "en", 1, 9), ("", "en", 2, 10)]
    )
    assert alike.strength == np.inf
    assert Segments([]).strength == np.inf
    assert Segments([("gold", "en", 1, 1), ("silver", "en", 2, 1)]).strength == np.inf


def test_the_strength_of_the_prior_is_found_in_the_purchases_themselves() -> None:
    """Segments drawn from a Dirichlet of a known strength tell it back, within a third."""
    random = np.random.default_rng(5)
    shop, strength = random.dirichlet(np.ones(60)), 40.0
    rows = []
    for segment in range(40):
        bought = random.multinomial(500, random.dirichlet(strength * shop))
        rows += [(f"t{segment}", "", p, int(n)) for p, n in enumerate(bought) if n]
    assert Segments(rows).strength == pytest.approx(strength, rel=0.33)


def test_what_a_shopper_says_they_like_comes_first_and_says_so(
    storefront: APIClient, home: Surface, sold: None, tea: Category
) -> None:
    assert "P02" not in _skus(_ask(storefront))
    answer = _ask(storefront, prefers="category:tea, brand:ACME")
    reasons = {item["sku"]: item["reason"] for item in answer["items"]}
    assert reasons["P02"] == "Because you like Tea"
    assert reasons["P04"] == "Because you like Acme"
    assert reasons["P16"] == "Popular right now"
    assert set(_skus(answer)[:3]) == {"P02", "P04", "P16"}
    in_chinese = _ask(storefront, language="zh-hans", prefers="category:茶")
    assert any("茶" in item["reason"] for item in in_chinese["items"])


def test_what_a_shopper_says_of_themselves_is_not_kept(
    storefront: APIClient, home: Surface, sold: None, tea: Category
) -> None:
    answer = _ask(storefront, customer="ann", prefers="category:Tea,brand:Acme")
    logged = Decision.objects.get(pk=answer["decision_id"])
    assert logged.context == {"limit": 4, "prefers": 2}
    assert "Tea" not in str(logged.items)
    assert "Acme" not in str(logged.items)
    assert "Because of what you like" in {item["reason"] for item in logged.items}
    assert all("reason_logged" not in item for item in answer["items"])


@pytest.mark.parametrize("page", [{"category": "Tea"}, {"context_product": "P05"}])
def test_the_category_of_the_page_comes_first(
    storefront: APIClient,
    home: Surface,
    sold: None,
    tea: Category,
    happened: Callable[..., Event],
    page: dict[str, str],
) -> None:
    Product.objects.filter(sku__in=["P02", "P05"]).update(category=tea)
    for buyer in range(2):
        happened(f"t {buyer}", "purchase", "P02", minutes_ago=60 * 24 * 2)
    advance_rollups()
    assert _skus(_ask(storefront))[0] == "P16"
    first = _ask(storefront, **page)["items"][0]
    assert (first["sku"], first["reason"]) == ("P02", "Popular in Tea")


def test_rules_have_the_last_word(
    storefront: APIClient, home: Surface, sold: None, tea: Category
) -> None:
    Rule.objects.create(name="No tea", kind="block", category=tea)
    assert "P02" not in _skus(_ask(storefront, prefers="category:Tea"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"prefers": "category:Coffee"}, "There is no category “Coffee”."),
        ({"prefers": "brand:Nobody"}, "No product is of the brand “Nobody”."),
        ({"prefers": "category:Tea,colour:red"}, "“colour:red” must be category: or brand:"),
        ({"prefers": "brand:"}, "“brand:” must be category: or brand:"),
        ({"prefers": "Tea"}, "“Tea” must be category: or brand:"),
        ({"prefers": ",".join(f"brand:{n}" for n in range(11))}, "At most 10 preferences"),
        ({"category": "Coffee"}, "There is no category “Coffee”."),
        ({"prefers": "brand:A\x00"}, "NUL"),
    ],
)
def test_what_cannot_be_understood_is_named(
    storefront: APIClient, home: Surface, tea: Category, query: dict[str, str], said: str
) -> None:
    response = storefront.get(URL, {"surface": "home", **query}, headers={"Accept-Language": "en"})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert said in error["detail"]
    assert error["pointer"] == f"/{next(iter(query))}"


def test_statements_do_not_grow_with_segments(
    storefront: APIClient,
    segmented: None,
    happened: Callable[..., Event],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    factories.customer(ref="new", tier="gold")

    def counted() -> int:
        with django_assert_max_num_queries(100) as found:
            _ask(storefront, customer="new")
        return len(found)

    counted()  # the first one reads the catalogue
    few = counted()
    for number in range(8):
        happened(f"more {number}", "purchase", f"P0{number}")
        Customer.objects.filter(ref=f"more {number}").update(tier=f"tier {number}")
    assert counted() == few
