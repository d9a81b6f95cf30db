"""A campaign begun from a sentence: drafts to go on with, switched off, nothing sent."""

import secrets
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from guidance.campaigns.models import Audience, Campaign, Objective, Offer
from guidance.campaigns.selectors.faults import campaign_faults, offer_faults
from guidance.campaigns.sentences.understood import Understood
from guidance.campaigns.services.audiences import save_audience
from guidance.campaigns.services.coupons import new_code
from guidance.campaigns.services.editing import save_campaign
from guidance.campaigns.services.reading import reopen
from guidance.catalog.models import Category
from guidance.core.models import User
from guidance.core.selectors import default_market

LONGEST_TITLE = 100
RUNS_FOR = timedelta(days=14)
# Of a campaign with a trigger, where the sentence says none.
USUAL_DAILY_MAXIMUM = 100


@transaction.atomic
def begin_campaign(*, sentence: str, language: str, actor: User, seal: str = "") -> Campaign:
    """Make the campaign, audience and offer that a sentence asks for, switched off.

    `seal` holds what a language model made of it, as it was seen; nobody is asked here. Raises
    ValidationError where nothing of it was understood, it asks for what cannot be, or the seal does
    not hold.
    """
    found = reopen(sentence=sentence, seal=seal, actor=actor).found
    if not found.may_begin:
        raise ValidationError(_("Nothing of this was understood."))
    campaign = _campaign(found, sentence.strip(), language)
    if found.conditions:
        campaign.audience = _audience(found, sentence, actor)
    if faults := campaign_faults(campaign):
        raise ValidationError({name: [told] for name, told in faults.items()})
    offers = [_offer(found, campaign)] if found.offer_kind else []
    for offer in offers:
        _check_offer(offer, campaign)
    save_campaign(campaign=campaign, offers=offers, actor=actor)
    return campaign


def _campaign(found: Understood, sentence: str, language: str) -> Campaign:
    market = default_market()
    campaign = Campaign(
        key=_free_key(sentence),
        titles={language: sentence[:LONGEST_TITLE]},
        is_active=False,
        objective=found.objective or Objective.ORDERS,
        time_zone=market.time_zone,
        currency=market.currency,
        category=Category.objects.filter(path=found.category).first() if found.category else None,
    )
    if found.trigger:
        campaign.trigger = found.trigger
        campaign.daily_maximum = found.daily_maximum or USUAL_DAILY_MAXIMUM
    campaign.starts_at = _tomorrow(campaign)
    campaign.ends_at = campaign.starts_at + RUNS_FOR
    if found.quiet is not None:
        campaign.quiet_from, campaign.quiet_until = found.quiet
    if found.send_at is not None:
        campaign.send_at = found.send_at
    return campaign


def _tomorrow(campaign: Campaign) -> datetime:
    now = timezone.now().astimezone(campaign.zone)
    return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)


def _audience(found: Understood, sentence: str, actor: User) -> Audience:
    audience = Audience(name=sentence.strip()[:LONGEST_TITLE], rules=found.rules)
    save_audience(audience=audience, actor=actor)
    return audience


def _offer(found: Understood, campaign: Campaign) -> Offer:
    is_amount = found.offer_kind == Offer.Kind.AMOUNT
    return Offer(
        code=new_code(),
        kind=found.offer_kind,
        value=found.offer_value or 0,
        currency=(found.offer_currency or campaign.currency) if is_amount else "",
    )


def _check_offer(offer: Offer, campaign: Campaign) -> None:
    """Refuse an offer that could not be saved on the campaign's page either."""
    if faults := offer_faults(offer, campaign):
        raise ValidationError(list(faults.values()))
    offer.clean_fields(exclude=["campaign"])


def _free_key(sentence: str) -> str:
    stem = slugify(sentence)[:40].strip("-") or "campaign"
    if not Campaign.objects.filter(key=stem).exists():
        return stem
    return f"{stem}-{secrets.token_hex(3)}"
