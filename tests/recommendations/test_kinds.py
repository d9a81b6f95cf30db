"""Campaigns and content beside products: who gets which, where they stand, what is logged."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.campaigns.models import Campaign, Offer
from guidance.catalog.models import Category, Product
from guidance.content.models import PublishedCopy
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.decisions.services import roll_up_decisions
from guidance.recommendations.hooks import (
    CandidateSource,
    Kind,
    Proposal,
    Visit,
    register_candidate_source,
)
from guidance.recommendations.models import Surface
from tests import factories

URL = "/api/v1/recommendations"
NOW = timezone.now


def _ask(client: APIClient, language: str = "en", **query: object) -> dict[str, Any]:
    given = {"surface": "home", **query}
    response = client.get(URL, given, headers={"Accept-Language": language})
    assert response.status_code == 200, response.json()
    return response.json()[0]


def _kinds(answer: dict[str, Any]) -> list[str]:
    return [item["kind"] for item in answer["items"]]


def _of(kind: str, answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in answer["items"] if item["kind"] == kind]


def _campaign(key: str, **given: Any) -> Campaign:
    titles = {"en": f"{key} sale", "zh-hans": "特卖"}
    times = {"starts_at": NOW() - timedelta(days=1), "ends_at": NOW() + timedelta(days=1)}
    return Campaign.objects.create(**{"key": key, "titles": titles, **times, **given})


@pytest.fixture
def mixed(home: Surface, sold: None) -> Surface:
    """The home page with a place for a campaign and one for content."""
    Surface.objects.update(campaign_places=1, content_places=1, mixing="first")
    return home


def _publish(sku: str, language: str = "en", text: str = "A tea from Uji.") -> PublishedCopy:
    draft = factories.draft(
        product=Product.objects.get(sku=sku),
        language=language,
        text=text,
        status="approved",
        decided_at=NOW(),
        decided_by=factories.user(),
    )
    publication = factories.publication(draft=draft)
    return PublishedCopy.objects.create(
        product=draft.product, kind=draft.kind, language=language, publication=publication
    )


def test_a_surface_shows_products_alone_unless_told_otherwise(
    storefront: APIClient, home: Surface, sold: None
) -> None:
    _campaign("spring")
    _publish("P00")
    assert set(_kinds(_ask(storefront))) == {"product"}


def test_three_kinds_share_the_items_of_one_surface(storefront: APIClient, mixed: Surface) -> None:
    campaign = _campaign("spring")
    factories.offer(campaign=campaign, code="SPRING5", value=5)
    _publish("P09")
    answer = _ask(storefront)
    assert sorted(_kinds(answer)) == ["campaign", "content", "product", "product"]
    assert [item["position"] for item in answer["items"]] == [1, 2, 3, 4]
    (shown,) = _of("campaign", answer)
    assert (shown["key"], shown["title"]) == ("spring", "spring sale")
    assert [offer["code"] for offer in shown["offers"]] == ["SPRING5"]
    assert shown["reason"] == "On now in the whole shop"
    (read,) = _of("content", answer)
    assert (read["text"], read["link"]) == ("A tea from Uji.", {"sku": "P09"})
    assert read["label"]["reviewed"] is True
    (product, _) = _of("product", answer)
    assert product.keys() >= {"sku", "title", "price", "currency", "image", "score", "copy"}


def test_a_decision_logs_every_kind_and_the_certainty_of_its_place(
    storefront: APIClient, mixed: Surface
) -> None:
    _campaign("spring")
    answer = _ask(storefront)
    logged = Decision.objects.get(pk=answer["decision_id"]).items
    assert [item["kind"] for item in logged] == _kinds(answer)
    assert logged[0]["key"] == "spring"
    assert "sku" not in logged[0]
    assert logged[0]["propensity"] == 1.0
    assert all("sku" in item for item in logged[1:])


@pytest.mark.parametrize(
    "given",
    [
        {"starts_at": NOW() + timedelta(hours=1)},
        {"starts_at": NOW() - timedelta(days=2), "ends_at": NOW() - timedelta(hours=1)},
        {"is_active": False},
        {"titles": {"zh-hans": "特卖"}},
        {"titles": {}},
    ],
)
def test_what_does_not_run_or_says_nothing_in_the_language_is_not_shown(
    storefront: APIClient, mixed: Surface, given: dict[str, Any]
) -> None:
    _campaign("not", **given)
    assert set(_kinds(_ask(storefront))) == {"product"}


def test_a_campaign_is_told_in_the_shopper_s_language(
    storefront: APIClient, mixed: Surface
) -> None:
    _campaign("spring")
    _campaign("english", titles={"en": "English only"})
    (shown,) = _of("campaign", _ask(storefront, "zh-CN"))
    assert (shown["key"], shown["title"]) == ("spring", "特卖")


def test_benefits_are_for_their_tier_and_say_so(storefront: APIClient, mixed: Surface) -> None:
    campaign = _campaign("members")
    factories.offer(campaign=campaign, code="GOLD9", value=9, tiers=["gold"])
    Customer.objects.create(ref="gilda", tier="gold")
    Customer.objects.create(ref="sam", tier="silver")
    (shown,) = _of("campaign", _ask(storefront, customer="gilda"))
    assert [offer["code"] for offer in shown["benefits"]] == ["GOLD9"]
    assert shown["offers"] == []
    assert shown["reason"] == "A benefit for gold members"
    assert _of("campaign", _ask(storefront, customer="sam")) == []
    assert _of("campaign", _ask(storefront)) == []


def test_an_amount_in_money_the_market_does_not_take_is_no_offer(
    storefront: APIClient, mixed: Surface
) -> None:
    campaign = _campaign("abroad")
    factories.offer(campaign=campaign, kind=Offer.Kind.AMOUNT, value=5, currency="JPY")
    assert _of("campaign", _ask(storefront)) == []


def test_the_campaign_of_the_category_the_shopper_cares_for_comes_first(
    storefront: APIClient, mixed: Surface, happened: Callable[..., Event]
) -> None:
    tea, other = factories.category(names={"en": "Tea"}), factories.category()
    green = factories.category(parent=tea)
    Product.objects.filter(sku__in=["P00", "P01"]).update(category=green)
    happened("ann", "view", "P00")
    _campaign("other", category=other)
    _campaign("tea", category=tea)
    (shown,) = _of("campaign", _ask(storefront, customer="ann"))
    assert shown["key"] == "tea"
    assert shown["reason"] == "On now in Tea, where you looked around"
    assert shown["link"] == {"category": tea.path}


def test_by_interest_a_campaign_stands_as_high_as_its_category_does(
    storefront: APIClient, mixed: Surface
) -> None:
    Surface.objects.update(mixing="interest")
    _campaign("elsewhere", category=factories.category())
    assert _kinds(_ask(storefront))[-1] == "campaign"
    Campaign.objects.update(category=Product.objects.get(sku="P16").category)
    assert _kinds(_ask(storefront))[0] == "campaign"


@pytest.mark.parametrize(("mixing", "places"), [("first", [1, 2]), ("spread", [3, 6])])
def test_a_surface_says_where_the_kinds_stand(
    storefront: APIClient, mixed: Surface, mixing: str, places: list[int]
) -> None:
    Surface.objects.update(mixing=mixing, limit=7, campaign_places=2, content_places=0)
    _campaign("one")
    _campaign("two")
    found = [item["position"] for item in _of("campaign", _ask(storefront))]
    assert found == places


def test_places_scale_with_the_items_asked_for(storefront: APIClient, mixed: Surface) -> None:
    Surface.objects.update(limit=10, campaign_places=2, content_places=0)
    for number in range(6):
        _campaign(f"c{number}")
    assert len(_of("campaign", _ask(storefront, limit=20))) == 4
    assert len(_of("campaign", _ask(storefront, limit=2))) == 0


def test_only_live_copy_is_shown(storefront: APIClient, mixed: Surface) -> None:
    factories.draft(product=Product.objects.get(sku="P02"), text="Nobody reviewed this.")
    copy = _publish("P09")
    _publish("P10", language="zh-hans")
    assert [item["link"]["sku"] for item in _of("content", _ask(storefront))] == ["P09"]
    for status in ("stale", "withdrawn"):
        PublishedCopy.objects.filter(pk=copy.pk).update(status=status)
        assert _of("content", _ask(storefront)) == []


def test_content_is_never_about_a_product_shown_sold_out_or_hidden(
    storefront: APIClient, mixed: Surface, products: dict[str, Product]
) -> None:
    for sku in products:
        _publish(sku)
    answer = _ask(storefront)
    (read,) = _of("content", answer)
    families = [products[item["sku"]].family for item in _of("product", answer)]
    assert products[read["link"]["sku"]].family not in families
    Product.objects.exclude(sku__in=["P16", "P18"]).update(stock=0)
    assert _of("content", _ask(storefront)) == []


def test_nothing_is_shown_twice_in_a_request(storefront: APIClient, mixed: Surface) -> None:
    Surface.objects.create(key="cart", name="Cart", limit=4, campaign_places=1)
    _campaign("one")
    _campaign("two")
    answers = storefront.get(URL, {"surface": "home,cart"}).json()
    assert {item["key"] for one in answers for item in _of("campaign", one)} == {"one", "two"}


def test_clicks_on_a_campaign_count_for_its_decision(storefront: APIClient, mixed: Surface) -> None:
    _campaign("spring")
    shown, not_clicked = (_ask(storefront, customer=ref) for ref in ("ann", "bob"))
    now = NOW()
    events = [
        {
            "id": str(new_id()),
            "kind": kind,
            "customer": ref,
            "time": now.isoformat(),
            "decision_id": answer["decision_id"],
            "position": 1,
        }
        for ref, answer, kinds in (
            ("ann", shown, ["impression", "click"]),
            ("bob", not_clicked, ["impression"]),
        )
        for kind in kinds
    ]
    taken = storefront.post("/api/v1/events", {"events": events}, format="json").json()
    assert (taken["accepted"], taken["rejected"]) == (3, [])
    roll_up_decisions(now.date(), "live")
    seen = Decision.objects.with_outcomes().values_list("is_seen", "is_clicked")
    assert sorted(seen) == [(True, False), (True, True)]


def test_statements_do_not_grow_with_campaigns_or_copy(
    storefront: APIClient,
    mixed: Surface,
    products: dict[str, Product],
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    def counted() -> int:
        with django_assert_max_num_queries(100) as found:
            _ask(storefront)
        return len(found)

    _campaign("first", category=factories.category())
    _publish("P09")
    counted()  # the first one reads the catalogue
    few = counted()
    for number in range(12):
        factories.offer(campaign=_campaign(f"c{number}", category=factories.category()))
    for sku in sorted(products)[:8]:
        if sku != "P09":
            _publish(sku)
    assert counted() == few


@pytest.fixture
def guides() -> Iterator[list[Visit]]:
    """A source of a later app; what it was asked."""
    asked: list[Visit] = []

    def propose(visit: Visit, most: int) -> list[Proposal]:
        asked.append(visit)
        return [Proposal("brewing", "How to brew", 0.9, "A first step", {"page": "/brewing"})]

    source = CandidateSource("guides", Kind.CONTENT, "Guides", propose)
    away = register_candidate_source(source)
    yield asked
    away()


def test_an_app_of_tomorrow_registers_its_source(
    storefront: APIClient, mixed: Surface, guides: list[Visit]
) -> None:
    (read,) = _of("content", _ask(storefront))
    assert (read["key"], read["title"], read["page"]) == ("brewing", "How to brew", "/brewing")
    assert guides[0].language == "en"


def test_a_source_that_fails_costs_nothing_but_itself(
    storefront: APIClient, mixed: Surface
) -> None:
    def fail(visit: Visit, most: int) -> list[Proposal]:
        raise RuntimeError("the guides are gone")

    away = register_candidate_source(CandidateSource("broken", Kind.CONTENT, "Broken", fail))
    _campaign("spring")
    assert sorted(_kinds(_ask(storefront))) == ["campaign", *["product"] * 3]
    away()


def test_a_shop_without_products_still_tells_its_campaigns(
    storefront: APIClient, home: Surface
) -> None:
    Surface.objects.update(campaign_places=1)
    _campaign("opening")
    _campaign("shelf", category=Category.objects.create(path="Empty", names={}))
    assert [item["key"] for item in _ask(storefront)["items"]] == ["opening"]


def test_a_shop_of_one_product_shows_it_as_a_product(storefront: APIClient, home: Surface) -> None:
    Surface.objects.update(campaign_places=1, content_places=2)
    factories.product(sku="ONLY")
    _publish("ONLY")
    assert _kinds(_ask(storefront)) == ["product"]


def test_more_places_than_items_are_refused(home: Surface) -> None:
    home.campaign_places, home.content_places = 3, 2
    with pytest.raises(ValidationError, match="more than the items"):
        home.full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        home.save()
