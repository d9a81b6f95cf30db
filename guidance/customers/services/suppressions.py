"""Who is written to no more: suppressed at once, lifted only by a person who says why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.rows import Refused
from guidance.core.services import record_audit, record_batch_audit
from guidance.customers.contacts import fingerprint, fingerprints, is_current
from guidance.customers.hooks import Withdrawal, decision_of, tell_withdrawal
from guidance.customers.models import ContactPoint, Suppression
from guidance.customers.services.contact_points import seal_anew as seal_contacts_anew
from guidance.customers.services.pseudonyms import hold_customer
from guidance.customers.services.sealed_suppressions import follow_key, seal_anew, seal_suppressed

Reason = Suppression.Reason
ROTATION_BATCH = 500


@dataclass(frozen=True)
class Suppressed:
    """What `suppress` came to; `is_new` is false where it was so already."""

    suppression: Suppression
    is_new: bool


@transaction.atomic
def suppress(
    *,
    channel: str,
    reason: Reason,
    source: str,
    customer_id: int | None = None,
    address: str = "",
    purpose: str = "",
    delivery: UUID | None = None,
    at: datetime | None = None,
    note: str = "",
    actor: User | None = None,
) -> Suppressed:
    """Write to a customer, or to an address, no more on a channel; again changes nothing.

    Of an address alone the customer who has it is looked up. An empty purpose is every purpose. A
    complaint is told to those who listen for withdrawals. Raises ValueError where neither is given.
    """
    if customer_id is None and not address:
        raise ValueError("suppress needs a customer or an address")
    customer_id = _who(channel, customer_id, address)
    hold_lock(f"customers.suppress:{channel}")
    mark = _mark(channel, address)
    known = Suppression.objects.active().filter(
        channel=channel, purpose=purpose, reason=reason, customer=customer_id, fingerprint=mark
    )
    if found := known.first():
        return Suppressed(found, is_new=False)
    row = Suppression.objects.create(
        customer_id=customer_id,
        channel=channel,
        purpose=purpose,
        reason=reason,
        fingerprint=mark,
        ciphertext=seal_suppressed(address, channel=channel) if address else None,
        at=at or timezone.now(),
        source=source,
        note=note,
        delivery=delivery,
    )
    details = {"channel": channel, "purpose": purpose, "reason": reason, "source": source}
    record_audit(actor=actor, verb="suppress", target=row, details=details)
    if reason == Reason.COMPLAINED and row.customer is not None:
        tell_withdrawal(
            Withdrawal(
                kind="complaint",
                customer=row.customer.ref,
                channel=channel,
                purpose=purpose,
                at=row.at,
                decision=decision_of(delivery),
            )
        )
    return Suppressed(row, is_new=True)


@transaction.atomic
def lift_suppression(*, suppression_id: int, reason: str, actor: User) -> Suppression:
    """Let a customer or an address be written to again, on the word of a person.

    Raises Refused: `missing_field` without a reason, `already_lifted`.
    """
    if not reason.strip():
        raise Refused("missing_field", _("Say why it is lifted."))
    row = Suppression.objects.select_for_update(of=("self",)).get(pk=suppression_id)
    if row.lifted_at is not None:
        raise Refused("already_lifted", _("It was lifted already."))
    lift(row, reason=reason.strip(), actor=actor)
    return row


def lift(row: Suppression, *, reason: str, actor: User | None) -> None:
    """Lift one suppression that the caller's transaction holds."""
    row.lifted_at, row.lifted_by, row.lift_reason = timezone.now(), actor, reason[:300]
    row.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
    details = {"channel": row.channel, "reason": row.reason}
    record_audit(actor=actor, verb="lift_suppression", target=row, details=details)


def move_suppressions(*, from_customer_id: int, to_customer_id: int) -> int:
    """Let what holds for one customer hold for the other, in their merge; return how many moved.

    What holds for the other already stays with the first, whom nobody writes to any more.
    """
    moved = 0
    own = Suppression.objects.active().filter(customer=to_customer_id)
    has = set(own.values_list("channel", "purpose", "reason", "fingerprint"))
    for row in Suppression.objects.filter(customer=from_customer_id):
        key = (row.channel, row.purpose, row.reason, row.fingerprint)
        if row.lifted_at is None and key in has:
            continue
        row.customer_id = to_customer_id
        row.save(update_fields=["customer"])
        moved += 1
    return moved


def rotate_suppressions() -> int:
    """Encrypt anew, under the first of CONTACT_KEYS, suppressed addresses; return how many.

    Their fingerprints follow, so that they go on meeting those of contact points. Batch by batch,
    as `rotate_contacts`. Raises Undecryptable where a key is gone.
    """
    rotated, last = 0, 0
    while True:
        with transaction.atomic():
            batch = list(
                Suppression.objects.select_for_update(of=("self",))
                .filter(pk__gt=last, ciphertext__isnull=False)
                .order_by("pk")[:ROTATION_BATCH]
            )
            if not batch:
                return rotated
            old = seal_anew(batch)
            if old:
                record_batch_audit(
                    actor=None,
                    verb="rotate_suppressions",
                    model=Suppression,
                    count=old,
                    details={},
                )
        rotated, last = rotated + old, batch[-1].pk


def _who(channel: str, customer_id: int | None, address: str) -> int | None:
    """Return who is meant, after a merge who they became, held against merges; None for nobody."""
    if customer_id is None:
        points = ContactPoint.objects.filter(
            channel=channel, fingerprint__in=fingerprints(address)
        ).order_by("pk")
        customer_id = points.values_list("customer", flat=True).first()
    return None if customer_id is None else hold_customer(customer_id).pk


def _mark(channel: str, address: str) -> str:
    """Return today's fingerprint of an address, '' for none.

    What another key encrypted of the address is encrypted anew, so that its fingerprint is the one
    kept here. Only that is locked: a merge locks its customers first, then their rows.
    """
    if not address:
        return ""
    points = ContactPoint.objects.filter(channel=channel, fingerprint__in=fingerprints(address))
    stale = [point.pk for point in points if not is_current(point.ciphertext)]
    if stale:
        old = ContactPoint.objects.select_for_update().filter(pk__in=stale).order_by("pk")
        seal_contacts_anew(list(old))
    follow_key(channel=channel, addresses=[address])
    return fingerprint(address)
