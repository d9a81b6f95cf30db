"""The outbox at work: take, check again, hand over, and write down what became of each message.

Every state is written before and after a message leaves, so that a process that dies at any point
leaves nothing but messages that wait, that may go out again under the same key, or that are in
doubt and wait for a person.
"""

import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from guidance.campaigns.channels import Channel, Outcome, Result, channel_of, channels
from guidance.campaigns.models import Delivery, Verdict
from guidance.campaigns.services.claiming import changed_campaigns, claim, find_lost, take_tokens
from guidance.campaigns.services.composing import compose
from guidance.campaigns.services.logging_sent import log_sent
from guidance.campaigns.services.rechecking import recheck

logger = logging.getLogger(__name__)
State = Delivery.State
# Messages a worker takes at once; over a channel that cannot tell a second copy, few, since a
# worker that dies leaves those handed over in doubt.
BATCH, CAREFUL_BATCH = 500, 50
BUDGET_SECONDS = 45.0
# 30 s, then three times as long each time up to 6 h; the seventh attempt comes after 9 hours.
FIRST_DELAY, GROWTH, LONGEST_DELAY = 30.0, 3, 6 * 3600.0
MOST_ATTEMPTS = 7
JITTER = 0.2


@dataclass
class Delivered:
    """What one run came to."""

    sent: int = 0
    cancelled: int = 0
    in_doubt: int = 0
    waiting: int = 0

    def add(self, other: "Delivered") -> None:
        self.sent += other.sent
        self.cancelled += other.cancelled
        self.in_doubt += other.in_doubt
        self.waiting += other.waiting


def deliver_due(*, channel: str, seconds: float = BUDGET_SECONDS) -> Delivered:
    """Send what is due over a channel until nothing is or the time is up; safe to be killed."""
    carrier = channel_of(channel)
    batch = BATCH if carrier.is_idempotent else CAREFUL_BATCH
    told, ends = Delivered(), time.monotonic() + seconds
    while time.monotonic() < ends:
        now = timezone.now()
        room = take_tokens(channel=channel, wanted=batch)
        if not room:
            if _is_stopped(channel):
                break
            time.sleep(min(1.0, max(ends - time.monotonic(), 0)))
            continue
        _lease, taken = claim(channel=channel, most=room, now=now, without=changed_campaigns())
        if not taken:
            break
        told.add(send_batch(taken, carrier=carrier, now=now))
    return told


def send_batch(taken: Sequence[Delivery], *, carrier: Channel, now: datetime) -> Delivered:
    """Check claimed messages again, hand over those that may leave, and settle all of them."""
    checked = recheck(taken, now=now)
    with transaction.atomic():
        messages = compose(checked)
        _settle_refused(taken, checked)
        _put_back(checked)
    if not messages:
        return Delivered(cancelled=len(checked.refused), waiting=len(checked.postponed))
    told = Delivered(cancelled=len(checked.refused), waiting=len(checked.postponed))
    leaving = {delivery.pk: delivery for delivery in checked.leaving}
    for chunk in _chunks(messages, carrier):
        if not carrier.is_idempotent:
            ids = [message.delivery_id for message in chunk]
            Delivery.objects.filter(id__in=ids).update(handed_at=timezone.now())
        outcomes = carrier.send(chunk)
        rows = [leaving[message.delivery_id] for message in chunk]
        told.add(settle(rows, outcomes))
    return told


@transaction.atomic
def settle(rows: Sequence[Delivery], outcomes: Sequence[Outcome]) -> Delivered:
    """Write what became of messages that were handed over; what was sent is logged as decisions."""
    told, now, sent = Delivered(), timezone.now(), []
    for row, outcome in zip(rows, outcomes, strict=True):
        row.attempts += 1
        row.lease, row.lease_until, row.detail = None, None, outcome.detail or outcome.reason
        if outcome.result == Result.SENT:
            row.state, row.sent_at, row.detail = State.SENT, now, outcome.provider_id[:200]
            told.sent += 1
            sent.append(row)
        elif outcome.result == Result.IN_DOUBT:
            row.state = State.IN_DOUBT
            told.in_doubt += 1
        elif outcome.result == Result.RETRY and row.attempts < MOST_ATTEMPTS:
            row.state, row.handed_at = State.WAITING, None
            row.due_at = now + delay_after(row.attempts, outcome.after)
            told.waiting += 1
        else:
            row.state = State.CANCELLED
            row.reason = Verdict.BOUNCED if outcome.is_bounce else Verdict.GIVEN_UP
            told.cancelled += 1
    fields = ["state", "reason", "detail", "attempts", "due_at", "sent_at"]
    Delivery.objects.bulk_update(rows, [*fields, "lease", "lease_until", "handed_at"])
    log_sent(sent)
    return told


def delay_after(attempts: int, asked: float | None = None) -> timedelta:
    """Return how long to wait after so many attempts, not less than was asked for."""
    seconds = min(FIRST_DELAY * GROWTH ** (attempts - 1), LONGEST_DELAY)
    seconds *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  spread, no secret
    return timedelta(seconds=max(seconds, asked or 0.0))


def sweep_deliveries(*, now: datetime | None = None) -> int:
    """Find what dead workers held, and have a worker send over each channel with something due."""
    at = now or timezone.now()
    find_lost(now=at, idempotent=[one.key for one in channels() if one.is_idempotent])
    due = Delivery.objects.filter(state=State.WAITING, due_at__lte=at)
    wanted = list(due.order_by().values_list("channel", flat=True).distinct())
    for channel in wanted:
        async_task("guidance.campaigns.tasks.deliver", channel)
    return len(wanted)
