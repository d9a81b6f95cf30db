"""Webhook endpoints: made with a secret that is shown once, changed, switched, told again."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.content.models import WebhookEndpoint, WebhookMessage
from guidance.content.models.webhooks import TEST_EVENT
from guidance.content.services.refusals import Invalid
from guidance.content.services.webhook_outbox import enqueue, message, put
from guidance.content.webhooks.addresses import split_url
from guidance.content.webhooks.signing import new_secret
from guidance.core.models import User
from guidance.core.sealing import Sealer
from guidance.core.services import record_audit

# How long receivers may go on with the secret that was replaced.
OVERLAP = timedelta(hours=24)
_sealer = Sealer("webhook")


@transaction.atomic
def create_endpoint(
    *, name: str, url: str, events: Sequence[str], actor: User | None
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint and return it with its signing secret, which nobody can read again."""
    endpoint, secret = WebhookEndpoint(name=name, url=url, events=list(events)), new_secret()
    endpoint.secret = _sealer.seal(secret, bound_to=str(endpoint.pk))
    endpoint.full_clean()
    endpoint.save(force_insert=True)
    # An address may hold a token: the trail names the host alone.
    details = {"host": split_url(url)[0], "events": list(events)}
    record_audit(actor=actor, verb="create_webhook", target=endpoint, details=details)
    return endpoint, secret


@transaction.atomic
def save_endpoint(*, endpoint: WebhookEndpoint, changed: Sequence[str], actor: User) -> None:
    """Write an endpoint's changed name, address or events."""
    endpoint.save(update_fields=list(changed))
    details = {"host": split_url(endpoint.url)[0], "events": endpoint.events}
    details["changed"] = list(changed)
    record_audit(actor=actor, verb="update_webhook", target=endpoint, details=details)


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, actor: User | None) -> str:
    """Replace the signing secret and return the new one.

    For 24 hours messages are signed with both, so that receivers can change over without a gap.
    """
    locked = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = new_secret()
    locked.previous_secret, locked.previous_until = locked.secret, timezone.now() + OVERLAP
    locked.secret = _sealer.seal(secret, bound_to=str(locked.pk))
    locked.save(update_fields=["secret", "previous_secret", "previous_until"])
    record_audit(actor=actor, verb="rotate_webhook_secret", target=locked)
    return secret


@transaction.atomic
def switch(*, endpoint: WebhookEndpoint, is_active: bool, actor: User | None) -> None:
    """Stop telling an endpoint, or go on; what waits for it goes on waiting meanwhile."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(is_active=is_active)
    verb = "switch_on_webhook" if is_active else "switch_off_webhook"
    record_audit(actor=actor, verb=verb, target=endpoint)


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, actor: User) -> WebhookMessage:
    """Put a message into the outbox that says nothing but that it is a test."""
    if not endpoint.is_active:
        raise Invalid(_("This webhook is switched off."))
    at = timezone.now()
    told = message(endpoint=endpoint, event=TEST_EVENT, data={}, subject="", at=at)
    record_audit(actor=actor, verb="test_webhook", target=endpoint)
    return put([told])[0]


@transaction.atomic
def resend(*, message_id: uuid.UUID, actor: User) -> WebhookMessage:
    """Have a message sent again under its own id; raises Invalid while it waits anyway."""
    locked = WebhookMessage.objects.select_for_update().get(pk=message_id)
    now = timezone.now()
    if locked.status == WebhookMessage.Status.WAITING and locked.due_at <= now:
        raise Invalid(_("It waits to be sent already."))
    locked.status, locked.attempts = WebhookMessage.Status.WAITING, 0
    locked.due_at, locked.sent_at = now, None
    locked.save(update_fields=["status", "attempts", "due_at", "sent_at"])
    record_audit(actor=actor, verb="resend_webhook", target=locked)
    transaction.on_commit(lambda: enqueue(str(locked.endpoint_id)))
    return locked


def secrets_of(endpoint: WebhookEndpoint) -> list[str]:
    """Return the secrets to sign with, the current one first; raises Undecryptable."""
    sealed = [endpoint.secret]
    until = endpoint.previous_until
    if endpoint.previous_secret is not None and until is not None and until > timezone.now():
        sealed.append(endpoint.previous_secret)
    return [_sealer.open(one, bound_to=str(endpoint.pk)) for one in sealed]


def reseal_secrets() -> int:
    """Encrypt anew, under the first of CONTACT_KEYS, what another key encrypted; return how many.

    A secret that was replaced and is past its time is forgotten.
    """
    count = 0
    for endpoint_id in WebhookEndpoint.objects.values_list("pk", flat=True):
        with transaction.atomic():
            endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint_id)
            opened = secrets_of(endpoint)
            stale = [one for one in (endpoint.secret, endpoint.previous_secret) if one is not None]
            if all(_sealer.is_current(one) for one in stale):
                continue
            sealed = [_sealer.seal(one, bound_to=str(endpoint.pk)) for one in opened]
            endpoint.secret = sealed[0]
            endpoint.previous_secret = sealed[1] if len(sealed) > 1 else None
            endpoint.save(update_fields=["secret", "previous_secret"])
            count += 1
    return count
