"""Shoppers, campaigns and plans that tests of pushes begin with."""

from datetime import time, timedelta
from typing import Any

from django.utils import timezone

from guidance.campaigns.models import Campaign, CampaignMessage, PushPlan
from guidance.campaigns.services.approval import approve_plan
from guidance.campaigns.services.planning import build_plan, request_plan
from guidance.campaigns.services.queueing import queue_plan
from guidance.content.models import PublishedCopy
from guidance.customers.models import Consent, Customer
from tests import factories

# Any hour is allowed and the message is due at once, whatever the clock says while tests run.
NO_QUIET = {"quiet_from": time(0), "quiet_until": time(0)}


def shopper(*channels: str, **given: Any) -> Customer:
    """A shopper who allowed marketing over these channels."""
    made = factories.customer(**{"language": "en", "time_zone": "Europe/Berlin", **given})
    for channel in channels:
        allow(made, channel)
    return made


def allow(customer: Customer, channel: str, is_granted: bool = True) -> None:
    Consent.objects.create(
        customer=customer,
        channel=channel,
        purpose="marketing",
        is_granted=is_granted,
        at=timezone.now(),
        source="test",
    )


def push(*people: Customer, channel: str = "null", **given: Any) -> CampaignMessage:
    """A message of a campaign to these people: nobody held out, due now."""
    now = timezone.now()
    told = {
        "starts_at": now - timedelta(days=1),
        "ends_at": now + timedelta(days=9),
        "holdout_percent": 0,
        "send_at": now.time(),
        "time_zone": "UTC",
        "audience": factories.audience(kind="list", members=people),
        **NO_QUIET,
        **given,
    }
    message = factories.campaign_message(
        channel=channel, **{f"campaign__{name}": value for name, value in told.items()}
    )
    publish(message)
    return message


def publish(message: CampaignMessage) -> PublishedCopy:
    text = message.publication
    return PublishedCopy.objects.create(
        publication=text,
        product=text.product,
        kind=text.kind,
        language=text.language,
        channel=text.channel,
    )


def proposed(campaign: Campaign) -> PushPlan:
    return build_plan(plan=request_plan(campaign=campaign, actor=factories.user()))


def approved(campaign: Campaign) -> PushPlan:
    """An approved plan whose messages wait in the outbox, all of them due."""
    plan = proposed(campaign)
    plan = approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    queue_plan(plan=plan)
    plan.deliveries.update(due_at=timezone.now())
    return plan
