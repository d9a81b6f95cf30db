"""Which campaigns and offers a shopper may see."""

from collections.abc import Collection
from datetime import datetime

from django.db.models import Prefetch
from django.utils import timezone

from guidance.campaigns.models import Campaign, Offer
from guidance.customers.models import Customer


def campaigns_for(customer: Customer | None) -> list[Campaign]:
    """Return the running campaigns, each with the offers open to this shopper in `open_offers`.

    A shopper who is not known gets what is open to everybody.
    """
    return open_campaigns(tier=customer.tier if customer else "", at=timezone.now())


def open_campaigns(*, tier: str, at: datetime) -> list[Campaign]:
    """Return what runs at a moment, with the offers open to a tier in `open_offers`.

    Two statements; '' is the tier of everybody.
    """
    campaigns = list(
        Campaign.objects.running(at)
        .select_related("category")
        .prefetch_related(Prefetch("offers", queryset=Offer.objects.order_by("code")))
    )
    for campaign in campaigns:
        campaign.open_offers = [
            offer for offer in campaign.offers.all() if not offer.tiers or tier in offer.tiers
        ]
    return campaigns


def tiers_nobody_has(tiers: Collection[str]) -> list[str]:
    """Return those of these tiers that no shopper has: a slip of the pen, or a tier to come."""
    known = set(
        Customer.objects.filter(tier__in=tiers).order_by().values_list("tier", flat=True).distinct()
    )
    return [tier for tier in tiers if tier not in known]
