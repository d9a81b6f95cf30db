"""The outbox at work: take, check again, hand over, and write down what became of each message.

Every state is written before and after a message leaves, so that a process that dies at any point
leaves nothing but messages that wait, that may go out again under the same key, or that are in
doubt and wait for a person.
"""

import random
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from guidance.campaigns.channels import Channel, Message, Outcome, Result, channel_of, channels
from guidance.campaigns.models import Campaign, Delivery, Verdict
from guidance.campaigns.services.claiming import (
    FRESH,
    claim,
    find_dead,
    find_lost,
    held_plans,
    is_closed,
    pause_provider,
    renew,
    sending,
    take_tokens,
)
from guidance.campaigns.services.composing import compose
from guidance.campaigns.services.coupons import release_unsent
from guidance.campaigns.services.logging_sent import log_sent
from guidance.campaigns.services.rechecking import Checked, recheck
from guidance.core.among import AmongUuids
from guidance.customers.models import Suppression
from guidance.customers.services import suppress

State = Delivery.State
# Messages a worker takes at once; over a channel that cannot tell a second copy, few, since a
# worker that dies leaves those handed over in doubt.
BATCH, CAREFUL_BATCH = 500, 50
BUDGET_SECONDS = 45.0
# How often a worker asks whether campaigns are still what was approved; it takes a tenth of a
# batch's time.
LOOK_SECONDS = 1.0
# 30 s, then three times as long each time up to 6 h; the seventh attempt comes after 9 hours.
FIRST_DELAY, GROWTH, LONGEST_DELAY = 30.0, 3, 6 * 3600.0
FIRST_ATTEMPT, MOST_ATTEMPTS = 1, 7
JITTER = 0.2
UNSENT_FIELDS = [
    *("state", "reason", "detail", "attempts", "due_at", "lease", "lease_until", "handed_at"),
]


@dataclass
class Delivered:
    """What one run came to; `has_more` where its time was up before the messages were."""

    sent: int = 0
    cancelled: int = 0
    in_doubt: int = 0
    waiting: int = 0
    has_more: bool = False

    def add(self, other: "Delivered") -> None:
        self.sent += other.sent
        self.cancelled += other.cancelled
        self.in_doubt += other.in_doubt
        self.waiting += other.waiting


def deliver_due(*, channel: str, seconds: float = BUDGET_SECONDS) -> Delivered:
    """Send what is due over a channel until nothing is or the time is up; safe to be killed.

    Where enough others are at it already it is left to them.
    """
    batch = BATCH if channels()[channel].is_idempotent else CAREFUL_BATCH
    with sending(channel) as lease:
        if lease is None:
            return Delivered()
        with closing(channel_of(channel)) as carrier:
            return _deliver(carrier, batch, seconds, lease)


def _deliver(carrier: Channel, batch: int, seconds: float, lease: UUID) -> Delivered:
    channel, told, ends = carrier.key, Delivered(), time.monotonic() + seconds
    without, looked_at = held_plans(now=timezone.now()), time.monotonic()
    while time.monotonic() < ends:
        provider = carrier.provider
        room = take_tokens(channel=channel, provider=provider, wanted=batch)
        if not room:
            if is_closed(channel=channel, provider=provider):
                break
            time.sleep(min(1.0, max(ends - time.monotonic(), 0)))
            continue
        if time.monotonic() - looked_at > LOOK_SECONDS:
            without, looked_at = held_plans(now=timezone.now()), time.monotonic()
        now = timezone.now()
        taken = claim(channel=channel, most=room, now=now, without=without, lease=lease)
        if not taken:
            break
        told.add(send_batch(taken, carrier=carrier, now=now))
    else:
        told.has_more = True
    return told


def send_batch(taken: Sequence[Delivery], *, carrier: Channel, now: datetime) -> Delivered:
    """Check claimed messages again, hand over those that may leave, and settle all of them."""
    checked, provider = recheck(taken, now=now), carrier.provider
    with transaction.atomic():
        messages = compose(checked, carrier)
        _refuse(taken, checked)
        _put_back(checked)
    told = Delivered(cancelled=len(checked.refused), waiting=len(checked.postponed))
    leaving = {delivery.pk: delivery for delivery in checked.leaving}
    for start in range(0, len(messages), carrier.at_once):
        chunk = messages[start : start + carrier.at_once]
        rows = [leaving[message.delivery_id] for message in chunk]
        going = _not_stopped(rows, told, stopped=is_closed(channel=carrier.key, provider=provider))
        # Where a second copy is known by its key, a young lease is enough; else each is marked.
        is_young = carrier.is_idempotent and timezone.now() - now < FRESH
        rows = going if is_young else renew(going)
        held = {row.pk for row in rows}
        chunk = [message for message in chunk if message.delivery_id in held]
        outcomes = carrier.send(chunk)
        told.add(settle(rows, outcomes))
        _heed(carrier.key, provider, outcomes)
        _suppress_bounces(rows, chunk, outcomes)
    return told


def _heed(channel: str, provider: str, outcomes: Sequence[Outcome]) -> None:
    """Leave a provider alone for as long as it asked for."""
    asked = [one.after for one in outcomes if one.is_asked and one.after]
    if asked:
        pause_provider(channel=channel, provider=provider, seconds=max(asked))


