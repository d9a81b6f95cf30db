"""What a mail provider tells by django-anymail's webhooks: bounces, complaints, unsubscriptions,
opens and clicks.

The first three suppress at once, the others are events of the message's decision. The delivery is
the one that the message carried as metadata; of one that is to be suppressed, where the provider
does not give it back, the address alone says who is meant. Told twice it counts once.
"""

from typing import Any
from uuid import UUID

from anymail.signals import AnymailTrackingEvent, EventType, RejectReason

from guidance.campaigns.channels.bounces import is_for_good
from guidance.campaigns.channels.email import METADATA_KEY, EmailChannel
from guidance.campaigns.channels.responses import KINDS, record_response
from guidance.campaigns.models import Delivery, Purpose
from guidance.core.ids import parse_id
from guidance.customers.models import Suppression
from guidance.customers.selectors import customers_at
from guidance.customers.services import suppress, unsubscribe

Reason = Suppression.Reason
CHANNEL = EmailChannel.key
# What providers refuse to send, by why they do.
REJECTED = {
    RejectReason.INVALID: Reason.BOUNCED,
    RejectReason.BOUNCED: Reason.BOUNCED,
    RejectReason.SPAM: Reason.COMPLAINED,
    RejectReason.UNSUBSCRIBED: Reason.UNSUBSCRIBED,
}


def receive_event(
    sender: object, event: AnymailTrackingEvent, esp_name: str, **kwargs: Any
) -> None:
    """Take what a provider tells of a message and of whom it went to."""
    if event.event_type in KINDS:
        opened = _delivery(_told_id(event))
        if opened is not None:
            record_response(event=event, delivery=opened)
        return
    reason = _reason_of(event)
    if reason is None or not event.recipient:
        return
    source = f"anymail:{esp_name.lower()}"
    delivery = _delivery(_told_id(event))
    if reason == Reason.UNSUBSCRIBED:
        _unsubscribe(event.recipient, delivery, source)
        return
    suppress(
        channel=CHANNEL,
        reason=reason,
        source=source,
        customer_id=delivery.customer_id if delivery else None,
        address=event.recipient,
        delivery=delivery.pk if delivery else None,
    )


def _reason_of(event: AnymailTrackingEvent) -> Reason | None:
    match event.event_type:
        case EventType.COMPLAINED:
            return Reason.COMPLAINED
        case EventType.UNSUBSCRIBED:
            return Reason.UNSUBSCRIBED
        case EventType.BOUNCED if is_for_good(event):
            return Reason.BOUNCED
        case EventType.REJECTED:
            return REJECTED.get(event.reject_reason)
    return None


def _told_id(event: AnymailTrackingEvent) -> UUID | None:
    return parse_id(str((event.metadata or {}).get(METADATA_KEY, "")))


def _delivery(delivery_id: UUID | None) -> Delivery | None:
    if delivery_id is None:
        return None
    return Delivery.objects.select_related("campaign", "customer").filter(pk=delivery_id).first()


def _unsubscribe(address: str, delivery: Delivery | None, source: str) -> None:
    """Unsubscribe whom the delivery went to, else everybody who has the address."""
    purpose = delivery.campaign.purpose if delivery else Purpose.MARKETING
    if purpose == Purpose.TRANSACTIONAL:
        # What a shopper must be told goes on; they meant what they can be spared.
        purpose = Purpose.MARKETING
    customers = [delivery.customer_id] if delivery else customers_at(CHANNEL, address)
    for customer_id in customers:
        unsubscribe(
            customer_id=customer_id,
            channel=CHANNEL,
            purpose=purpose,
            source=source,
            proof={"text": "List-Unsubscribe", "where": source, "by": "shopper"},
            delivery=delivery.pk if delivery else None,
        )
    if not customers:
        suppress(
            channel=CHANNEL,
            purpose=purpose,
            reason=Reason.UNSUBSCRIBED,
            source=source,
            address=address,
        )
