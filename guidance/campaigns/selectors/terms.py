"""What a campaign fixes for everybody, out of its rows."""

from guidance.campaigns.models import Campaign, CampaignMessage, Offer, Purpose
from guidance.campaigns.planning.deciding import Benefit, Terms, Wording
from guidance.core.models import Market

FIRST_STEP = 1


def terms_of(campaign: Campaign, *, step: int = FIRST_STEP) -> Terms:
    """Return the terms under which a step of a campaign is planned; three statements."""
    messages = CampaignMessage.objects.filter(step__campaign=campaign, step__number=step)
    offers = Offer.objects.filter(campaign=campaign).order_by("id")
    cost, value, budget = campaign.contact_cost, campaign.response_value, campaign.budget
    return Terms(
        key=campaign.key,
        wordings=[
            Wording(one.pk, one.channel, one.language, one.weight)
            for one in sorted(messages, key=_order)
        ],
        benefits=[Benefit(one.pk, tuple(one.tiers), float(one.cost)) for one in offers],
        default_language=default_language(),
        holdout=campaign.holdout_percent / 100,
        needs_consent=campaign.purpose != Purpose.TRANSACTIONAL,
        is_capped=campaign.purpose != Purpose.TRANSACTIONAL,
        contact_cost=float(cost),
        response_value=None if value is None else float(value),
        budget=None if budget is None else float(budget),
    )


def default_language() -> str:
    """Return the language of shoppers who told none: the default market's."""
    market = Market.objects.order_by("-is_default", "key").first()
    return market.language if market else "en"


# The order in which channels are tried: what reaches people who are not in the shop comes first.
_CHANNELS = ("email", "webhook", "inbox", "null")


def _order(message: CampaignMessage) -> tuple[int, str, str]:
    return _CHANNELS.index(message.channel), message.language, message.variant
