"""The inbox in the shop's app: a message is a row, which the app fetches and marks as read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from guidance.campaigns.channels.base import Channel, Message, Outcome
from guidance.campaigns.models.inbox import InboxMessage
from guidance.content.models import MessageChannel
from guidance.customers.services import ensure_customers


class InboxChannel(Channel):
    """Writes a batch in three statements; a delivery that is there already is not written again."""

    key = "inbox"
    label = _("inbox in the app")
    order = 30
    push_texts = frozenset({MessageChannel.INBOX})
    needs_address = False
    at_once = 500
    has_headers = False
    is_idempotent = True

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        with transaction.atomic():
            customers = ensure_customers(refs=[message.customer_ref for message in messages])
            InboxMessage.objects.bulk_create(
                [
                    InboxMessage(
                        delivery=message.delivery_id,
                        customer_id=customers[message.customer_ref],
                        language=message.language,
                        subject=message.subject[:200],
                        body=message.body,
                        data=dict(message.data),
                    )
                    for message in messages
                ],
                ignore_conflicts=True,
            )
        return [Outcome.sent()] * len(messages)


@dataclass(frozen=True)
class InboxPage:
    """Some messages, newest first; `next` is where the page after them begins, None at the end."""

    messages: list[InboxMessage]
    unread: int
    next: UUID | None


def inbox_page(
    *, customer_id: int | None, limit: int, before: UUID | None = None, unread: bool = False
) -> InboxPage:
    """Return a shopper's messages older than `before`; two statements, none for nobody."""
    if customer_id is None:
        return InboxPage([], 0, None)
    own = InboxMessage.objects.filter(customer=customer_id)
    wanted = own.filter(read_at__isnull=True) if unread else own
    if before is not None:
        wanted = wanted.filter(pk__lt=before)
    found = list(wanted.order_by("-pk")[: limit + 1])
    messages = found[:limit]
    last = messages[-1].pk if len(found) > limit else None
    return InboxPage(messages, own.filter(read_at__isnull=True).count(), last)


@transaction.atomic
def mark_read(*, customer_id: int, message_id: UUID) -> InboxMessage | None:
    """Note when a shopper first read a message of theirs; None where they have none such."""
    message = InboxMessage.objects.filter(pk=message_id, customer=customer_id).first()
    if message is not None and message.read_at is None:
        message.read_at = timezone.now()
        message.save(update_fields=["read_at"])
    return message


def move_inbox(from_customer_id: int, to_customer_id: int) -> int:
    """Give one customer the other's messages, in their merge, and return how many."""
    return InboxMessage.objects.filter(customer=from_customer_id).update(customer=to_customer_id)
