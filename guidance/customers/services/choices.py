"""What shoppers choose themselves: they unsubscribe in one click, or set each channel and purpose.

Every choice is a consent with its proof. A refusal also suppresses, at once; a permission that the
shopper gives lifts what only their own unsubscribing had suppressed.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from guidance.core.services import record_audit
from guidance.customers.hooks import Withdrawal, decision_of, tell_withdrawal
from guidance.customers.models import Consent, Customer, Suppression
from guidance.customers.selectors.preferences import suppressions_of
from guidance.customers.services.pseudonyms import hold_customer
from guidance.customers.services.suppressions import lift, suppress

Choice = tuple[str, str]
JUST_AFTER = timedelta(microseconds=1)


@transaction.atomic
def unsubscribe(
    *,
    customer_id: int,
    channel: str,
    purpose: str,
    source: str,
    proof: Mapping[str, str],
    delivery: UUID | None = None,
) -> bool:
    """Refuse messages of a purpose on a channel, for a customer; false where they were refused.

    The refusal is kept with its proof, the channel suppressed for the purpose, and those who
    listen are told, with the decision that led to `delivery`.
    """
    customer = hold_customer(customer_id)
    return _refuse(customer, (channel, purpose), source=source, proof=proof, delivery=delivery)


@transaction.atomic
def set_preferences(
    *,
    customer_id: int,
    choices: Mapping[Choice, bool],
    proofs: Mapping[Choice, Mapping[str, str]],
    source: str,
) -> list[Choice]:
    """Keep what a customer chose for each (channel, purpose) and return what that changed.

    `proofs` says for each what was shown. A choice that was so already leaves no row.
    """
    customer = hold_customer(customer_id)
    changed = []
    for choice, is_granted in choices.items():
        keep = _allow if is_granted else _refuse
        if keep(customer, choice, source=source, proof=proofs[choice], delivery=None):
            changed.append(choice)
    return changed


def _refuse(
    customer: Customer,
    choice: Choice,
    *,
    source: str,
    proof: Mapping[str, str],
    delivery: UUID | None,
) -> bool:
    channel, purpose = choice
    is_new = _say(customer, choice, False, source, proof)
    suppressed = suppress(
        channel=channel,
        purpose=purpose,
        reason=Suppression.Reason.UNSUBSCRIBED,
        source=source,
        customer_id=customer.pk,
        delivery=delivery,
    )
    if is_new or suppressed.is_new:
        tell_withdrawal(
            Withdrawal(
                kind="unsubscribe",
                customer=customer.ref,
                channel=channel,
                purpose=purpose,
                at=timezone.now(),
                decision=decision_of(delivery),
            )
        )
    return is_new or suppressed.is_new


def _allow(
    customer: Customer,
    choice: Choice,
    *,
    source: str,
    proof: Mapping[str, str],
    delivery: UUID | None,
) -> bool:
    channel, purpose = choice
    is_new = _say(customer, choice, True, source, proof)
    own = suppressions_of(customer).filter(
        channel=channel, purpose__in=("", purpose), reason=Suppression.Reason.UNSUBSCRIBED
    )
    lifted = list(own.select_for_update(of=("self",)))
    for row in lifted:
        lift(row, reason=f"the shopper allowed it again: {source}", actor=None)
    return is_new or bool(lifted)


def _say(
    customer: Customer, choice: Choice, is_granted: bool, source: str, proof: Mapping[str, str]
) -> bool:
    """Keep a customer's word, with the audit entry; false where it was their newest already."""
    channel, purpose = choice
    newest = customer.consents.filter(channel=channel, purpose=purpose).order_by("-at").first()
    if newest is not None and newest.is_granted == is_granted:
        return False
    # A server's clock may be ahead of ours: what is said now counts after what was said so far.
    at = timezone.now() if newest is None else max(timezone.now(), newest.at + JUST_AFTER)
    Consent.objects.create(
        customer=customer,
        channel=channel,
        purpose=purpose,
        is_granted=is_granted,
        at=at,
        source=source,
        proof=dict(proof),
    )
    details = {"channel": channel, "purpose": purpose, "granted": is_granted, "source": source}
    record_audit(actor=None, verb="choose_consent", target=customer, details=details)
    return True
