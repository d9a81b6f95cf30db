"""At the moment of sending: whether each message may still leave, and with which coupon."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from django.core.exceptions import ValidationError

from guidance.campaigns.models import Campaign, Delivery, Purpose, Verdict
from guidance.campaigns.planning.shoppers import ChannelFacts
from guidance.campaigns.selectors.audiences import members
from guidance.campaigns.selectors.reach import channel_facts
from guidance.campaigns.selectors.steps import no_longer_wanted
from guidance.content.models import PublishedCopy
from guidance.customers.quiet import Window, check_quiet
from guidance.customers.selectors import shop_zones

logger = logging.getLogger(__name__)
# While nobody can tell who is in an audience, its messages wait, and are asked about so often.
ASKED_AGAIN = timedelta(minutes=15)


@dataclass
class Checked:
    """What may leave now, why the rest may not, and what waits for the end of quiet hours."""

    leaving: list[Delivery] = field(default_factory=list)
    refused: dict[UUID, Verdict] = field(default_factory=dict)
    postponed: dict[UUID, datetime] = field(default_factory=dict)


def recheck(deliveries: Sequence[Delivery], *, now: datetime) -> Checked:
    """Hold claimed messages to today's consents, caps, hours, stock and texts, and to the audience
    where the campaign asks for it.

    About eight statements a campaign and channel, one more for an audience. Of two messages to one
    shopper in a batch the one due first leaves; the other waits for the next batch, where the first
    counts.
    """
    checked = Checked()
    seen: set[int] = set()
    groups: defaultdict[tuple[int, str], list[Delivery]] = defaultdict(list)
    for delivery in deliveries:
        if delivery.customer_id in seen:
            checked.postponed[delivery.pk] = delivery.due_at
            continue
        seen.add(delivery.customer_id)
        groups[delivery.campaign_id, delivery.channel].append(delivery)
    leaving = [delivery.pk for delivery in deliveries]
    for (_campaign, channel), group in groups.items():
        _check_group(group, channel, leaving, now, checked)
    return checked


def _check_group(
    group: list[Delivery], channel: str, leaving: list[UUID], now: datetime, checked: Checked
) -> None:
    campaign = group[0].campaign
    if over := _of_campaign(campaign, now):
        checked.refused |= dict.fromkeys((one.pk for one in group), over)
        return
    group = sorted(group, key=lambda one: one.customer_id)
    try:
        inside = _still_inside(group, now)
    except ValidationError as problem:
        logger.warning("The audience of %s cannot be asked: %s", campaign.key, problem.messages)
        checked.postponed |= {one.pk: now + ASKED_AGAIN for one in group}
        return
    texts, unwanted = _texts_gone(group), no_longer_wanted(group)
    ids = np.asarray([one.customer_id for one in group], dtype=np.int64)
    facts = channel_facts(ids, channel=channel, campaign=campaign, at=now, leaving=leaving)
    quiet = check_quiet(
        np.full(len(group), int(now.timestamp()), dtype=np.int64),
        zones=[one.customer.time_zone for one in group],
        countries=[one.customer.country for one in group],
        window=Window(campaign.quiet_from, campaign.quiet_until),
        shop_zones=shop_zones(),
    )
    ends = int(campaign.ends_at.timestamp())
    for place, delivery in enumerate(group):
        verdict = _of_shopper(facts, place, campaign)
        if delivery.customer.merged_into_id is not None:
            verdict = Verdict.MERGED
        elif delivery.customer_id not in inside:
            verdict = Verdict.NOT_AUDIENCE
        elif delivery.pk in unwanted:
            verdict = unwanted[delivery.pk]
        verdict = verdict or texts.get(delivery.message_id, Verdict.SEND) or _of_product(delivery)
        later = int(quiet.next_allowed[place])
        if verdict:
            checked.refused[delivery.pk] = Verdict(verdict)
        elif campaign.purpose == Purpose.TRANSACTIONAL or quiet.allowed[place]:
            checked.leaving.append(delivery)
        elif later > ends:
            checked.refused[delivery.pk] = Verdict.QUIET_HOURS
        else:
            checked.postponed[delivery.pk] = datetime.fromtimestamp(later, UTC)


def _still_inside(group: Sequence[Delivery], now: datetime) -> set[int]:
    """Return which shoppers of one campaign's messages may be spoken to by its audience: all, or
    those who are still in it; one statement at most."""
    everybody = {one.customer_id for one in group}
    campaign = group[0].campaign
    if campaign.audience is None or not campaign.rechecks_audience:
        return everybody
    inside = members(campaign.audience, at=now, among=sorted(everybody))
    return set(inside.values_list("id", flat=True))


def _of_campaign(campaign: Campaign, now: datetime) -> Verdict:
    if campaign.stopped_at is not None or not campaign.is_active:
        return Verdict.STOPPED
    return Verdict.TOO_LATE if campaign.ends_at <= now else Verdict.SEND


def _of_shopper(facts: ChannelFacts, place: int, campaign: Campaign) -> Verdict:
    if not facts.has_address[place]:
        return Verdict.NO_ADDRESS
    if campaign.purpose != Purpose.TRANSACTIONAL and not facts.has_consent[place]:
        return Verdict.NO_CONSENT
    if facts.barred[place]:
        return Verdict(int(facts.barred[place]))
    return Verdict.CAP if facts.is_capped[place] else Verdict.SEND


def _of_product(delivery: Delivery) -> Verdict:
    """Return why the product of the text, or the one that set a trigger off, bars a message."""
    told = (delivery.message.publication.product, delivery.product)
    if any(one is not None and (one.is_hidden or one.stock == 0) for one in told):
        return Verdict.OUT_OF_STOCK
    if delivery.promised_price is None or delivery.product is None:
        return Verdict.SEND
    price = delivery.product.price
    is_dearer = price is None or price > delivery.promised_price
    return Verdict.PRICE_CHANGED if is_dearer else Verdict.SEND


def _texts_gone(group: Sequence[Delivery]) -> dict[int, Verdict]:
    """Return, by message, why a text or a subject may not be told any more; one statement.

    A fact it cites changed, as a price does, or a person withdrew it. A text that was merely
    replaced by a newer one is still approved, word for word.
    """
    messages = {one.message_id: one.message for one in group}
    cited = {m.publication_id for m in messages.values()}
    cited |= {m.subject_id for m in messages.values() if m.subject_id}
    standing = dict(
        PublishedCopy.objects.filter(publication__in=cited).values_list("publication", "status")
    )
    gone = {
        PublishedCopy.Status.STALE.value: Verdict.PRICE_CHANGED,
        PublishedCopy.Status.WITHDRAWN.value: Verdict.TEXT_WITHDRAWN,
    }
    found: dict[int, Verdict] = {}
    for key, message in messages.items():
        for publication in (message.publication_id, message.subject_id):
            if publication and (verdict := gone.get(standing.get(publication, ""))):
                found[key] = verdict
    return found
