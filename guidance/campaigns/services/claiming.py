"""Which messages a worker takes next: batches that no two workers share, at the channel's pace."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    ChannelLimit,
    Delivery,
    Offer,
    PushPlan,
)
from guidance.campaigns.selectors.faults import audience_fault
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.catalog.models import Product
from guidance.core.among import AmongUuids
from guidance.core.locks import hold_while_alive, still_held
from guidance.core.services import record_audit

State = Delivery.State
# What sending needs to know; half the columns are times, which are dear to read.
READ = (
    *("campaign_id", "plan_id", "step", "customer_id", "occurrence", "channel", "message_id"),
    *("offer_id", "coupon_id", "state", "due_at", "attempts", "lease", "product_id"),
    "promised_price",
    *("customer__ref", "customer__time_zone", "customer__country", "customer__merged_into_id"),
    *("customer__tier", "sent_at", "handed_at"),
    *("experiment", "arm", "propensity", "why", "context"),
)
# Longer than what is given to a channel at once takes with every message at its time-out; renewed
# before each of these. What is held longer was lost.
LEASE = timedelta(minutes=4)
# Younger than this a lease is nobody else's whatever the clocks say, and need not be renewed.
FRESH = LEASE / 4
# Of one channel at once, over all workers: a slow receiver leaves room for other work.
MOST_SENDERS = 2
# A provider that asks for more is asked again after it.
LONGEST_PAUSE = 3600.0


@contextmanager
def sending(channel: str) -> Iterator[UUID | None]:
    """Be one of a channel's senders while the body runs; yield the lease for what it takes.

    None where there are enough. That a process died is seen by what it holds, so that what it took
    is found at once (`find_dead`).
    """
    with ExitStack() as held:
        places = (f"campaigns.sender:{channel}:{number}" for number in range(MOST_SENDERS))
        if not any(held.enter_context(hold_while_alive(place)) for place in places):
            yield None
            return
        lease = uuid.uuid4()
        held.enter_context(hold_while_alive(_of_lease(lease)))
        yield lease


def _of_lease(lease: UUID) -> str:
    return f"campaigns.lease:{lease}"


def claim(
    *,
    channel: str,
    most: int,
    now: datetime,
    without: Iterable[UUID] = (),
    lease: UUID | None = None,
) -> list[Delivery]:
    """Take up to `most` due messages of a channel under a lease and return them.

    Rows that another worker is taking are passed over (SKIP LOCKED; on SQLite one writer at a time
    is the rule anyway). `without` are plans whose messages wait; `lease` is a sender's.
    """
    lease = lease or uuid.uuid4()
    due = Delivery.objects.filter(state=State.WAITING, channel=channel, due_at__lte=now)
    with transaction.atomic():
        rows = due.exclude(plan__in=list(without)).order_by("due_at", "id")
        ids = rows.select_for_update(skip_locked=True, of=("self",)).values_list("id", flat=True)
        taken = list(ids[:most])
        # Of two workers the caps let the one go on that took its messages first.
        Delivery.objects.filter(AmongUuids("id", taken)).update(
            state=State.SENDING, lease=lease, lease_until=now + LEASE
        )
    mine = Delivery.objects.filter(AmongUuids("id", taken), lease=lease).order_by("due_at", "id")
    return _with_their_rows(list(mine.select_related("customer").only(*READ)))


def renew(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Hold messages for another while and mark them as handed over, just before they are; return
    those still ours."""
    now = timezone.now()
    mine = Delivery.objects.filter(
        AmongUuids("id", [one.pk for one in deliveries]),
        state=State.SENDING,
        lease__in={one.lease for one in deliveries},
    )
    if mine.update(lease_until=now + LEASE, handed_at=now) == len(deliveries):
        return list(deliveries)
    held = set(mine.values_list("id", flat=True))
    return [one for one in deliveries if one.pk in held]


def _with_their_rows(deliveries: list[Delivery]) -> list[Delivery]:
    """Give each its campaign, message, offer and product: few rows, which a join would build each
    time."""
    campaigns = Campaign.objects.select_related("audience").in_bulk(
        {one.campaign_id for one in deliveries}
    )
    messages = CampaignMessage.objects.select_related("publication__product", "subject").in_bulk(
        {one.message_id for one in deliveries}
    )
    offers = Offer.objects.in_bulk({one.offer_id for one in deliveries if one.offer_id})
    products = Product.objects.in_bulk({one.product_id for one in deliveries if one.product_id})
    for one in deliveries:
        if one.product_id is not None:
            one.product = products.get(one.product_id)
        one.campaign, one.message = campaigns[one.campaign_id], messages[one.message_id]
        if one.offer_id is not None:
            one.offer = offers[one.offer_id]
    return deliveries


