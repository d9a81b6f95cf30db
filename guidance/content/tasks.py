"""Background tasks of content."""

import uuid
from collections.abc import Sequence

from guidance.content.services import staleness, webhook_delivery


def examine_again(draft_ids: Sequence[str]) -> int:
    """Run the checks of these waiting drafts against today's facts."""
    return staleness.examine_again(draft_ids=[uuid.UUID(draft_id) for draft_id in draft_ids])


def deliver_webhooks(endpoint_id: str) -> str:
    """Send what an endpoint is to be told now."""
    return str(webhook_delivery.deliver_due(endpoint_id=uuid.UUID(endpoint_id)))


def sweep_webhooks() -> int:
    """Have every endpoint told what is due."""
    return webhook_delivery.sweep_webhooks()
