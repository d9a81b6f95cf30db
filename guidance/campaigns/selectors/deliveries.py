"""Reads of the outbox."""

from collections import Counter
from uuid import UUID

from django.db.models import Count

from guidance.campaigns.models import Delivery, PushPlan

State = Delivery.State


def decision_of_delivery(delivery_id: UUID) -> UUID | None:
    """Return the decision that a sent message is logged as; it has the delivery's id."""
    is_sent = Delivery.objects.filter(pk=delivery_id, state=State.SENT).exists()
    return delivery_id if is_sent else None


def outbox_of(plan: PushPlan) -> Counter[tuple[str, int]]:
    """Return how many of a plan's messages are in each state, and why; one statement.

    Once all are queued the counts add up to the messages that were approved.
    """
    rows = Delivery.objects.filter(plan=plan).order_by().values_list("state", "reason")
    return Counter(
        {(state, reason): count for state, reason, count in rows.annotate(n=Count("pk"))}
    )
