"""What a campaign moved over all its plans: each shopper once, each plan within itself."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.models import Campaign, CampaignMessage, Delivery, PlanEntry, PushPlan
from guidance.campaigns.models import Verdict as V
from guidance.campaigns.selectors.effect import effect_of
from guidance.campaigns.selectors.effect_over_plans import campaign_effect
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.triggering import fire_triggers
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.experiments.statistics import Comparison
from tests import factories
from tests.campaigns.pushes import approved, push, shopper
from tests.campaigns.test_triggers import approve, did, rule

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _plan(campaign: Campaign, message: CampaignMessage, *, sent: int, held: int) -> PushPlan:
    """An approved plan about so many new shoppers."""
    now = timezone.now()
    last = PushPlan.objects.filter(campaign=campaign).count()
    plan = factories.push_plan(
        campaign=campaign,
        number=last + 1,
        state="approved",
        decided_at=now - HOUR,
        decided_by=factories.user(),
    )
    people = [factories.customer() for _n in range(sent + held)]
    PlanEntry.objects.bulk_create(
        PlanEntry(
            plan=plan,
            customer=one,
            verdict=V.SEND if n < sent else V.HOLDOUT,
            message=message if n < sent else None,
            send_at=now if n < sent else None,
        )
        for n, one in enumerate(people)
    )
    return plan


def _buy(plan: PushPlan, verdict: V, count: int, price: int = 10) -> None:
    entries = PlanEntry.objects.filter(plan=plan, verdict=verdict).select_related("customer")
    for entry in entries.order_by("customer_id")[:count]:
        _bought(entry.customer, price)


def _bought(who: Customer, price: int) -> None:
    factories.event(
        customer=who,
        kind="purchase",
        price=Decimal(price),
        quantity=1,
        currency="USD",
        occurred_at=timezone.now(),
    )


def test_plans_that_held_out_other_shares_are_each_compared_within_themselves() -> None:
    message = push(currency="USD")
    campaign = message.step.campaign
    keen = _plan(campaign, message, sent=90, held=10)
    cold = _plan(campaign, message, sent=20, held=80)
    _buy(keen, V.SEND, 45)
    _buy(keen, V.HOLDOUT, 5)
    _buy(cold, V.SEND, 1)
    _buy(cold, V.HOLDOUT, 4)
    effect = campaign_effect(campaign)
    assert effect is not None
    whole = effect.whole.whole
    assert (whole.treated.shoppers, whole.held.shoppers) == (110, 90)
    # Lumped together it would look like 31 points.
    assert whole.treated.bought / 110 - whole.held.bought / 90 > 0.3
    bought = effect.whole.moved("bought")
    assert isinstance(bought, Comparison)
    assert bought.value == pytest.approx(0.0, abs=1e-12)
    assert not bought.is_clear
    assert effect.profit is not None
    assert effect.profit[1] < 0 < effect.profit[2]


def test_a_plan_counts_whatever_came_of_it() -> None:
    message = push(currency="USD")
    campaign = message.step.campaign
    plain = _plan(campaign, message, sent=50, held=50)
    strong = _plan(campaign, message, sent=50, held=10)
    _buy(plain, V.SEND, 10)
    _buy(plain, V.HOLDOUT, 10)
    _buy(strong, V.SEND, 25)
    effect = campaign_effect(campaign)
    assert effect is not None
    assert effect.unmeasured == []
    bought = effect.whole.moved("bought")
    assert isinstance(bought, Comparison)
    assert bought.value == pytest.approx(0.25)


def test_a_visitor_of_one_plan_is_the_customer_of_the_next_one() -> None:
    message = push(currency="USD")
    campaign = message.step.campaign
    first = _plan(campaign, message, sent=3, held=3)
    second = _plan(campaign, message, sent=3, held=3)
    visitor = PlanEntry.objects.filter(plan=first).order_by("customer_id")[0].customer
    visitor.merged_into = PlanEntry.objects.filter(plan=second).order_by("customer_id")[0].customer
    visitor.save()
    effect = campaign_effect(campaign)
    assert effect is not None
    assert effect.whole.whole.treated.shoppers == 5


def test_of_one_plan_it_is_that_plans_effect() -> None:
    people = [shopper("null") for _n in range(60)]
    message = push(*people, holdout_percent=40, currency="USD", contact_cost=Decimal("0.1"))
    plan = approved(message.step.campaign)
    PushPlan.objects.update(decided_at=timezone.now() - HOUR)
    plan.refresh_from_db()
    deliver_due(channel="null")
    _buy(plan, V.SEND, 9, 20)
    _buy(plan, V.HOLDOUT, 2, 30)
    one, whole = effect_of(plan), campaign_effect(plan.campaign)
    assert one is not None
    assert whole is not None
    assert one.profit is not None
    assert whole.profit is not None
    assert whole.profit[0] == pytest.approx(one.profit[0])
    assert (whole.messages, whole.contact_cost) == (one.messages, one.contact_cost)
    # Student's interval against the normal one that several plans are put together by.
    assert whole.profit[2] - whole.profit[1] == pytest.approx(
        one.profit[2] - one.profit[1], rel=0.1
    )


def test_who_is_in_two_plans_counts_in_the_first_with_all_it_cost() -> None:
    message = push(currency="USD", contact_cost=Decimal("0.5"))
    campaign = message.step.campaign
    first = _plan(campaign, message, sent=30, held=30)
    second = _plan(campaign, message, sent=30, held=30)
    again = PlanEntry.objects.filter(plan=first, verdict=V.HOLDOUT).order_by("pk")[0]
    PlanEntry.objects.create(
        plan=second,
        customer=again.customer,
        verdict=V.SEND,
        message=message,
        send_at=timezone.now(),
    )
    _bought(again.customer, 10)
    _buy(second, V.SEND, 3)
    _buy(first, V.SEND, 3)
    sent = {"state": "sent", "sent_at": timezone.now(), "message": message}
    factories.delivery(customer=again.customer, plan=second, **sent)
    effect = campaign_effect(campaign)
    assert effect is not None
    assert {n: one.held.bought for n, one in effect.whole.parts.items()} == {1: 1, 2: 0}
    assert effect.whole.parts[second.number].treated.shoppers == 30
    assert (effect.messages, effect.contact_cost) == (1, Decimal("0.5"))


def test_a_plan_that_held_nobody_out_is_left_out_and_said_so(
    desk: Callable[..., Client],
) -> None:
    message = push(currency="USD", contact_cost=Decimal("1.0"))
    campaign = message.step.campaign
    told = _plan(campaign, message, sent=60, held=60)
    silent = _plan(campaign, message, sent=50, held=0)
    _buy(told, V.SEND, 30)
    _buy(told, V.HOLDOUT, 6)
    _buy(silent, V.SEND, 50, 1000)
    who = PlanEntry.objects.filter(plan=silent)[0].customer
    sent = {"state": "sent", "sent_at": timezone.now(), "message": message}
    factories.delivery(customer=who, plan=silent, **sent)
    effect = campaign_effect(campaign)
    assert effect is not None
    assert effect.unmeasured == [silent.number]
    assert effect.messages == 1
    assert effect.profit is not None
    assert effect.profit[0] == pytest.approx(60 * (5.0 - 1.0))
    url = reverse("admin:campaigns_campaign_effect", args=[campaign.pk])
    shown = desk(Role.ANALYST).get(url).content.decode()
    assert f"nothing can be compared: plan {silent.number}" in shown
    assert "It earned" in shown


def test_a_trigger_counts_shoppers_at_its_first_firing_under_any_rules() -> None:
    people = [shopper("null") for _n in range(30)]
    for one in people:
        did(one, "cart", 3 * HOUR)
    message = rule("cart_left", holdout_percent=50, currency="USD", daily_maximum=1000)
    approve(message)
    fire_triggers()
    deliver_due(channel="null")
    message.template = "{text} again"
    message.save()
    approve(message)
    Delivery.objects.update(occurrence="earlier")
    fire_triggers()
    assert PlanEntry.objects.count() == 60
    deliver_due(channel="null")
    effect = campaign_effect(message.step.campaign)
    assert effect is not None
    whole = effect.whole.whole
    assert whole.treated.shoppers + whole.held.shoppers == 30
    assert list(effect.whole.parts) == [1]
    assert effect.messages == 2 * whole.treated.shoppers


def test_before_a_plan_is_approved_there_is_nothing_to_tell(desk: Callable[..., Client]) -> None:
    campaign = push(shopper("null")).step.campaign
    assert campaign_effect(campaign) is None
    url = reverse("admin:campaigns_campaign_effect", args=[campaign.pk])
    assert "no plan of it is approved" in desk(Role.MARKETER).get(url).content.decode()
    assert desk(Role.SUPPORT_AGENT, "sam").get(url).status_code == 403
