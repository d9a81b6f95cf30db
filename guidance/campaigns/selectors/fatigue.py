"""Who had as many messages as they may have: one budget over all campaigns and apps."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, DateTimeField, Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from guidance.campaigns.hooks import contact_counters
from guidance.campaigns.models import Contact, Delivery, FrequencyCap, Purpose
from guidance.core.among import Among

State = Delivery.State


def capped(
    *,
    channel: str,
    customer_ids: Sequence[int],
    at: datetime,
    priority: int,
    leaving: Sequence[UUID] | None = None,
) -> set[int]:
    """Return those who would have more than a cap allows with one more message at a moment.

    What is sent, in doubt or on its way counts, also for the days after the moment, and what waits
    of campaigns whose `priority` is not lower. With `leaving`, the messages about to leave, neither
    they nor what still waits counts: of many the first can go; and of what is on its way only what
    was handed over or taken earlier, so that two workers do not each wait for the other.
    Transactional messages never count; what other apps said does, for caps over all channels.
    `channel` is '' for what goes over none. Two statements a cap, and one a counter.
    """
    full: set[int] = set()
    for cap in FrequencyCap.objects.filter(channel__in={"", channel}):
        span = timedelta(days=cap.days)
        counts = _deliveries(cap.channel, customer_ids, at, span, priority, leaving)
        if not cap.channel:
            for counter in (_contacts, *contact_counters()):
                for customer_id, count in counter(customer_ids, at - span).items():
                    counts[customer_id] = counts.get(customer_id, 0) + count
        full.update(customer_id for customer_id, count in counts.items() if count >= cap.most)
    return full


def _deliveries(
    channel: str,
    customer_ids: Sequence[int],
    at: datetime,
    span: timedelta,
    priority: int,
    leaving: Sequence[UUID] | None,
) -> dict[int, int]:
    left = Q(state__in=[State.SENT, State.SENDING, State.IN_DOUBT])
    counted = left | Q(state=State.WAITING, campaign__priority__gte=priority)
    if leaving is not None:
        counted = left & ~Q(id__in=list(leaving)) & _goes_first(leaving)
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


def _contacts(customer_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Return how often other apps spoke to each since a moment."""
    rows = Contact.objects.filter(Among("customer_id", customer_ids), at__gt=since).order_by()
    return dict(rows.values_list("customer_id").annotate(count=Count("pk")))


def _goes_first(leaving: Sequence[UUID]) -> Q:
    """Return the condition that a message counts before those that are about to leave.

    Of two workers with a message each for one shopper, the one that took its own first goes on.
    """
    mine = Delivery.objects.filter(id__in=list(leaving), customer=OuterRef("customer"))
    is_earlier = Exists(mine.filter(lease_until__gte=OuterRef("lease_until")))
    return ~Q(state=State.SENDING) | Q(handed_at__isnull=False) | Q(is_earlier)
