"""Campaigns that a trigger sends, and what shoppers do to set one off."""

from datetime import timedelta

from django.utils import timezone

from guidance.campaigns.models import (
    Campaign,
    CampaignMessage,
    Delivery,
)
from guidance.campaigns.services.approval import approve_plan
from guidance.campaigns.services.triggering import propose_rules
from guidance.customers.models import Customer
from tests import factories
from tests.campaigns.pushes import push


def rule(trigger: str, wait: int = 60, **given: object) -> CampaignMessage:
    message = push(trigger=trigger, **{"daily_maximum": 100, "audience": None, **given})
    if "category" not in given:
        Campaign.objects.filter(pk=message.step.campaign_id).update(category=None)
    message.step.wait_minutes = wait
    message.step.save()
    return message


def approve(message: CampaignMessage) -> None:
    plan = propose_rules(campaign=message.step.campaign, actor=factories.user())
    approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())


def did(customer: Customer, kind: str, ago: timedelta, **given: object) -> None:
    factories.event(
        customer=customer, kind=kind, occurred_at=timezone.now() - ago, source="live", **given
    )


def outbox() -> list[tuple[str, str, int]]:
    rows = Delivery.objects.order_by("customer__ref", "step")
    return list(rows.values_list("customer__ref", "state", "reason"))
