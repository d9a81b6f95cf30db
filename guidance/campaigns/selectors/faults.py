"""What is wrong with a campaign before it is saved, by the field that is at fault.

Every function returns `{field: what is wrong}`, empty where nothing is.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.models import (
    Audience,
    Campaign,
    CampaignMessage,
    CampaignStep,
    Channel,
    Offer,
)
from guidance.campaigns.rendering import BadFrame, parse_frame
from guidance.campaigns.selectors.audiences import members
from guidance.campaigns.selectors.texts import fits, is_live
from guidance.core.models import Market
from guidance.customers.quiet import DAY, Window

Faults = dict[str, str]
# Less than this and a whole audience would be sent to at once, or not at all.
LEAST_OPEN = timedelta(hours=1)


def campaign_faults(campaign: Campaign) -> Faults:
    """Return what is wrong with a campaign's own fields; two statements."""
    faults: Faults = {}
    if campaign.starts_at and campaign.ends_at and campaign.ends_at <= campaign.starts_at:
        faults["ends_at"] = _("The end must be after the start.")
    if campaign.trigger and not campaign.daily_maximum:
        faults["daily_maximum"] = _("A campaign with a trigger needs a daily maximum.")
    elif campaign.daily_maximum and not campaign.trigger:
        faults["daily_maximum"] = _("Only a campaign with a trigger has a daily maximum.")
    if campaign.budget is not None and not campaign.currency:
        faults["currency"] = _("A budget needs its currency.")
    elif campaign.response_value is not None and not campaign.currency:
        faults["currency"] = _("The value of a response needs its currency.")
    elif fault := currency_fault(campaign.currency):
        faults["currency"] = fault
    for name in ("budget", "contact_cost", "response_value"):
        value = getattr(campaign, name)
        if value is not None and value < 0:
            faults[name] = _("Less than nothing cannot be spent.")
    if _open_time(campaign) < LEAST_OPEN:
        faults["quiet_until"] = _("These quiet hours leave less than an hour of the day.")
    if campaign.audience is not None and (fault := audience_fault(campaign.audience)):
        faults["audience"] = fault
    if campaign.rechecks_audience and campaign.audience is None:
        faults["rechecks_audience"] = _("There is no audience to ask again about.")
    return faults


def campaign_warnings(campaign: Campaign) -> list[str]:
    """Return what is allowed but seldom meant."""
    told = []
    if campaign.holdout_percent == 0:
        told.append(_("Without a holdout nobody can tell what the campaign moved."))
    window = Window(campaign.quiet_from, campaign.quiet_until)
    at = campaign.send_at.hour * 3600 + campaign.send_at.minute * 60
    if (at - window.first) % DAY < window.length:
        told.append(_("The time of sending lies in the quiet hours: messages wait until they end."))
    return told


def audience_fault(audience: Audience) -> str:
    """Return why an audience's rules do not hold any more, as of a segment that is gone; '' for
    none."""
    try:
        members(audience, at=timezone.now())
    except ValidationError as fault:
        return " ".join(fault.messages)
    return ""


def currency_fault(currency: str) -> str:
    """Return why a currency is none of the shop's; a shop without markets has any."""
    if not currency:
        return ""
    known = sorted(set(Market.objects.values_list("currency", flat=True)))
    if not known or currency in known:
        return ""
    return _("No market sells in %(currency)s; there are: %(known)s.") % {
        "currency": currency,
        "known": ", ".join(known),
    }


def step_faults(campaign: Campaign, steps: Sequence[CampaignStep]) -> list[Faults]:
    """Return what is wrong with each step; the waits are counted from the step before."""
    found: list[Faults] = [{} for _step in steps]
    waited, numbers = timedelta(0), set[int]()
    for place, step in sorted(enumerate(steps), key=lambda one: one[1].number):
        faults = found[place]
        waited += timedelta(minutes=step.wait_minutes)
        if step.number in numbers:
            faults["number"] = _("Two steps have this number.")
        elif step.number != len(numbers) + 1:
            faults["number"] = _("Steps are numbered from 1 without gaps.")
        elif step.number > 1 and not campaign.trigger:
            faults["number"] = _("A campaign without a trigger has one step.")
        if step.number > 1 and step.wait_minutes == 0:
            faults["wait_minutes"] = _("This step would be due together with the one before.")
        elif _is_too_late(campaign, waited):
            faults["wait_minutes"] = _("This step would be due after the campaign's end.")
        numbers.add(step.number)
    return found