@transaction.atomic
def take_tokens(
    *, channel: str, wanted: int, provider: str = "", now: datetime | None = None
) -> int:
    """Return how many messages may leave over a channel and its provider now, and count them as
    gone.

    A bucket of one second's messages for each limit that holds, shared by all workers. No row or no
    limit: all of them.
    """
    at = now or timezone.now()
    rows = ChannelLimit.objects.select_for_update().over(channel, provider)
    limits = list(rows.order_by("pk"))
    if any(one.is_stopped or (one.paused_until and one.paused_until > at) for one in limits):
        return 0
    paced = [one for one in limits if one.per_second is not None]
    held = {one.pk: _held(one, at) for one in paced}
    given = min([wanted, *(int(tokens) for tokens in held.values())])
    for one in paced:
        one.tokens, one.refilled_at = held[one.pk] - given, at
        one.save(update_fields=["tokens", "refilled_at"])
    return given


def _held(limit: ChannelLimit, at: datetime) -> float:
    """Return what a bucket holds at a moment."""
    most = float(limit.per_second or 0)
    since = (at - limit.refilled_at).total_seconds() if limit.refilled_at else 1.0
    return min(limit.tokens + max(since, 0.0) * most, most)


def is_closed(*, channel: str, provider: str) -> bool:
    """Tell whether nothing leaves over a channel and its provider now."""
    return ChannelLimit.objects.over(channel, provider).closed(timezone.now()).exists()


@transaction.atomic
def pause_provider(*, channel: str, provider: str, seconds: float) -> None:
    """Let nothing leave over a provider for as long as it asked, an hour at most: whoever is told
    to wait and goes on is told so for longer. Nobody in particular is not paused."""
    if not provider:
        return
    until = timezone.now() + timedelta(seconds=min(seconds, LONGEST_PAUSE))
    limit, _is_new = ChannelLimit.objects.select_for_update().get_or_create(
        channel=channel, provider=provider
    )
    if limit.paused_until is None or limit.paused_until < until:
        limit.paused_until = until
        limit.save(update_fields=["paused_until"])
        record_audit(
            actor=None,
            verb="pause_provider",
            target=limit,
            details={"seconds": round(seconds), "until": until.isoformat()},
        )


def held_plans(*, now: datetime) -> list[UUID]:
    """Return the plans whose messages wait because the campaign is no longer what was approved, or
    because nobody can tell who is in the audience that is asked again."""
    waiting = Delivery.objects.filter(plan=OuterRef("pk"), state=State.WAITING)
    plans = PushPlan.objects.filter(Exists(waiting), state=PushPlan.State.APPROVED)
    return [
        plan.pk
        for plan in plans.select_related("campaign", "campaign__audience")
        if snapshot(plan.campaign) != plan.frozen or _waits_for_audience(plan.campaign, now)
    ]


def _waits_for_audience(campaign: Campaign, now: datetime) -> bool:
    """Of a campaign that is over or off nothing waits: its messages are taken and cancelled."""
    is_over = campaign.stopped_at is not None or not campaign.is_active or campaign.ends_at <= now
    if is_over or not campaign.rechecks_audience or campaign.audience is None:
        return False
    return bool(audience_fault(campaign.audience))


def find_lost(*, now: datetime, idempotent: Iterable[str]) -> tuple[int, int]:
    """Deal with messages that were held too long; see `_free`."""
    return _free(Delivery.objects.filter(state=State.SENDING, lease_until__lt=now), idempotent)


def find_dead(*, idempotent: Iterable[str]) -> list[str]:
    """Deal with messages whose senders are gone, long before their leases end; return the channels.

    Nothing hangs on a sender being gone for sure: one that only lost its connection finds before
    each message that what it held is no longer its own, or sends it under the same key.
    """
    taken = Delivery.objects.filter(state=State.SENDING, lease__isnull=False)
    held = taken.order_by().values_list("lease", flat=True).distinct()
    leases = {_of_lease(lease): lease for lease in held if lease is not None}
    if not leases:
        return []
    alive = still_held(leases)
    dead = [lease for name, lease in leases.items() if name not in alive]
    channels = list(
        taken.filter(lease__in=dead).order_by().values_list("channel", flat=True).distinct()
    )
    if channels:
        _free(Delivery.objects.filter(state=State.SENDING, lease__in=dead), idempotent)
    return channels


@transaction.atomic
def _free(lost: QuerySet[Delivery], idempotent: Iterable[str]) -> tuple[int, int]:
    """Free messages whose worker died; return how many wait again and how many are in doubt.

    Over a channel whose receiver knows a message by its key it may go out again. Over another it
    may where it was not handed over yet; else nobody knows, and a person decides.
    """
    unknown = lost.exclude(channel__in=list(idempotent)).filter(handed_at__isnull=False)
    in_doubt = unknown.update(state=State.IN_DOUBT, lease=None, lease_until=None)
    again = lost.update(state=State.WAITING, lease=None, lease_until=None, handed_at=None)
    return again, in_doubt
