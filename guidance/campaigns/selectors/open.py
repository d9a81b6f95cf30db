"""Which campaigns, offers and standing benefits a shopper may see."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q, prefetch_related_objects
from django.utils import timezone

from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.rendering import OfferFacts, offer_line
from guidance.customers.models import Customer


@dataclass(frozen=True)
class Open:
    """What is on for a tier: campaigns, and its benefits that belong to none."""

    campaigns: list[Campaign] = field(default_factory=list)
    benefits: list[Offer] = field(default_factory=list)


def open_for(customer: Customer | None) -> Open:
    """Return what is on now for this shopper, with the goods that offers are for; three statements.

    A shopper who is not known gets what is open to everybody.
    """
    found = open_to(tier=customer.tier if customer else "", at=timezone.now())
    offers = [offer for campaign in found.campaigns for offer in campaign.open_offers]
    prefetch_related_objects([*offers, *found.benefits], "products")
    return found


def open_to(*, tier: str, at: datetime) -> Open:
    """Return what runs at a moment, with the offers open to a tier in `open_offers`.

    Two statements; '' is the tier of everybody.
    """
    campaigns = list(Campaign.objects.running(at).select_related("category"))
    by_id = {campaign.pk: campaign for campaign in campaigns}
    for campaign in campaigns:
        campaign.open_offers, campaign.has_offers = [], False
    mine = Q(campaign__in=by_id) | Q(pk__in=Offer.objects.standing(at).values("pk"))
    benefits = []
    for offer in Offer.objects.filter(mine).select_related("category").order_by("code"):
        is_open = offer.is_open(at) and (not offer.tiers or tier in offer.tiers)
        if offer.campaign_id is None:
            benefits.extend([offer] if is_open else [])
            continue
        by_id[offer.campaign_id].has_offers = True
        if is_open:
            by_id[offer.campaign_id].open_offers.append(offer)
    return Open(campaigns, benefits)


def benefit_title(offer: Offer, language: str) -> str:
    """Return what a benefit is called: its title, else what it gives."""
    facts = OfferFacts(kind=offer.kind, value=offer.value, currency=offer.currency)
    return offer.title_in(language) or offer_line(facts, code="", language=language)


def benefit_key(offer: Offer) -> str:
    """Return the key of a benefit that belongs to no campaign, beside those of campaigns."""
    return f"benefit:{offer.code}"


def tiers_nobody_has(tiers: Collection[str]) -> list[str]:
    """Return those of these tiers that no shopper has: a slip of the pen, or a tier to come."""
    known = set(
        Customer.objects.filter(tier__in=tiers).order_by().values_list("tier", flat=True).distinct()
    )
    return [tier for tier in tiers if tier not in known]
