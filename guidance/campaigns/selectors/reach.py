"""What a plan must know of a batch of shoppers, read in a fixed number of statements."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Exists, OuterRef, Q

from guidance.campaigns.channels import channels
from guidance.campaigns.models import (
    Campaign,
    CustomerScore,
    CustomerSegment,
    Delivery,
    PlanEntry,
    Purpose,
    PushPlan,
    Verdict,
)
from guidance.campaigns.planning.buckets import buckets_of
from guidance.campaigns.planning.shoppers import Bools, ChannelFacts, Floats, Ints, Shoppers, Words
from guidance.campaigns.planning.timing import NO_HOUR
from guidance.campaigns.selectors.fatigue import capped
from guidance.campaigns.selectors.hours import Hours, best_hours
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.core.among import Among
from guidance.customers.models import Customer, Suppression
from guidance.customers.selectors import consenting, has_contact, suppressed
from guidance.experiments.models import Holdout

# A campaign of higher priority that speaks to a shopper within so long goes first.
SOON = timedelta(days=1)
VERDICTS = {
    Suppression.Reason.COMPLAINED: Verdict.COMPLAINED,
    Suppression.Reason.BOUNCED: Verdict.BOUNCED,
}
NOBODY: Words = np.empty(0, dtype=object)
COLUMNS = ("id", "ref", "tier", "language", "country", "time_zone")


def read_shoppers(
    customer_ids: Ints,
    *,
    campaign: Campaign,
    channels: Sequence[str],
    at: datetime,
    usual: Hours | None = None,
) -> Shoppers:
    """Return the columns of these shoppers, by id; those who are gone are left out.

    `at` is when messages are about to leave; with `usual`, the hours of tiers, each shopper's own
    best hour is read too. Six statements, five a channel, two a cap.
    """
    rows = list(
        Customer.objects.filter(Among("id", customer_ids)).order_by("id").values_list(*COLUMNS)
    )
    columns = [np.asarray(column, dtype=object) for column in zip(*rows, strict=True)]
    ids, refs, tiers, languages, countries, zones = columns or [NOBODY] * len(COLUMNS)
    found: Ints = ids.astype(np.int64)
    return Shoppers(
        ids=found,
        refs=refs,
        tiers=tiers,
        languages=languages,
        countries=countries,
        zones=zones,
        channels={
            channel: channel_facts(found, channel=channel, campaign=campaign, at=at)
            for channel in channels
        },
        is_served=_members(found, _served(found, campaign)),
        is_taken=_members(found, _taken(found, campaign, at)),
        is_held_out=held_out(refs),
        uplift=_uplift(found),
        segments=_segments(found),
        hours=_hours(found, zones, tiers, usual, at),
    )


def channel_facts(
    ids: Ints,
    *,
    channel: str,
    campaign: Campaign,
    at: datetime,
    leaving: Sequence[UUID] | None = None,
) -> ChannelFacts:
    """Return who of these, by ascending id, can be, wants to be and may be spoken to on a channel.

    `leaving` are the messages about to leave, which no cap counts.
    """
    listed = ids.tolist()
    everybody = np.ones(len(ids), dtype=np.bool_)
    address = everybody
    if channels()[channel].needs_address:
        address = _members(ids, has_contact(channel=channel, customer_ids=listed))
    consent, full = everybody, np.zeros(len(ids), dtype=np.bool_)
    if campaign.purpose != Purpose.TRANSACTIONAL:
        allowed = consenting(channel=channel, purpose=campaign.purpose, customer_ids=listed)
        consent = _members(ids, allowed)
        full = _members(
            ids,
            capped(
                channel=channel,
                customer_ids=listed,
                at=at,
                leaving=leaving,
                priority=campaign.priority,
            ),
        )
    return ChannelFacts(address, consent, _barred(ids, listed, channel, campaign), full)


def held_out(refs: Words) -> Bools:
    """Return who is in the holdout over everything."""
    holdout = Holdout.objects.filter(is_active=True).first()
    if holdout is None:
        return np.zeros(len(refs), dtype=np.bool_)
    share: Bools = buckets_of(seed=holdout.seed or holdout.key, units=list(refs)) < float(
        holdout.share
    )
    return share


def _barred(ids: Ints, listed: list[int], channel: str, campaign: Campaign) -> Ints:
    """Return the verdict that bars each; of what is transactional only a bounce does."""
    reasons = suppressed(channel=channel, customer_ids=listed, purpose=campaign.purpose)
    verdicts = {one: VERDICTS.get(reason, Verdict.SUPPRESSED) for one, reason in reasons.items()}  # type: ignore[call-overload]
    if campaign.purpose == Purpose.TRANSACTIONAL:
        verdicts = {one: told for one, told in verdicts.items() if told == Verdict.BOUNCED}
    barred = np.zeros(len(ids), dtype=np.int64)
    if verdicts:
        barred[np.searchsorted(ids, list(verdicts))] = [int(told) for told in verdicts.values()]
    return barred


def _served(ids: Ints, campaign: Campaign) -> Iterable[int]:
    """Return those about whom an approved plan of the campaign decided for good.

    That is whom it gives a message that was not cancelled, and, so that both groups stay alike,
    whom it held out; but for a plan that was stopped, whose held out are held out of nothing more.
    What waits in a plan that the campaign is no longer is as good as cancelled. Asked of the plans,
    not of the outbox: one approved a moment ago may not be queued yet. Of a trigger nobody is: each
    occasion has its own message.
    """
    plans = PushPlan.objects.filter(campaign=campaign, state=PushPlan.State.APPROVED)
    approved = [] if campaign.trigger else list(plans.only("pk", "frozen", "stopped_at"))
    if not approved:
        return []
    now = snapshot(campaign)
    outdated = [plan.pk for plan in approved if plan.frozen != now]
    ran = [plan.pk for plan in approved if plan.stopped_at is None]
    cancelled, waiting = Delivery.State.CANCELLED, Delivery.State.WAITING
    gone = Delivery.objects.filter(plan=OuterRef("plan"), customer=OuterRef("customer")).filter(
        Q(state=cancelled) | Q(state=waiting, plan__in=outdated)
    )
    entries = PlanEntry.objects.filter(Among("customer_id", ids), plan__in=approved)
    decided = entries.filter(Q(verdict=Verdict.SEND) & ~Exists(gone)) | entries.filter(
        plan__in=ran, verdict__in=[Verdict.HOLDOUT, Verdict.EXPERIMENT]
    )
    return decided.order_by().values_list("customer_id", flat=True)


def _taken(ids: Ints, campaign: Campaign, at: datetime) -> Iterable[int]:
    """Return those whom a running campaign of higher priority is about to speak to."""
    waiting: Any = Delivery.objects.filter(
        Among("customer_id", ids),
        state=Delivery.State.WAITING,
        campaign__priority__gt=campaign.priority,
        campaign__stopped_at=None,
        due_at__gt=at - SOON,
        due_at__lt=at + SOON,
    )
    return waiting.order_by().values_list("customer_id", flat=True)


def _hours(ids: Ints, zones: Words, tiers: Words, usual: Hours | None, at: datetime) -> Ints:
    if usual is None:
        return np.full(len(ids), NO_HOUR, dtype=np.int64)
    return best_hours(ids, zones=zones, tiers=tiers, usual=usual, at=at)


def _uplift(ids: Ints) -> Floats:
    """Return by how much a message moves each, NaN where no model says."""
    uplift = np.full(len(ids), np.nan)
    scores = CustomerScore.objects.filter(
        Among("customer_id", ids), kind=CustomerScore.Kind.UPLIFT
    ).values_list("customer_id", "value")
    if known := list(scores):
        customers, values = zip(*known, strict=True)
        uplift[np.searchsorted(ids, customers)] = values
    return uplift


def _segments(ids: Ints) -> Words:
    """Return the learned segment of each, '' where they are in none."""
    segments = np.full(len(ids), "", dtype=object)
    rows = CustomerSegment.objects.filter(Among("customer_id", ids))
    if known := list(rows.values_list("customer_id", "segment")):
        customers, keys = zip(*known, strict=True)
        segments[np.searchsorted(ids, customers)] = keys
    return segments


def _members(ids: Ints, some: Iterable[int]) -> Bools:
    """Return, for sorted ids, which are among some of them."""
    mask = np.zeros(len(ids), dtype=np.bool_)
    places = np.searchsorted(ids, np.fromiter(some, dtype=np.int64))
    mask[places] = True
    return mask
