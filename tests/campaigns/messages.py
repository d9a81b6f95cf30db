"""Messages as the outbox hands them to a channel."""

from typing import Any

from guidance.campaigns.channels import Message
from guidance.core.ids import new_id


def message(**given: Any) -> Message:
    delivery = new_id()
    return Message(
        **{
            "delivery_id": delivery,
            "idempotency_key": f"msg_{delivery.hex}",
            "channel": "email",
            "address": "mira@mail.example",
            "customer_ref": "mira",
            "language": "en",
            "subject": "Your tea is back",
            "body": "Green tea is in stock again.",
            **given,
        }
    )
