"""Delivering webhooks: at least once, in order while an endpoint answers, for about a day.

A process that dies leaves its message waiting; the lease on the endpoint runs out and the sweeper
has it sent again under the same id.
"""

import random
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from guidance.content.models import WebhookAttempt, WebhookEndpoint, WebhookMessage
from guidance.content.services.webhook_endpoints import secrets_of, switch
from guidance.content.services.webhook_outbox import enqueue
from guidance.content.webhooks.signing import signed_headers
from guidance.content.webhooks.transport import Outcome, post
from guidance.core.sealing import Undecryptable
from guidance.core.services import record_batch_audit

Problem, Status = WebhookAttempt.Problem, WebhookMessage.Status
# 10 s, then three times as long each time up to 6 h: the twelfth attempt comes after 27 hours.
FIRST_DELAY, LONGEST_DELAY, GROWTH = 10.0, 6 * 3600.0, 3
MOST_ATTEMPTS = 12
JITTER = 0.2
# A message that failed so often holds up those behind it no longer.
HOLDS_THE_LINE = 5
# A task of the queue is cut off after 120 s; what is left then is another task's.
BUDGET_SECONDS = 45.0
KEPT = timedelta(days=30)
# What was given up is what somebody may still want to look into, or send again.
DEAD_KEPT = timedelta(days=90)
GONE = 410
USER_AGENT = "ShopGuide-Webhooks/1"


@dataclass(frozen=True)
class Delivered:
    """What one run came to; `is_held`: another process sends to this endpoint."""

    sent: int = 0
    failed: int = 0
    is_held: bool = False


def deliver_due(*, endpoint_id: uuid.UUID) -> Delivered:
    """Send what an endpoint is to be told now, oldest first; safe to run twice and to be killed."""
    lease = _claim(endpoint_id)
    if lease is None:
        return Delivered(is_held=True)
    sent = failed = 0
    ends = time.monotonic() + BUDGET_SECONDS
    try:
        while message := _next_due(endpoint_id):
            if time.monotonic() >= ends:
                enqueue(str(endpoint_id))
                break
            if not _renew(endpoint_id, lease):
                break
            if _deliver(message):
                sent += 1
            else:
                failed += 1
    finally:
        _held(endpoint_id, lease).update(lease=None, lease_expires_at=None)
    return Delivered(sent=sent, failed=failed)


def sweep_webhooks(*, now: datetime | None = None) -> int:
    """Have every endpoint told what is due, and forget what is settled for long.

    That is what was delivered 30 days ago, and what was given up and is 90 days old; of the latter
    the audit trail says how many. Returns how many endpoints have something due.
    """
    at = now or timezone.now()
    WebhookMessage.objects.filter(status=Status.SENT, sent_at__lt=at - KEPT).delete()
    _forget_dead(before=at - DEAD_KEPT)
    due = WebhookMessage.objects.waiting().filter(due_at__lte=at, endpoint__is_active=True)
    endpoints = due.order_by().values_list("endpoint_id", flat=True).distinct()
    for endpoint_id in endpoints:
        enqueue(str(endpoint_id))
    return len(endpoints)


@transaction.atomic
def _forget_dead(*, before: datetime) -> None:
    dead = WebhookMessage.objects.filter(status=Status.DEAD, created_at__lt=before)
    _rows, by_model = dead.delete()
    if count := by_model.get(WebhookMessage._meta.label, 0):
        record_batch_audit(
            actor=None,
            verb="forget_dead_webhooks",
            model=WebhookMessage,
            count=count,
            details={"created_before": before.isoformat()},
        )


def delay_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts, with a fifth of it left to chance."""
    seconds = min(FIRST_DELAY * GROWTH ** (attempts - 1), LONGEST_DELAY)
    return timedelta(seconds=seconds * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311  spread


def _claim(endpoint_id: uuid.UUID) -> uuid.UUID | None:
    now, lease = timezone.now(), uuid.uuid4()
    free = Q(lease__isnull=True) | Q(lease_expires_at__lt=now)
    taken = WebhookEndpoint.objects.filter(free, pk=endpoint_id, is_active=True).update(
        lease=lease, lease_expires_at=now + WebhookEndpoint.LEASE
    )
    return lease if taken else None


def _held(endpoint_id: uuid.UUID, lease: uuid.UUID) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(pk=endpoint_id, lease=lease)


def _renew(endpoint_id: uuid.UUID, lease: uuid.UUID) -> bool:
    """Keep the lease for one more message; False where it was lost or somebody switched it off."""
    until = timezone.now() + WebhookEndpoint.LEASE
    active = _held(endpoint_id, lease).filter(is_active=True)
    return bool(active.update(lease_expires_at=until))


def _next_due(endpoint_id: uuid.UUID) -> WebhookMessage | None:
    """Return the oldest message that may be sent now.

    One that failed lately holds up all behind it, so that an endpoint hears things in order; one
    that failed often does so no longer.
    """
    now = timezone.now()
    waiting = WebhookMessage.objects.waiting().filter(endpoint=endpoint_id).order_by("id")
    first = waiting.filter(Q(due_at__lte=now) | Q(attempts__lt=HOLDS_THE_LINE)).first()
    if first is None or first.due_at > now:
        return None
    return first


def _deliver(message: WebhookMessage) -> bool:
    """Send a message and keep what came of it; tell whether it was delivered."""
    endpoint = WebhookEndpoint.objects.get(pk=message.endpoint_id)
    begun = time.monotonic()
    outcome = _send(endpoint, message)
    milliseconds = int((time.monotonic() - begun) * 1000)
    with transaction.atomic():
        WebhookAttempt.objects.create(
            message=message,
            status_code=outcome.status,
            problem=_problem(outcome),
            detail=outcome.detail[:200],
            milliseconds=milliseconds,
        )
        _settle(message, outcome)
        if outcome.status == GONE:
            switch(endpoint=endpoint, is_active=False, actor=None)
    return outcome.is_delivered


def _send(endpoint: WebhookEndpoint, message: WebhookMessage) -> Outcome:
    body = message.body.encode()
    try:
        secrets = secrets_of(endpoint)
    except Undecryptable:
        return Outcome(problem=Problem.SECRET)
    signed = signed_headers(
        message_id=message.message_id, timestamp=int(time.time()), body=body, secrets=secrets
    )
    return post(
        endpoint.url,
        body=body,
        headers={"Content-Type": "application/json", "User-Agent": USER_AGENT, **signed},
        allowed_networks=settings.WEBHOOK_ALLOWED_NETWORKS,
        ca_file=settings.WEBHOOK_CA_FILE,
    )


def _settle(message: WebhookMessage, outcome: Outcome) -> None:
    now, attempts = timezone.now(), message.attempts + 1
    if outcome.is_delivered:
        changes = {"status": Status.SENT, "sent_at": now}
    elif attempts >= MOST_ATTEMPTS or outcome.status == GONE:
        changes = {"status": Status.DEAD}
    else:
        asked = timedelta(seconds=min(outcome.retry_after or 0, LONGEST_DELAY))
        changes = {"due_at": now + max(delay_after(attempts), asked)}
    WebhookMessage.objects.filter(pk=message.pk).update(attempts=attempts, **changes)


def _problem(outcome: Outcome) -> str:
    if outcome.problem or outcome.is_delivered:
        return outcome.problem
    is_redirect = outcome.status is not None and 300 <= outcome.status < 400
    return Problem.REDIRECT if is_redirect else Problem.REFUSED
