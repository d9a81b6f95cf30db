"""What webhooks are to be told, written in the transaction of the change itself."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from guidance.catalog.models import Product
from guidance.content.models import Publication, WebhookEndpoint, WebhookEvent, WebhookMessage
from guidance.core.ids import new_id


def note_change(
    *, publications: Iterable[Publication], event: WebhookEvent, status: str
) -> list[WebhookMessage]:
    """Put into the outbox that copy was published or taken back, for whoever wants to hear it.

    Call it inside the change's transaction. One statement where nobody listens, three otherwise,
    however many publications there are. A message names its text and never holds it.
    """
    told = list(publications)
    if not told:
        return []
    listening = [
        endpoint
        for endpoint in WebhookEndpoint.objects.filter(is_active=True)
        if event.value in endpoint.events
    ]
    if not listening:
        return []
    products = {publication.product_id for publication in told}
    skus = dict(Product.objects.filter(pk__in=products).values_list("pk", "sku"))
    at = timezone.now()
    subjects = [(_data(one, skus[one.product_id], status), skus[one.product_id]) for one in told]
    return put(
        [
            message(endpoint=endpoint, event=event.value, data=data, subject=sku, at=at)
            for data, sku in subjects
            for endpoint in listening
        ]
    )


def put(messages: Sequence[WebhookMessage]) -> list[WebhookMessage]:
    """Store messages and, on commit, have each of their endpoints told."""
    stored = WebhookMessage.objects.bulk_create(messages)
    for endpoint_id in dict.fromkeys(one.endpoint_id for one in stored):
        transaction.on_commit(partial(enqueue, str(endpoint_id)))
    return stored


def message(
    *, endpoint: WebhookEndpoint, event: str, data: dict[str, Any], subject: str, at: datetime
) -> WebhookMessage:
    """Return an unsaved message in the shape of Standard Webhooks: type, timestamp, data."""
    body = {"type": event, "timestamp": at.isoformat(), "data": data}
    return WebhookMessage(
        id=new_id(),
        endpoint=endpoint,
        type=event,
        subject=subject[:150],
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=at,
        due_at=at,
    )


def enqueue(endpoint_id: str) -> None:
    """Have a worker send what an endpoint is still to be told; asking twice is harmless."""
    async_task("guidance.content.tasks.deliver_webhooks", endpoint_id)


def _data(publication: Publication, sku: str, status: str) -> dict[str, Any]:
    return {
        "content_id": str(publication.pk),
        "sku": sku,
        "kind": publication.kind,
        "language": publication.language,
        "channel": publication.channel,
        "market": publication.market,
        "segment": publication.segment,
        "variant": publication.variant,
        "version": publication.number,
        "status": status,
    }
