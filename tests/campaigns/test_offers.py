"""Offers and member benefits: to whom, for how long, for what, with or without a campaign."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.campaigns.candidates import propose_campaigns
from guidance.campaigns.models import Offer
from guidance.campaigns.rows import CampaignRow
from guidance.campaigns.services.editing import upsert_campaigns
from guidance.recommendations.hooks import Visit
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _standing(**given: Any) -> Offer:
    now = timezone.now()
    told = {"campaign": None, "tiers": ["gold"], "starts_at": now - DAY, "ends_at": now + DAY}
    return Offer.objects.create(**{"code": "GOLD", "kind": "shipping", "value": 0, **told, **given})


def _told(storefront: APIClient, customer: str = "") -> list[dict[str, Any]]:
    answer = storefront.get("/api/v1/campaigns", {"customer": customer} if customer else {})
    found: list[dict[str, Any]] = answer.json()
    return found


def test_a_standing_benefit_is_told_to_its_tier_without_a_campaign(storefront: APIClient) -> None:
    offer, gold = _standing(), factories.customer(tier="gold")
    other = factories.customer(tier="")
    (told,) = _told(storefront, gold.ref)
    assert (told["key"], told["kind"], told["title"]) == (
        "benefit:GOLD",
        "benefit",
        "Free shipping",
    )
    assert [one["code"] for one in told["offers"]] == [offer.code]
    assert _told(storefront, other.ref) == _told(storefront) == []


@pytest.mark.parametrize("moved", [-2 * DAY, 2 * DAY])
def test_a_standing_benefit_is_told_in_its_own_time_alone(
    storefront: APIClient, moved: timedelta
) -> None:
    now, gold = timezone.now(), factories.customer(tier="gold")
    _standing(starts_at=now - DAY + moved, ends_at=now + DAY + moved)
    assert _told(storefront, gold.ref) == []


def test_an_offer_may_end_before_its_campaign(storefront: APIClient) -> None:
    now = timezone.now()
    over = factories.offer(ends_at=now - timedelta(hours=1))
    soon = factories.offer(campaign=over.campaign, starts_at=now + timedelta(hours=1))
    on = factories.offer(campaign=over.campaign, ends_at=now + timedelta(hours=1))
    (told,) = _told(storefront)
    assert [one["code"] for one in told["offers"]] == [on.code]
    assert soon.code not in str(told)


def test_an_offer_tells_what_it_is_for(storefront: APIClient) -> None:
    offer = factories.offer(minimum_spend=Decimal(50), titles={"en": "A cup"}, kind="gift", value=0)
    offer.category = factories.category(path="Tea")
    offer.save()
    offer.products.add(factories.product(sku="tea"))
    (told,) = _told(storefront)
    (one,) = told["offers"]
    assert (one["title"], one["minimum_spend"], one["category"]) == ("A cup", "50.00", "Tea")
    assert one["products"] == ["tea"]


def test_as_many_statements_for_many_offers_as_for_one(
    storefront: APIClient, django_assert_max_num_queries: Any
) -> None:
    gold = factories.customer(tier="gold")
    _standing()
    _told(storefront, gold.ref)
    for number in range(20):
        _standing(code=f"G{number}").products.add(factories.product())
        factories.offer().products.add(factories.product())
    with django_assert_max_num_queries(6):
        assert len(_told(storefront, gold.ref)) == 41


def test_a_standing_benefit_is_proposed_to_its_tier() -> None:
    _standing(titles={"en": "Ships free"})
    _standing(code="FIVE", kind="amount", value=5, currency="EUR")
    visit = Visit(at=timezone.now(), language="en", currency="USD", tier="gold")
    (proposal,) = propose_campaigns(visit, 9)
    assert (proposal.key, proposal.title) == ("benefit:GOLD", "Ships free")
    assert "gold" in proposal.reason
    assert proposal.fields["benefits"][0]["code"] == "GOLD"
    nobody = Visit(at=timezone.now(), language="en", currency="USD")
    assert propose_campaigns(nobody, 9) == []


@pytest.mark.parametrize(
    "given",
    [
        {"ends_at": None},
        {"starts_at": None},
        {"kind": "percent", "value": 0},
        {"kind": "gift", "value": -1},
        {"ends_at": timezone.now() - 9 * DAY},
    ],
)
def test_the_database_refuses_an_impossible_offer(given: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        _standing(**given)


def test_an_import_cannot_take_away_an_offer_whose_coupons_were_given() -> None:
    offer = factories.offer(given=1)
    row = CampaignRow(
        key=offer.campaign.key,
        titles={"en": "New"},
        starts_at=offer.campaign.starts_at,
        ends_at=offer.campaign.ends_at,
    )
    (verdict,) = upsert_campaigns(rows=[row], source="test")
    assert verdict.code == "in_use"
    offer.refresh_from_db()
    assert offer.campaign.titles != {"en": "New"}
    Offer.objects.update(given=0)
    (verdict,) = upsert_campaigns(rows=[row], source="test")
    assert verdict.code == ""
    assert not Offer.objects.exists()
