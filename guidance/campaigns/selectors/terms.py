"""What a campaign fixes for everybody, out of its rows."""

from django.db.models import Count, Sum
from django.utils import timezone

from guidance.campaigns.channels import channels
from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    Coupon,
    Delivery,
    Offer,
    Purpose,
    PushPlan,
)
from guidance.campaigns.planning.choosing import Choice, Wording
from guidance.campaigns.planning.deciding import Benefit, Terms
from guidance.campaigns.selectors.texts import gone_texts
from guidance.core.selectors import default_market

FIRST_STEP = 1
EQUAL_SHARES = Choice()


def terms_of(campaign: Campaign, *, step: int = FIRST_STEP, choice: Choice = EQUAL_SHARES) -> Terms:
    """Return the terms under which a step of a campaign is planned; seven statements at most.

    Of several wordings those that may not be told any more are left out; where none may, it is
    found at sending, and said there.
    """
    messages = list(CampaignMessage.objects.filter(step__campaign=campaign, step__number=step))
    gone = gone_texts(messages)
    cost, value, budget = campaign.contact_cost, campaign.response_value, campaign.budget
    return Terms(
        key=campaign.key,
        wordings=[
            Wording(one.pk, one.channel, one.language, one.weight, one.variant)
            for one in sorted(messages, key=_order)
            if one.pk not in gone or _is_last(one, messages, gone)
        ],
        benefits=[
            Benefit(one.pk, tuple(one.tiers), float(one.cost), left)
            for one, left in open_offers(campaign) or _closed_offers(campaign)
        ],
        default_language=default_market().language,
        holdout=campaign.holdout_percent / 100,
        needs_consent=campaign.purpose != Purpose.TRANSACTIONAL,
        is_capped=campaign.purpose != Purpose.TRANSACTIONAL,
        contact_cost=float(cost),
        response_value=None if value is None else float(value),
        budget=None if budget is None else max(float(budget) - committed(campaign), 0.0),
        choice=choice,
    )


def _is_last(message: CampaignMessage, messages: list[CampaignMessage], gone: set[int]) -> bool:
    """Tell whether no other wording of a channel and language may be told."""
    place = (message.channel, message.language)
    return all(one.pk in gone for one in messages if (one.channel, one.language) == place)


def open_offers(campaign: Campaign) -> list[tuple[Offer, int | None]]:
    """Return the offers open when the campaign speaks, each with how many coupons are left to give.

    None: as many as are wanted. One that is used up is closed.
    """
    begins = max(timezone.now(), campaign.starts_at)
    found = []
    for offer in Offer.objects.filter(campaign=campaign).order_by("id"):
        left = None if offer.most_in_total is None else offer.most_in_total - offer.given
        if offer.is_pooled:
            free = Coupon.objects.filter(offer=offer, customer=None).count()
            left = free if left is None else min(left, free)
        if offer.is_open(begins) and (left is None or left > 0):
            found.append((offer, left))
    return found


def _closed_offers(campaign: Campaign) -> list[tuple[Offer, int]]:
    """Return a campaign's offers with none left to give: its messages promise one, so that without
    any open nobody is to get them."""
    return [(offer, 0) for offer in Offer.objects.filter(campaign=campaign).order_by("id")]


def committed(campaign: Campaign) -> float:
    """Return what messages sent and on their way cost or may cost, with the offers in them.

    Of a plan that is not queued yet all that it proposed counts.
    """
    left = Delivery.objects.filter(campaign=campaign).exclude(state=Delivery.State.CANCELLED)
    told = left.aggregate(count=Count("pk"), offers=Sum("offer__cost"))
    spent = told["count"] * float(campaign.contact_cost) + float(told["offers"] or 0)
    queueing = PushPlan.objects.filter(
        campaign=campaign, state=PushPlan.State.APPROVED, is_queued=False, stopped_at=None
    ).exclude(campaign__trigger__gt="")
    return spent + sum(float(plan.counts.get("cost", 0)) for plan in queueing.only("counts"))


def _order(message: CampaignMessage) -> tuple[int, str, str, str]:
    """What reaches people who are not in the shop is tried first."""
    order = channels()[message.channel].order
    return order, message.channel, message.language, message.variant