def _not_stopped(rows: Sequence[Delivery], told: Delivered, *, stopped: bool) -> list[Delivery]:
    """Return those that nobody stopped since they were checked; settle the others.

    Of a stopped campaign they are cancelled, over a closed channel they wait.
    """
    ended = set(
        Campaign.objects.filter(pk__in={row.campaign_id for row in rows})
        .exclude(stopped_at=None, is_active=True)
        .values_list("pk", flat=True)
    )
    if not ended and not stopped:
        return list(rows)
    gone = [row for row in rows if row.campaign_id in ended]
    waiting = [row for row in rows if stopped and row.campaign_id not in ended]
    with transaction.atomic():
        _let_go(gone, state=State.CANCELLED, reason=Verdict.STOPPED)
        _let_go(waiting, state=State.WAITING)
        release_unsent(gone)
    told.cancelled += len(gone)
    told.waiting += len(waiting)
    return [row for row in rows if row not in gone and row not in waiting]


def _let_go(rows: Sequence[Delivery], **fields: object) -> None:
    """Give messages up that are held under a lease."""
    held = Delivery.objects.filter(
        AmongUuids("id", [row.pk for row in rows]),
        state=State.SENDING,
        lease__in={row.lease for row in rows},
    )
    held.update(**fields, lease=None, lease_until=None)


@transaction.atomic
def settle(rows: Sequence[Delivery], outcomes: Sequence[Outcome]) -> Delivered:
    """Write what became of messages that were handed over; what was sent is logged as decisions.

    What another worker took over meanwhile, since this one was slow, is that one's to write.
    """
    told, now = Delivered(), timezone.now()
    sent, others = [], []
    held = set(_held(rows))
    for row, outcome in zip(rows, outcomes, strict=True):
        if row.pk not in held:
            continue
        row.attempts += 1
        row.lease, row.lease_until = None, None
        row.detail = (outcome.provider_id or outcome.detail or outcome.reason)[:200]
        if outcome.result == Result.SENT:
            row.state, row.sent_at = State.SENT, now
            sent.append(row)
        else:
            _settle_unsent(row, outcome, now, told)
            others.append(row)
    told.sent = len(sent)
    _write_sent(sent, now)
    Delivery.objects.bulk_update(others, UNSENT_FIELDS)
    # Of those that were tried before one may have arrived, whatever the last answer was.
    release_unsent(
        [row for row in others if row.state == State.CANCELLED and row.attempts == FIRST_ATTEMPT]
    )
    log_sent(sent)
    return told


def _held(rows: Sequence[Delivery]) -> QuerySet[Delivery, UUID]:
    """Return which of these are still held under their leases, locked."""
    mine = Delivery.objects.select_for_update().filter(
        AmongUuids("id", [row.pk for row in rows]),
        state=State.SENDING,
        lease__in={row.lease for row in rows},
    )
    return mine.values_list("id", flat=True)


def _suppress_bounces(
    rows: Sequence[Delivery], messages: Sequence[Message], outcomes: Sequence[Outcome]
) -> None:
    """Write no more to addresses that the other side said do not exist."""
    for row, message, outcome in zip(rows, messages, outcomes, strict=True):
        if outcome.is_bounce:
            suppress(
                channel=message.channel,
                reason=Suppression.Reason.BOUNCED,
                source=message.channel,
                customer_id=row.customer_id,
                address=message.address,
                delivery=row.pk,
            )


def _settle_unsent(row: Delivery, outcome: Outcome, now: datetime, told: Delivered) -> None:
    if outcome.result == Result.IN_DOUBT:
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


def _write_sent(sent: Sequence[Delivery], now: datetime) -> None:
    """Mark messages as sent: one statement, and one more where the receiver named them."""
    Delivery.objects.filter(AmongUuids("id", [row.pk for row in sent])).update(
        state=State.SENT,
        sent_at=now,
        attempts=F("attempts") + 1,
        lease=None,
        lease_until=None,
    )
    Delivery.objects.bulk_update([row for row in sent if row.detail], ["detail"])


def _refuse(taken: Sequence[Delivery], checked: Checked) -> None:
    """Cancel those that may not leave, each for its reason, and take their coupons back."""
    by_reason: defaultdict[Verdict, list[UUID]] = defaultdict(list)
    for key, verdict in checked.refused.items():
        by_reason[verdict].append(key)
    for verdict, ids in by_reason.items():
        Delivery.objects.filter(id__in=ids).update(
            state=State.CANCELLED, reason=verdict, lease=None, lease_until=None
        )
    release_unsent([row for row in taken if row.pk in checked.refused and not row.attempts])


def _put_back(checked: Checked) -> None:
    """Let those wait again that are to leave later."""
    for key, due_at in checked.postponed.items():
        Delivery.objects.filter(id=key).update(
            state=State.WAITING, due_at=due_at, lease=None, lease_until=None
        )


def delay_after(attempts: int, asked: float | None = None) -> timedelta:
    """Return how long to wait after so many attempts, not less than was asked for."""
    seconds = min(FIRST_DELAY * GROWTH ** (attempts - 1), LONGEST_DELAY)
    seconds *= random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  spread, no secret
    return timedelta(seconds=max(seconds, asked or 0.0))


def sweep_deliveries(*, now: datetime | None = None) -> int:
    """Find what dead workers held, and have a worker send over each channel with something due."""
    at = now or timezone.now()
    find_lost(now=at, idempotent=_idempotent())
    due = Delivery.objects.filter(state=State.WAITING, due_at__lte=at)
    wanted = list(due.order_by().values_list("channel", flat=True).distinct())
    for channel in wanted:
        enqueue(channel)
    return len(wanted)


def recover_deliveries() -> None:
    """Find what senders held who are gone, and have others go on with it."""
    for channel in find_dead(idempotent=_idempotent()):
        enqueue(channel)


def _idempotent() -> list[str]:
    return [key for key, one in channels().items() if one.is_idempotent]


def enqueue(channel: str) -> None:
    """Have a worker send what is due over a channel; asking twice is harmless."""
    async_task("guidance.campaigns.tasks.deliver", channel)
