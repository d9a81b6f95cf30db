"""The steps after the first: whom they follow, whom they pass over, and what ends them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from guidance.campaigns.models import (
    Delivery,
    Verdict,
)
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.triggering import fire_triggers
from tests import factories
from tests.campaigns.pushes import publish, shopper
from tests.campaigns.triggers import approve, did, outbox, rule

pytestmark = pytest.mark.django_db


def test_a_second_step_follows_only_who_did_not_click() -> None:
    clicked, silent = shopper("null", ref="clicked"), shopper("null", ref="silent")
    for one in (clicked, silent):
        did(one, "cart", timedelta(hours=3))
    message = rule("cart_left")
    second = factories.campaign_step(
        campaign=message.step.campaign, number=2, wait_minutes=60, condition="not_clicked"
    )
    publish(factories.campaign_message(step=second))
    approve(message)
    fire_triggers()
    deliver_due(channel="null")
    first = Delivery.objects.get(customer=clicked)
    did(clicked, "click", -timedelta(seconds=1), decision=first.pk)
    Delivery.objects.update(sent_at=timezone.now() - timedelta(hours=2))
    assert fire_triggers() == 2
    deliver_due(channel="null")
    last = Delivery.objects.filter(step=2)
    assert dict(last.values_list("customer__ref", "state")) == {
        "clicked": "cancelled",
        "silent": "sent",
    }


def test_a_step_for_others_is_passed_over_and_the_sequence_goes_on() -> None:
    clicked, silent = shopper("null", ref="clicked"), shopper("null", ref="silent")
    for one in (clicked, silent):
        did(one, "cart", timedelta(hours=3))
    message = rule("cart_left")
    for number, condition in ((2, "not_clicked"), (3, "always"), (4, "not_clicked")):
        step = factories.campaign_step(
            campaign=message.step.campaign, number=number, wait_minutes=60, condition=condition
        )
        publish(factories.campaign_message(step=step))
    approve(message)
    fire_triggers()
    deliver_due(channel="null")
    first = Delivery.objects.get(customer=clicked)
    did(clicked, "click", -timedelta(seconds=1), decision=first.pk)
    for _step in (2, 3, 4):
        long_ago = timezone.now() - timedelta(hours=2)
        Delivery.objects.filter(state="sent").update(sent_at=long_ago)
        Delivery.objects.filter(state="cancelled").update(due_at=long_ago)
        fire_triggers()
        deliver_due(channel="null")
    told = Delivery.objects.order_by("customer__ref", "step")
    assert list(told.values_list("customer__ref", "step", "state", "reason")) == [
        ("clicked", 1, "sent", Verdict.SEND),
        ("clicked", 2, "cancelled", Verdict.SKIPPED),
        ("clicked", 3, "sent", Verdict.SEND),
        # Of the third, which she was sent last, she clicked nothing.
        ("clicked", 4, "sent", Verdict.SEND),
        *(("silent", step, "sent", Verdict.SEND) for step in (1, 2, 3, 4)),
    ]


def test_a_purchase_after_the_first_message_ends_the_sequence() -> None:
    who = shopper("null", ref="mira")
    did(who, "cart", timedelta(hours=3))
    message = rule("cart_left")
    second = factories.campaign_step(campaign=message.step.campaign, number=2, wait_minutes=60)
    publish(factories.campaign_message(step=second))
    approve(message)
    fire_triggers()
    deliver_due(channel="null")
    did(who, "purchase", -timedelta(seconds=1))
    later = timezone.now() - timedelta(hours=2)
    Delivery.objects.update(sent_at=later)
    fire_triggers(now=timezone.now() + timedelta(minutes=1))
    Delivery.objects.filter(step=2).update(due_at=timezone.now())
    deliver_due(channel="null")
    assert outbox() == [("mira", "sent", Verdict.SEND), ("mira", "cancelled", Verdict.EXITED)]


def test_a_step_added_later_speaks_to_nobody_of_long_ago() -> None:
    message = rule("cart_left")
    campaign = message.step.campaign
    for days in (30, 2):
        sent_at = timezone.now() - timedelta(days=days)
        factories.delivery(
            message=message, customer=shopper("null"), step=1, state="sent", sent_at=sent_at
        )
    second = factories.campaign_step(campaign=campaign, number=2, wait_minutes=36 * 60)
    publish(factories.campaign_message(step=second, channel="null"))
    approve(message)
    assert fire_triggers() == 1
