"""What plans and messages hold on to, asked without reading a million of them."""

from django.db.models import Q

from guidance.campaigns.models import (
    CampaignMessage,
    CampaignStep,
    Coupon,
    Delivery,
    Offer,
    PlanEntry,
)


def is_in_use(row: Offer | CampaignMessage | CampaignStep) -> bool:
    """Tell whether coupons, messages or plans name an offer, a message, or a step's messages.

    Plans may hold a million entries without an index by offer or message: they are asked last, and
    only those of the row's campaign.
    """
    if isinstance(row, Offer):
        if row.given > 0 or Coupon.objects.filter(offer=row).exists():
            return True
        return _named(Q(offer=row), row.campaign_id)
    if isinstance(row, CampaignStep):
        return _named(Q(message__step=row), row.campaign_id)
    return _named(Q(message=row), row.step.campaign_id)


def _named(condition: Q, campaign_id: int | None) -> bool:
    return (
        Delivery.objects.filter(condition).exists()
        or PlanEntry.objects.filter(condition, plan__campaign=campaign_id).exists()
    )
