"""What a trigger moved: whom it fired for against those held out as it did."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.effect_page import advice
from guidance.campaigns.models import Coupon, Delivery, PlanEntry, PushPlan, Verdict
from guidance.campaigns.selectors.effect import effect_of
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.triggering import fire_triggers
from guidance.core.roles import Role
from guidance.customers.models import Customer
from tests import factories
from tests.campaigns.pushes import publish, shopper
from tests.campaigns.test_triggers import approve, did, rule
from tests.campaigns.wordings import bandit

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def _fired(count: int, **given: object) -> PushPlan:
    """A trigger that has fired for so many shoppers with a cart, a good part of them held out."""
    for n in range(count):
        did(shopper("null", tier="gold" if n % 2 else ""), "cart", 3 * HOUR)
    told = {"holdout_percent": 50, "currency": "USD", **given}
    approve(rule("cart_left", **told))
    fire_triggers()
    return PushPlan.objects.get()


def _bought(who: Customer, price: int, at: timedelta = timedelta(0), **given: object) -> None:
    factories.event(
        customer=who,
        kind=given.pop("kind", "purchase"),
        price=Decimal(price),
        quantity=1,
        currency="USD",
        occurred_at=timezone.now() + at,
        **given,
    )


def _groups(plan: PushPlan) -> tuple[list[Customer], list[Customer]]:
    entries = list(PlanEntry.objects.filter(plan=plan).select_related("customer"))
    return (
        [one.customer for one in entries if one.verdict == Verdict.SEND],
        [one.customer for one in entries if one.verdict == Verdict.HOLDOUT],
    )


def test_who_is_held_out_is_so_at_every_firing_and_the_outbox_says_so() -> None:
    plan = _fired(40)
    treated, held = _groups(plan)
    assert len(treated) + len(held) == 40
    fired = set(PlanEntry.objects.values_list("customer", "fired_at"))
    assert fired == set(Delivery.objects.values_list("customer", "created_at"))
    assert len(held) > 8
    rows = Delivery.objects.filter(customer__in=held)
    assert set(rows.values_list("state", "reason")) == {("cancelled", Verdict.HOLDOUT)}
    deliver_due(channel="null")
    for one in (*treated, *held):
        did(one, "cart", 2 * HOUR, product=factories.product())
    Delivery.objects.update(occurrence="another-day")
    fire_triggers()
    again = Delivery.objects.exclude(occurrence="another-day")
    assert {one.customer_id for one in again.filter(reason=Verdict.HOLDOUT)} == {
        one.pk for one in held
    }
    assert PlanEntry.objects.count() == 40


def test_the_effect_is_the_difference_from_the_first_firing_on() -> None:
    plan = _fired(60, contact_cost=Decimal("0.1"))
    # Approved long before: what was bought between that and the firing is no effect of it.
    PushPlan.objects.update(decided_at=timezone.now() - 5 * HOUR)
    plan.refresh_from_db()
    treated, held = _groups(plan)
    for one in treated[:9]:
        _bought(one, 20)
    _bought(treated[0], 5, kind="return")
    _bought(treated[1], 900, -2 * HOUR)
    _bought(treated[2], 900, timedelta(days=9))
    _bought(held[0], 30)
    Delivery.objects.update(due_at=timezone.now())
    # Who bought before it left gets nothing any more, and counts as one it was meant for.
    assert deliver_due(channel="null").sent == len(treated) - 9
    effect = effect_of(plan, now=timezone.now() + timedelta(days=30))
    assert effect is not None
    whole = effect.whole
    assert (whole.treated.shoppers, whole.held.shoppers) == (len(treated), len(held))
    assert (whole.treated.bought, whole.held.bought) == (9, 1)
    assert (whole.treated.net, whole.held.net) == (17_500, 3_000)
    assert (effect.messages, effect.followed) == (len(treated) - 9, 0)
    assert effect.contact_cost == (len(treated) - 9) * Decimal("0.1")
    assert effect.window == timedelta(days=7)
    assert effect.by_history[True].treated.shoppers == 1
    assert sum(one.treated.shoppers for one in effect.by_tier.values()) == len(treated)
    assert effect.profit is not None
    earned = 175 - 30 * len(treated) / len(held) - float(effect.contact_cost)
    assert effect.profit[0] == pytest.approx(earned)
    soon = effect_of(plan)
    assert soon is not None
    assert soon.followed == 60


def test_messages_and_coupons_count_while_shoppers_are_followed() -> None:
    plan = _fired(1, holdout_percent=0)
    who = Customer.objects.get()
    deliver_due(channel="null")
    factories.offer(campaign=plan.campaign, cost=Decimal("2.50"))
    sent = Delivery.objects.get()
    Delivery.objects.update(
        coupon=Coupon.objects.create(
            offer=plan.campaign.offers.get(),
            code="C1",
            customer=who,
            given_at=timezone.now(),
            redeemed_at=timezone.now(),
        )
    )
    factories.event(customer=who, kind="click", decision=sent.pk)
    effect = effect_of(plan)
    assert effect is not None
    assert (effect.messages, effect.opened, effect.clicked) == (1, 1, 1)
    assert effect.coupon_cost == Decimal("2.50")
    Delivery.objects.update(created_at=timezone.now() + timedelta(days=8))
    effect = effect_of(plan)
    assert effect is not None
    assert (effect.messages, effect.coupon_cost) == (0, 0)


def test_the_days_maximum_leaves_out_as_many_of_both_groups() -> None:
    plan = _fired(60, daily_maximum=8)
    treated, held = _groups(plan)
    assert len(treated) == 8
    last = max(one.pk for one in treated)
    assert held
    assert all(one.pk < last for one in held)
    out = Delivery.objects.filter(reason=Verdict.DAILY_MAXIMUM)
    assert out.count() == 60 - len(treated) - len(held)
    assert all(key > last for key in out.values_list("customer", flat=True))


def test_a_trigger_says_when_it_cannot_tell(desk: Callable[..., Client]) -> None:
    plan = _fired(0)
    effect = effect_of(plan)
    assert effect is not None
    assert "fired for nobody" in advice(effect)
    did(shopper("null"), "cart", 3 * HOUR)
    fire_triggers()
    page = desk(Role.ANALYST).get(reverse("admin:campaigns_pushplan_effect", args=[plan.pk]))
    assert "This cannot be told" in page.content.decode()
    assert "for 7 days from the moment it fired" in page.content.decode()


def test_a_trigger_that_moves_shoppers_earns_and_the_page_says_so(
    desk: Callable[..., Client],
) -> None:
    plan = _fired(400, daily_maximum=1000)
    treated, held = _groups(plan)
    for one in (*treated[::2], *held[:3]):
        _bought(one, 50)
    effect = effect_of(plan)
    assert effect is not None
    assert effect.profit is not None
    assert effect.profit[1] > 0
    page = desk(Role.ANALYST).get(reverse("admin:campaigns_pushplan_effect", args=[plan.pk]))
    shown = page.content.decode()
    assert "It earned" in shown
    assert "had not bought before" in shown


def test_a_triggers_wording_is_drawn_as_the_occasion_comes() -> None:
    who = shopper("null")
    did(who, "cart", 3 * HOUR)
    message = rule("cart_left")
    publish(factories.campaign_message(step=message.step, variant="b"))
    drawn = bandit(message.step)
    approve(message)
    assert fire_triggers() == 1
    deliver_due(channel="null")
    sent = Delivery.objects.get()
    assert 0.4 < sent.propensity < 0.6
    assert sent.experiment == drawn.key
    assert sent.arm == sent.message.variant