def message_faults(
    message: CampaignMessage, *, offers: Sequence[Offer], is_text_new: bool, is_subject_new: bool
) -> Faults:
    """Return what is wrong with a message's own fields; up to four statements.

    A text that was chosen before may have been replaced since; a new choice must be live.
    """
    faults: Faults = {}
    if fault := _text_fault(message, is_new=is_text_new):
        faults["publication"] = fault
    if fault := _subject_fault(message, is_new=is_subject_new):
        faults["subject"] = fault
    try:
        named = parse_frame(message.template).variables
    except BadFrame as fault:
        faults["template"] = str(fault)
        return faults
    if "code" in named and not offers:
        faults["template"] = _("The frame names {code}, but the campaign has no offer.")
    elif "link" in named and not settings.PRODUCT_URL:
        faults["template"] = _("The frame names {link}, but nobody set PRODUCT_URL.")
    return faults


def repeated(messages: Iterable[tuple[int, str, str, str]]) -> set[tuple[int, str, str, str]]:
    """Return the steps, channels, languages and variants that two messages are for."""
    seen, twice = set[tuple[int, str, str, str]](), set[tuple[int, str, str, str]]()
    for one in messages:
        (twice if one in seen else seen).add(one)
    return twice


def offer_faults(offer: Offer, campaign: Campaign | None) -> Faults:
    """Return what is wrong with an offer beside its campaign; up to two statements."""
    faults = _value_faults(offer)
    if offer.currency and campaign is not None and campaign.currency not in ("", offer.currency):
        faults["currency"] = _("The campaign counts in %(currency)s.") % {
            "currency": campaign.currency
        }
    elif fault := currency_fault(offer.currency):
        faults["currency"] = fault
    elif offer.minimum_spend and not (offer.currency or (campaign and campaign.currency)):
        faults["currency"] = _("A minimum spend needs its currency.")
    if offer.most_in_total is not None and offer.most_in_total < offer.given:
        faults["most_in_total"] = _("%(given)d were given already.") % {"given": offer.given}
    return faults | _time_faults(offer, campaign)


def _value_faults(offer: Offer) -> Faults:
    if offer.kind not in Offer.VALUED:
        if offer.kind == Offer.Kind.GIFT and not offer.titles:
            return {"title_en": _("Say what the gift is.")}
        return {}
    value = offer.value or Decimal(0)
    if value <= 0:
        return {"value": _("An offer takes off more than nothing.")}
    if offer.kind == Offer.Kind.PERCENT and value > 100:
        return {"value": _("More than 100 percent cannot be taken off.")}
    return {}


def _time_faults(offer: Offer, campaign: Campaign | None) -> Faults:
    starts, ends = offer.starts_at, offer.ends_at
    if starts and ends and ends <= starts:
        return {"ends_at": _("The end must be after the start.")}
    if campaign is None:
        return _standing_faults(offer)
    faults = {}
    if starts and not _lies_in(campaign, starts):
        faults["starts_at"] = _("This lies outside the campaign's time.")
    if ends and not _lies_in(campaign, ends):
        faults["ends_at"] = _("This lies outside the campaign's time.")
    return faults


def _standing_faults(offer: Offer) -> Faults:
    faults = {
        name: _("A benefit without a campaign needs its own time.")
        for name in ("starts_at", "ends_at")
        if getattr(offer, name) is None
    }
    if not offer.tiers:
        faults["tiers"] = _("A benefit without a campaign is for some membership tiers.")
    return faults


def _lies_in(campaign: Campaign, at: datetime) -> bool:
    """Tell whether a moment lies in the campaign; one whose times are faulty is not held to it."""
    if not campaign.starts_at or not campaign.ends_at:
        return True
    return campaign.starts_at <= at <= campaign.ends_at


def _is_too_late(campaign: Campaign, waited: timedelta) -> bool:
    if not campaign.starts_at or not campaign.ends_at:
        return False
    return campaign.starts_at + waited >= campaign.ends_at


def _open_time(campaign: Campaign) -> timedelta:
    if campaign.quiet_from is None or campaign.quiet_until is None:
        return LEAST_OPEN
    return timedelta(seconds=DAY - Window(campaign.quiet_from, campaign.quiet_until).length)


def _text_fault(message: CampaignMessage, *, is_new: bool) -> str:
    publication = message.publication
    if is_new and not is_live(publication):
        return _("This text is not published any more.")
    if not _speaks(publication.language, message.language):
        return _("This text is in another language.")
    if not fits(publication, message.channel):
        return _("This text was not written for this channel.")
    return ""


def _subject_fault(message: CampaignMessage, *, is_new: bool) -> str:
    subject = message.subject
    if subject is None:
        is_email = message.channel == Channel.EMAIL
        return _("An e-mail needs a subject.") if is_email else ""
    if is_new and not is_live(subject):
        return _("This text is not published any more.")
    if not _speaks(subject.language, message.language):
        return _("This text is in another language.")
    return ""


def _speaks(text: str, wanted: str) -> bool:
    return text.lower() == wanted.lower()
