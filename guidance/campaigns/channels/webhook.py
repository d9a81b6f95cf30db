"""The shop's own sender: each message as a signed webhook (Standard Webhooks), over TLS.

The idempotency key travels as `webhook-id`, the same at every attempt, so that a receiver that
honours it has each message once; a call whose answer is lost is therefore simply made again.
"""

import json
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.channels.base import Channel, Message, Outcome
from guidance.campaigns.channels.endpoints import retire_push_endpoint, secrets_of
from guidance.campaigns.models.channels import LONGEST_PROVIDER
from guidance.campaigns.models.endpoints import PushEndpoint
from guidance.content.models import MessageChannel
from guidance.content.webhooks.addresses import split_url
from guidance.content.webhooks.signing import signed_headers
from guidance.content.webhooks.transport import Line
from guidance.core.sealing import Undecryptable

EVENT = "message.send"
USER_AGENT = "ShopGuide-Messages/1"
# What the receiver says of the message itself; any other answer may be another one tomorrow.
NEVER_TAKEN = frozenset({400, 413, 422})
GONE = 410
# How long to leave a receiver alone that cannot be reached at all, in seconds.
NO_ENDPOINT_AFTER = 300.0


class WebhookChannel(Channel):
    """Posts each message to the endpoint that is in use, over one connection while it lasts."""

    key = "webhook"
    label = _("the shop's own sender")
    order = 20
    push_texts = frozenset(
        {
            MessageChannel.WEB_PUSH,
            MessageChannel.IOS,
            MessageChannel.ANDROID,
            MessageChannel.SMS,
            MessageChannel.WECHAT,
        }
    )
    needs_address = False
    at_once = 10
    is_idempotent = True

    def __init__(self) -> None:
        self._line = Line()

    @classmethod
    def is_open(cls) -> bool:
        return PushEndpoint.objects.filter(is_active=True).exists()

    @property
    def provider(self) -> str:
        """Return the host of the endpoint in use, as long as a limit can name it; '' for none."""
        endpoint = PushEndpoint.objects.filter(is_active=True).first()
        return "" if endpoint is None else str(split_url(endpoint.url)[0])[:LONGEST_PROVIDER]

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        endpoint = PushEndpoint.objects.filter(is_active=True).first()
        if endpoint is None:
            outcome = Outcome.retry("no_endpoint", after=NO_ENDPOINT_AFTER, is_asked=False)
            return [outcome] * len(messages)
        try:
            secrets = secrets_of(endpoint)
        except Undecryptable as error:
            outcome = Outcome.retry("secret", str(error), NO_ENDPOINT_AFTER, is_asked=False)
            return [outcome] * len(messages)
        return self._post_all(endpoint, secrets, messages)

    def close(self) -> None:
        self._line.close()

    def _post_all(
        self, endpoint: PushEndpoint, secrets: Sequence[str], messages: Sequence[Message]
    ) -> list[Outcome]:
        """Post one by one; a receiver that says it is gone for good is called no more."""
        outcomes: list[Outcome] = []
        for message in messages:
            outcome = _post(self._line, endpoint.url, secrets, message)
            outcomes.append(outcome)
            if outcome.reason == "gone":
                retire_push_endpoint(endpoint=endpoint)
                rest = Outcome.retry("no_endpoint", after=NO_ENDPOINT_AFTER, is_asked=False)
                return outcomes + [rest] * (len(messages) - len(outcomes))
        return outcomes


def payload_of(message: Message) -> dict[str, Any]:
    """Return what the receiver gets, as JSON."""
    return {
        "type": EVENT,
        "timestamp": timezone.now().isoformat(),
        "data": {
            "delivery_id": str(message.delivery_id),
            "customer": message.customer_ref,
            "address": message.address,
            "language": message.language,
            "subject": message.subject,
            "body": message.body,
            "html": message.html,
            "headers": dict(message.headers),
            "data": dict(message.data),
        },
    }


def _post(line: Line, url: str, secrets: Sequence[str], message: Message) -> Outcome:
    body = json.dumps(payload_of(message), ensure_ascii=False).encode()
    signed = signed_headers(
        message_id=message.idempotency_key, timestamp=int(time.time()), body=body, secrets=secrets
    )
    answer = line.post(
        url,
        body=body,
        headers={"Content-Type": "application/json", "User-Agent": USER_AGENT, **signed},
        allowed_networks=settings.WEBHOOK_ALLOWED_NETWORKS,
        ca_file=settings.WEBHOOK_CA_FILE,
    )
    if answer.is_delivered:
        return Outcome.sent()
    if answer.status in NEVER_TAKEN:
        return Outcome.refused("receiver", f"HTTP {answer.status}")
    if answer.status == GONE:
        said = f"HTTP {answer.status}"
        return Outcome.retry("gone", said, NO_ENDPOINT_AFTER, is_asked=False)
    after = None if answer.retry_after is None else float(answer.retry_after)
    said = f"HTTP {answer.status}" if answer.status is not None else answer.detail
    return Outcome.retry(answer.problem or "receiver", said, after)
