"""A message of a plan sent to the desk's own people, before anybody else gets it."""

from contextlib import closing

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from guidance.campaigns.channels import Result, channel_of
from guidance.campaigns.models import Coupon, Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.services.composing import message_of, nobody
from guidance.core.ids import new_id
from guidance.core.models import User
from guidance.core.services import record_audit

SAMPLE_CODE = "TEST-CODE"


def send_test(*, plan: PushPlan, customer_ref: str, address: str, actor: User) -> None:
    """Send what one shopper of a plan would get by e-mail to an address, counted nowhere.

    Without a pseudonym it is the first shopper's. No coupon is given, and its links are nobody's.
    Raises ValidationError where the address is none, nobody gets an e-mail, or the mail server
    does not take it.
    """
    validate_email(address)
    entry = _entry(plan, customer_ref.strip())
    assert entry.message is not None
    delivery = Delivery(
        id=new_id(),
        campaign=plan.campaign,
        customer=nobody(tier=entry.customer.tier),
        channel=entry.message.channel,
        message=entry.message,
        offer=entry.offer,
    )
    coupon = Coupon(code=SAMPLE_CODE) if entry.offer is not None else None
    message = message_of(delivery, address=address, coupon=coupon)
    with closing(channel_of(message.channel)) as carrier:
        (outcome,) = carrier.send([message])
    with transaction.atomic():
        record_audit(actor=actor, verb="send_test", target=plan, details={"result": outcome.result})
    if outcome.result != Result.SENT:
        raise ValidationError(
            _("The test did not leave: %(why)s.") % {"why": outcome.reason or outcome.result}
        )


def _entry(plan: PushPlan, ref: str) -> PlanEntry:
    entries = PlanEntry.objects.filter(
        plan=plan, verdict=Verdict.SEND, message__channel="email"
    ).select_related("customer", "message__publication__product", "message__subject", "offer")
    if ref:
        entries = entries.filter(customer__ref=ref)
    entry = entries.order_by("customer_id").first()
    if entry is None:
        raise ValidationError(_("No such shopper gets an e-mail by this plan."))
    return entry
