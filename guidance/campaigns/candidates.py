"""Campaigns with their offers, and member benefits, as candidates for surfaces."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from guidance.campaigns.models import Campaign, Offer
from guidance.campaigns.selectors.open import benefit_key, benefit_title, open_to
from guidance.recommendations.hooks import Proposal, Visit


def propose_campaigns(visit: Visit, most: int) -> Sequence[Proposal]:
    """Return what runs at the visit's moment and this shopper may use; two statements.

    Left out: a campaign without a title in the visit's language, one whose every offer is for
    other tiers, and amounts in another currency than the market's. Of two that concern the
    shopper as much, the one that ends first comes first, and campaigns before standing benefits.
    """
    found = open_to(tier=visit.tier, at=visit.at)
    proposals = [
        _proposal(campaign, visit)
        for campaign in sorted(found.campaigns, key=_end)
        if campaign.titles.get(visit.language) and _is_open(campaign, visit)
    ]
    proposals += [
        _benefit(offer, visit)
        for offer in sorted(found.benefits, key=_end)
        if offer.tiers and _can_pay(offer, visit)
    ]
    return sorted(proposals, key=lambda one: -one.affinity)[:most]


def _end(one: Campaign | Offer) -> Any:
    return one.ends_at


def _can_pay(offer: Offer, visit: Visit) -> bool:
    return offer.kind != Offer.Kind.AMOUNT or offer.currency == visit.currency


def _usable(campaign: Campaign, visit: Visit) -> list[Offer]:
    """Return the offers open to the shopper that the market's money can pay."""
    return [offer for offer in campaign.open_offers if _can_pay(offer, visit)]


def _is_open(campaign: Campaign, visit: Visit) -> bool:
    """A campaign that never made an offer is an announcement to everybody."""
    return bool(_usable(campaign, visit)) or not campaign.has_offers


def _benefit(offer: Offer, visit: Visit) -> Proposal:
    """Propose a standing benefit of the shopper's tier."""
    assert offer.starts_at is not None
    assert offer.ends_at is not None
    return Proposal(
        key=benefit_key(offer),
        title=benefit_title(offer, visit.language),
        affinity=visit.affinity_to(offer.category_id),
        reason=_("A benefit for %(tier)s members") % {"tier": visit.tier},
        fields={
            "starts_at": offer.starts_at.isoformat(),
            "ends_at": offer.ends_at.isoformat(),
            "offers": [],
            "benefits": [_as_json(offer)],
            "link": {"category": offer.category.path if offer.category else None},
        },
    )


def _proposal(campaign: Campaign, visit: Visit) -> Proposal:
    offers = _usable(campaign, visit)
    benefits = [offer for offer in offers if offer.tiers]
    category = campaign.category
    return Proposal(
        key=campaign.key,
        title=campaign.titles[visit.language],
        affinity=visit.affinity_to(campaign.category_id),
        reason=_reason(campaign, benefits, visit),
        fields={
            "starts_at": campaign.starts_at.isoformat(),
            "ends_at": campaign.ends_at.isoformat(),
            "offers": [_as_json(offer) for offer in offers if not offer.tiers],
            "benefits": [_as_json(offer) for offer in benefits],
            "link": {"category": category.path if category else None},
        },
    )


def _reason(campaign: Campaign, benefits: Sequence[Offer], visit: Visit) -> str:
    if benefits:
        return _("A benefit for %(tier)s members") % {"tier": visit.tier}
    if campaign.category is None:
        return _("On now in the whole shop")
    names = campaign.category.names
    name = names.get(visit.language) or campaign.category.path.rpartition(">")[2].strip()
    if visit.has_touched(campaign.category_id):
        return _("On now in %(category)s, where you looked around") % {"category": name}
    return _("On now in %(category)s") % {"category": name}


def _as_json(offer: Offer) -> dict[str, Any]:
    return {
        "code": offer.code,
        "kind": offer.kind,
        "value": str(offer.value),
        "currency": offer.currency,
        "titles": offer.titles,
        "minimum_spend": None if offer.minimum_spend is None else str(offer.minimum_spend),
        "is_pooled": offer.is_pooled,
    }
