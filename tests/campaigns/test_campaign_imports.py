"""Campaigns out of files beside what people added at the desk: refused where they contradict."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from guidance.campaigns.models import Campaign, CampaignStep, Coupon, Offer, PlanEntry, Verdict
from guidance.campaigns.rows import CampaignRow, OfferRow
from guidance.campaigns.services.editing import upsert_campaigns
from guidance.core.rows import RowVerdict
from tests import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def _told(campaign: Campaign, *offers: OfferRow, **given: Any) -> RowVerdict:
    usual = {"starts_at": campaign.starts_at, "ends_at": campaign.ends_at}
    row = CampaignRow(
        key=campaign.key, titles={"en": "Told"}, offers=list(offers), **{**usual, **given}
    )
    (verdict,) = upsert_campaigns(rows=[row], source="test")
    return verdict


def test_an_offer_with_a_pool_is_not_taken_away_by_a_file() -> None:
    offer = factories.offer(is_pooled=True)
    Coupon.objects.create(offer=offer, code="C1")
    verdict = _told(offer.campaign)
    assert (verdict.code, offer.code in verdict.detail) == ("in_use", True)
    assert Offer.objects.get() == offer
    Coupon.objects.all().delete()
    assert _told(offer.campaign).code == ""
    assert not Offer.objects.exists()


def test_an_offer_in_another_currency_than_its_campaign_is_refused() -> None:
    campaign = factories.campaign(currency="EUR")
    five = OfferRow(key="FIVE", discount_amount=Decimal(5), currency="USD")
    verdict = _told(campaign, five)
    assert (verdict.code, "offers[0]" in verdict.detail) == ("conflict", True)
    assert not Offer.objects.exists()
    five.currency = "EUR"
    assert _told(campaign, five).code == ""


def test_times_that_leave_no_room_for_an_offer_are_refused() -> None:
    campaign = factories.campaign()
    late = factories.offer(campaign=campaign, ends_at=campaign.ends_at)
    kept = OfferRow(key=late.code, discount_percent=Decimal(10))
    verdict = _told(campaign, kept, ends_at=campaign.ends_at - timedelta(hours=1))
    assert (verdict.code, verdict.detail.startswith("ends_at")) == ("out_of_range", True)
    assert _told(campaign, kept, ends_at=campaign.ends_at + DAY).code == ""


def test_times_that_end_before_a_step_is_due_are_refused() -> None:
    campaign = factories.campaign(trigger="cart_left", daily_maximum=9)
    CampaignStep.objects.create(campaign=campaign, number=1)
    wait = 60 * 24 * 2
    CampaignStep.objects.create(campaign=campaign, number=2, wait_minutes=wait)
    verdict = _told(campaign, ends_at=campaign.starts_at + DAY)
    assert (verdict.code, verdict.detail.startswith("ends_at")) == ("out_of_range", True)
    assert _told(campaign, ends_at=campaign.starts_at + 3 * DAY).code == ""


def test_an_offer_that_messages_name_is_not_taken_away_by_a_file() -> None:
    message = factories.campaign_message()
    campaign, shopper = message.step.campaign, factories.customer()
    offer = factories.offer(campaign=campaign)
    told = {"customer": shopper, "message": message, "offer": offer, "send_at": campaign.starts_at}
    PlanEntry.objects.create(
        plan=factories.push_plan(campaign=campaign), verdict=Verdict.SEND, uplift=None, **told
    )
    assert _told(campaign).code == "in_use"
    assert Offer.objects.get() == offer
