"""`GET campaigns`: what runs now, with the offers this shopper may use."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.campaigns.models import Campaign, Offer
from guidance.customers.models import Customer

pytestmark = pytest.mark.django_db


def _campaign(key: str, *, start: int = -1, end: int = 1, active: bool = True) -> Campaign:
    now = timezone.now()
    return Campaign.objects.create(
        key=key,
        titles={"en": f"{key} sale", "zh-hans": "特卖"},
        starts_at=now + timedelta(days=start),
        ends_at=now + timedelta(days=end),
        is_active=active,
    )


def test_only_running_campaigns_are_told(storefront: APIClient) -> None:
    _campaign("now")
    _campaign("over", start=-3, end=-1)
    _campaign("later", start=1, end=2)
    _campaign("off", active=False)
    assert [c["key"] for c in storefront.get("/api/v1/campaigns").json()] == ["now"]


def test_member_benefits_go_to_their_tier_alone(storefront: APIClient) -> None:
    campaign = _campaign("now")
    for code, tiers in (("ALL5", []), ("GOLD10", ["gold"])):
        Offer.objects.create(
            campaign=campaign, code=code, kind="percent", value=Decimal(5), tiers=tiers
        )
    gold = Customer.objects.create(ref="g", tier="gold")
    Customer.objects.create(ref="cookie", is_anonymous=True, merged_into=gold)

    def codes(query: str) -> list[str]:
        answer = storefront.get(f"/api/v1/campaigns{query}").json()
        return [offer["code"] for offer in answer[0]["offers"]]

    assert codes("?customer=g") == ["ALL5", "GOLD10"]
    assert codes("?customer=cookie") == ["ALL5", "GOLD10"]
    assert codes("?customer=stranger") == ["ALL5"]
    assert codes("") == ["ALL5"]


def test_the_title_speaks_the_shoppers_language(storefront: APIClient) -> None:
    _campaign("now")
    answer = storefront.get("/api/v1/campaigns", HTTP_ACCEPT_LANGUAGE="zh-hans")
    assert answer.json()[0]["title"] == "特卖"


@pytest.mark.parametrize("customer", ["a" * 101, "a\x00b"])
def test_an_impossible_pseudonym_is_refused(storefront: APIClient, customer: str) -> None:
    answer = storefront.get("/api/v1/campaigns", {"customer": customer})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/customer"


def test_the_database_refuses_what_must_never_be() -> None:
    campaign = _campaign("now")
    with pytest.raises(IntegrityError), transaction.atomic():
        Campaign.objects.filter(pk=campaign.pk).update(ends_at=campaign.starts_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Offer.objects.create(campaign=campaign, code="X", kind="percent", value=Decimal(101))


def test_an_amount_off_needs_its_currency() -> None:
    offer = Offer(campaign=_campaign("now"), code="X", kind="amount", value=Decimal(5))
    with pytest.raises(ValidationError, match="currency"):
        offer.full_clean()
