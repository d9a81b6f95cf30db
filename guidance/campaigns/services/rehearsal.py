"""A message of a plan sent to the desk's own people, before anybody else gets it."""

from contextlib import closing

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from guidance.campaigns.channels import Result, channel_of
from guidance.campaigns.models import (
    CampaignMessage,
    Coupon,
    Delivery,
    Offer,
    PlanEntry,
    PushPlan,
    Verdict,
)
from guidance.campaigns.selectors.terms import open_offers
from guidance.campaigns.services.composing import message_of, nobody
from guidance.core.ids import new_id
from guidance.core.models import User
from guidance.core.services import record_audit

SAMPLE_CODE, EMAIL = "TEST-CODE", "email"
MOST_TESTS = 20


def send_test(*, plan: PushPlan, customer_ref: str, address: str, actor: User) -> None:
    """Send what one shopper of a plan would get by e-mail to an address, counted nowhere.

    Without a pseudonym it is the first shopper's. Of a trigger, of which nobody knows yet whom it
    will speak to, it is every e-mail of its steps, for a shopper of no tier. No coupon is given,
    and its links are nobody's. Raises ValidationError where the address is none, nobody gets an
    e-mail, or the mail server does not take it.
    """
    validate_email(address)
    drafts = _of_rules(plan) if plan.campaign.trigger else [_of_entry(plan, customer_ref.strip())]
    coupon = Coupon(code=SAMPLE_CODE)
    messages = [
        message_of(draft, address=address, coupon=coupon if draft.offer is not None else None)
        for draft in drafts
    ]
    left, failed = 0, None
    with closing(channel_of(EMAIL)) as carrier:
        for message in messages:  # one by one: nobody waits for twenty time-outs
            [outcome] = carrier.send([message])
            if outcome.result != Result.SENT:
                failed = outcome
                break
            left += 1
    result = failed.result if failed is not None else Result.SENT
    with transaction.atomic():
        details = {"result": result, "messages": left}
        record_audit(actor=actor, verb="send_test", target=plan, details=details)
    if failed is not None:
        raise ValidationError(
            _("The test did not leave: %(why)s.") % {"why": failed.reason or failed.result}
        )


def _of_entry(plan: PushPlan, ref: str) -> Delivery:
    entry = _entry(plan, ref)
    assert entry.message is not None
    return _draft(plan, entry.message, entry.offer, tier=entry.customer.tier)


def _of_rules(plan: PushPlan) -> list[Delivery]:
    """Return the e-mails of a trigger's steps, in order."""
    related = CampaignMessage.objects.select_related("publication__product", "subject", "step")
    emails = related.filter(step__campaign=plan.campaign_id, channel=EMAIL)
    offer = next((offer for offer, _left in open_offers(plan.campaign)), None)
    found = list(emails.order_by("step__number", "language", "variant")[:MOST_TESTS])
    if not found:
        raise ValidationError(_("None of its messages is an e-mail."))
    return [_draft(plan, one, offer, tier="") for one in found]


def _draft(plan: PushPlan, message: CampaignMessage, offer: Offer | None, *, tier: str) -> Delivery:
    return Delivery(
        id=new_id(),
        campaign=plan.campaign,
        customer=nobody(tier=tier),
        channel=message.channel,
        message=message,
        offer=offer,
    )


def _entry(plan: PushPlan, ref: str) -> PlanEntry:
    entries = PlanEntry.objects.filter(
        plan=plan, verdict=Verdict.SEND, message__channel=EMAIL
    ).select_related("customer", "message__publication__product", "message__subject", "offer")
    if ref:
        entries = entries.filter(customer__ref=ref)
    entry = entries.order_by("customer_id").first()
    if entry is None:
        raise ValidationError(_("No such shopper gets an e-mail by this plan."))
    return entry
