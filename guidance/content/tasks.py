"""Background tasks of content."""

import uuid
from collections.abc import Sequence

from guidance.content.services import (
    learning_wordings,
    planning,
    staleness,
    webhook_delivery,
)


def examine_again(draft_ids: Sequence[str]) -> int:
    """Run the checks of these waiting drafts against today's facts."""
    return staleness.examine_again(draft_ids=[uuid.UUID(draft_id) for draft_id in draft_ids])


def hold_what_is_true(publication_ids: Sequence[str]) -> int:
    """Put stale copy back that today's facts still carry, until it is approved anew."""
    wanted = [uuid.UUID(publication_id) for publication_id in publication_ids]
    return planning.hold_what_is_true(publication_ids=wanted)


def keep_time() -> None:
    """Send planned texts out, and take out what nobody approved anew in time."""
    planning.enforce_deadlines()
    planning.publish_due()


def deliver_webhooks(endpoint_id: str) -> str:
    """Send what an endpoint is to be told now."""
    return str(webhook_delivery.deliver_due(endpoint_id=uuid.UUID(endpoint_id)))


def sweep_webhooks() -> int:
    """Have every endpoint told what is due."""
    return webhook_delivery.sweep_webhooks()


def settle_bandits() -> int:
    """Let bandits learn the decisions whose time is over, and follow what is published."""
    return learning_wordings.settle_bandits()
