"""What only a person can settle: messages in doubt, and messages a channel gave up on."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.campaigns.models import ChannelLimit, Delivery, Verdict
from guidance.campaigns.services.coupons import release_unsent
from guidance.campaigns.services.logging_sent import log_sent
from guidance.core.models import User
from guidance.core.services import record_audit

State = Delivery.State


@transaction.atomic
def say_sent(*, delivery: Delivery, actor: User) -> Delivery:
    """Settle a message in doubt: it arrived; it is logged as it would have been."""
    row = _locked(delivery, State.IN_DOUBT)
    row.state, row.sent_at = State.SENT, row.handed_at or timezone.now()
    row.save(update_fields=["state", "sent_at"])
    log_sent([row])
    record_audit(actor=actor, verb="say_sent", target=row)
    return row


@transaction.atomic
def say_not_sent(*, delivery: Delivery, actor: User, again: bool) -> Delivery:
    """Settle a message in doubt: it never arrived; let it wait again, or cancel it."""
    row = _locked(delivery, State.IN_DOUBT)
    row.handed_at = None
    if again:
        row.state, row.due_at = State.WAITING, timezone.now()
    else:
        row.state, row.reason = State.CANCELLED, Verdict.GIVEN_UP
    row.save(update_fields=["state", "reason", "due_at", "handed_at"])
    if row.state == State.CANCELLED:
        release_unsent([row])
    record_audit(actor=actor, verb="say_not_sent", target=row, details={"again": again})
    return row


@transaction.atomic
def replay(*, delivery: Delivery, actor: User) -> Delivery:
    """Let a message that a channel gave up on wait again, under the key it had.

    It is checked like any other before it leaves. Raises ValidationError for any other message.
    """
    row = _locked(delivery, State.CANCELLED)
    if row.reason not in (Verdict.GIVEN_UP, Verdict.BOUNCED):
        raise ValidationError(_("Only what a channel gave up on can be sent again."))
    # Not as if it had never been tried: its coupon may have arrived with it.
    row.state, row.reason, row.attempts = State.WAITING, Verdict.SEND, 1
    row.due_at, row.handed_at = timezone.now(), None
    row.save(update_fields=["state", "reason", "attempts", "due_at", "handed_at"])
    record_audit(actor=actor, verb="replay_delivery", target=row)
    return row


@transaction.atomic
def stop_channel(*, limit: ChannelLimit, is_stopped: bool, actor: User) -> None:
    """Let nothing leave over a channel, or let it leave again; what is due waits meanwhile."""
    limit.is_stopped = is_stopped
    limit.save(update_fields=["is_stopped"])
    verb = "stop_channel" if is_stopped else "start_channel"
    record_audit(actor=actor, verb=verb, target=limit)


def _locked(delivery: Delivery, state: str) -> Delivery:
    related = ("campaign", "message__publication__product", "product")
    locked = Delivery.objects.select_for_update(of=("self",)).select_related(*related)
    row = locked.get(pk=delivery.pk)
    if row.state != state:
        raise ValidationError(
            _("This message is %(state)s by now.") % {"state": row.get_state_display()}
        )
    return row
