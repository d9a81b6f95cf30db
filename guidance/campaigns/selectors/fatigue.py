"""Who had as many messages as they may have: one budget over all campaigns and apps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, DateTimeField, Q
from django.db.models.functions import Coalesce

from guidance.campaigns.hooks import contact_counters
from guidance.campaigns.models import Delivery, FrequencyCap, Purpose
from guidance.core.among import Among

State = Delivery.State


def capped(
    *,
    channel: str,
    customer_ids: Sequence[int],
    at: datetime,
    leaving: Sequence[UUID] | None = None,
) -> set[int]:
    """Return those who would have more than a cap allows with one more message at a moment.

    What is sent, in doubt or on its way counts, also for the days after the moment. With `leaving`,
    the messages about to leave, neither they nor what still waits counts: of many the first can go.
    Transactional messages never count. One statement a cap and one a counter.
    """
    full: set[int] = set()
    for cap in FrequencyCap.objects.filter(channel__in=["", channel]):
        span = timedelta(days=cap.days)
        counts = _deliveries(cap.channel, customer_ids, at, span, leaving)
        if not cap.channel:
            for counter in contact_counters():
                for customer_id, count in counter(customer_ids, at - span).items():
                    counts[customer_id] = counts.get(customer_id, 0) + count
        full.update(customer_id for customer_id, count in counts.items() if count >= cap.most)
    return full


def _deliveries(
    channel: str,
    customer_ids: Sequence[int],
    at: datetime,
    span: timedelta,
    leaving: Sequence[UUID] | None,
) -> dict[int, int]:
    states = [State.SENT, State.SENDING, State.IN_DOUBT]
    counted = Q(state__in=[*states, State.WAITING])
    if leaving is not None:
        counted = Q(state__in=states) & ~Q(id__in=list(leaving))
    if channel:
        counted &= Q(channel=channel)
    when = Coalesce("sent_at", "due_at", output_field=DateTimeField())
    rows = (
        Delivery.objects.filter(counted, Among("customer_id", customer_ids))
        .exclude(campaign__purpose=Purpose.TRANSACTIONAL)
        .annotate(when=when)
        .filter(when__gt=at - span, when__lt=at + span)
        .order_by()
        .values_list("customer_id")
        .annotate(count=Count("pk"))
    )
    return dict(rows)
