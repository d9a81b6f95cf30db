"""Triggers: each occasion once, within what was approved, and not after it has happened."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from guidance.campaigns.channels import channel_of
from guidance.campaigns.models import (
    Audience,
    Campaign,
    Delivery,
    PlanEntry,
    PushPlan,
    Verdict,
)
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.campaigns.services.claiming import claim
from guidance.campaigns.services.composing import compose
from guidance.campaigns.services.delivering import deliver_due, send_batch
from guidance.campaigns.services.rechecking import recheck
from guidance.campaigns.services.triggering import fire_triggers, propose_rules
from guidance.catalog.models import Product
from guidance.decisions.models import Decision
from tests import factories
from tests.campaigns.pushes import shopper
from tests.campaigns.triggers import approve, did, outbox, rule

pytestmark = pytest.mark.django_db


def test_a_cart_that_was_left_is_spoken_of_once() -> None:
    left, bought, fresh = (shopper("null", ref=ref) for ref in ("left", "bought", "fresh"))
    for one in (left, bought):
        did(one, "cart", timedelta(hours=3))
    did(bought, "purchase", timedelta(hours=2))
    did(fresh, "cart", timedelta(minutes=10))
    approve(rule("cart_left"))
    assert fire_triggers() == 1
    assert fire_triggers() == 0
    assert outbox() == [("left", "waiting", Verdict.SEND)]
    assert deliver_due(channel="null").sent == 1


def test_nothing_fires_before_another_person_approved_the_rules() -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    propose_rules(campaign=message.step.campaign, actor=factories.user())
    assert fire_triggers() == 0


def test_a_changed_rule_fires_nothing_until_it_is_approved_anew() -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    approve(message)
    message.template = "{text} !"
    message.save()
    assert fire_triggers() == 0
    approve(message)
    assert fire_triggers() == 1


def test_who_bought_before_it_left_gets_nothing() -> None:
    who = shopper("null", ref="mira")
    did(who, "cart", timedelta(hours=3))
    approve(rule("cart_left"))
    fire_triggers()
    did(who, "purchase", -timedelta(seconds=1))
    deliver_due(channel="null")
    assert outbox() == [("mira", "cancelled", Verdict.EXITED)]


def test_the_days_maximum_holds_and_the_others_are_recorded() -> None:
    for n in range(3):
        did(shopper("null", ref=f"s{n}"), "cart", timedelta(hours=3))
    approve(rule("cart_left", daily_maximum=2))
    assert fire_triggers() == 2
    assert [reason for _ref, _state, reason in outbox()].count(Verdict.DAILY_MAXIMUM) == 1
    assert fire_triggers() == 0


@pytest.mark.parametrize(
    ("trigger", "change"),
    [("price_dropped", {"price": Decimal(8)}), ("back_in_stock", {"stock": 5})],
)
def test_who_looked_at_a_product_hears_that_it_moved(
    trigger: str, change: dict[str, object]
) -> None:
    product = factories.product(price=Decimal(10), stock=0 if "stock" in change else 3)
    looked, owns = shopper("null", ref="looked"), shopper("null", ref="owns")
    for one in (looked, owns):
        did(one, "view", timedelta(days=2), product=product)
    did(owns, "purchase", timedelta(days=1), product=product)
    approve(rule(trigger, wait=0, category=product.category))
    assert fire_triggers() == 0
    for name, value in change.items():
        setattr(product, name, value)
    product.save()
    assert fire_triggers() == 1
    assert outbox() == [("looked", "waiting", Verdict.SEND)]
    assert fire_triggers() == 0


def fired_for_a_product(trigger: str, change: dict[str, object]) -> Product:
    """A product that mira looked at and that moved; a message about another product waits."""
    product = factories.product(
        title="Oak mug", price=Decimal(10), stock=0 if "stock" in change else 3
    )
    did(shopper("null", ref="mira"), "view", timedelta(days=2), product=product)
    message = rule(trigger, wait=0, category=product.category)
    message.template = "{text} {title} {price}"
    message.save()
    approve(message)
    fire_triggers()
    Product.objects.filter(pk=product.pk).update(**change)
    assert fire_triggers() == 1
    return product


def test_a_message_tells_of_the_product_that_set_it_off(settings: Any) -> None:
    settings.PRODUCT_URL = "https://shop.example/p/{sku}"
    product = fired_for_a_product("price_dropped", {"price": Decimal(8)})
    (taken,) = claim(channel="null", most=1, now=timezone.now())
    (message,) = compose(recheck([taken], now=timezone.now()), channel_of("null"))
    assert message.body.endswith("Oak mug $8.00")
    assert message.data["sku"] == product.sku
    send_batch([taken], carrier=channel_of("null"), now=timezone.now())
    assert Decision.objects.get().items[0]["sku"] == product.sku


@pytest.mark.parametrize(
    ("trigger", "change", "then", "verdict"),
    [
        ("price_dropped", {"price": Decimal(8)}, {"price": Decimal(9)}, Verdict.PRICE_CHANGED),
        ("price_dropped", {"price": Decimal(8)}, {"price": Decimal(7)}, Verdict.SEND),
        ("price_dropped", {"price": Decimal(8)}, {"stock": 0}, Verdict.OUT_OF_STOCK),
        ("back_in_stock", {"stock": 5}, {"stock": 0}, Verdict.OUT_OF_STOCK),
        ("back_in_stock", {"stock": 5}, {"is_hidden": True}, Verdict.OUT_OF_STOCK),
        ("back_in_stock", {"stock": 5}, {"price": Decimal(12)}, Verdict.SEND),
    ],
)
def test_what_set_it_off_must_still_hold_as_the_message_leaves(
    trigger: str, change: dict[str, object], then: dict[str, object], verdict: Verdict
) -> None:
    product = fired_for_a_product(trigger, change)
    Product.objects.filter(pk=product.pk).update(**then)
    deliver_due(channel="null")
    state = "cancelled" if verdict else "sent"
    assert outbox() == [("mira", state, verdict)]


def test_new_shoppers_are_welcomed_and_those_away_are_called_back() -> None:
    shopper("null", ref="new", joined_at=timezone.now() - timedelta(hours=2))
    away = shopper("null", ref="away")
    did(away, "view", timedelta(days=60, hours=1))
    back = shopper("null", ref="back")
    did(back, "view", timedelta(days=60, hours=1))
    did(back, "view", timedelta(days=1))
    approve(rule("welcome"))
    approve(rule("win_back", wait=60 * 24 * 60))
    assert fire_triggers() == 2
    assert {ref for ref, _state, _reason in outbox()} == {"new", "away"}


def test_a_purchase_is_due_again_after_its_usual_gap() -> None:
    product = factories.product()
    who = shopper("null", ref="tea")
    for days in (91, 61, 31):
        did(who, "purchase", timedelta(days=days), product=product)
    other = shopper("null", ref="early")
    for days in (100, 60, 20):
        did(other, "purchase", timedelta(days=days), product=product)
    approve(rule("repurchase_due", wait=0, category=product.category))
    assert fire_triggers(now=timezone.now() - timedelta(hours=12)) == 1
    assert outbox()[0][0] == "tea"


def test_rules_that_are_not_complete_say_which_field() -> None:
    with pytest.raises(ValidationError) as refused:
        propose_rules(
            campaign=rule("cart_left", daily_maximum=None).step.campaign, actor=factories.user()
        )
    assert set(refused.value.message_dict) == {"daily_maximum"}


def test_two_occasions_of_one_shopper_both_fire_one_after_the_other() -> None:
    tea, rice = factories.product(), factories.product()
    who = shopper("null")
    for product in (tea, rice):
        for days in (91, 61, 31):
            did(who, "purchase", timedelta(days=days), product=product)
    approve(rule("repurchase_due", wait=0))
    now = timezone.now() - timedelta(hours=12)
    assert [fire_triggers(now=now) for _run in range(3)] == [1, 1, 0]


def test_a_trigger_in_quiet_hours_waits_for_their_end() -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    now = timezone.now().astimezone(ZoneInfo("Europe/Berlin"))
    quiet = {
        "quiet_from": (now - timedelta(hours=1)).time(),
        "quiet_until": (now + timedelta(hours=2)).time(),
    }
    approve(rule("cart_left", **quiet))
    assert fire_triggers() == 1
    wait = Delivery.objects.get().due_at - timezone.now()
    assert timedelta(hours=1, minutes=50) < wait < timedelta(hours=2, minutes=10)


def test_a_trigger_of_fewer_categories_is_no_trigger_of_all() -> None:
    tea = factories.product(category=factories.category())
    message = rule("cart_left", category=tea.category)
    approve(message)
    did(shopper("null"), "cart", timedelta(hours=3))
    assert fire_triggers() == 0
    Campaign.objects.update(category=None)
    assert fire_triggers() == 0
    approve(message)
    assert fire_triggers() == 1


def test_a_list_replaced_after_the_approval_needs_another() -> None:
    mira, tom = shopper("null", ref="mira"), shopper("null", ref="tom")
    for one in (mira, tom):
        did(one, "cart", timedelta(hours=3))
    message = rule("cart_left", audience=factories.audience(kind="list", members=[mira]))
    approve(message)
    audience = message.step.campaign.audience
    assert audience is not None
    factories.audience_import(audience=audience)
    assert fire_triggers() == 0
    approve(message)
    assert fire_triggers() == 1


def test_a_broken_trigger_stops_no_other_and_says_why() -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    gone = factories.audience(rules={"field": "tier", "operator": "in", "value": ["gold"]})
    broken = rule("cart_left", audience=gone)
    approve(broken)
    approve(rule("cart_left"))
    rules = {"field": "audience", "operator": "in", "value": ["nobody"]}
    Audience.objects.filter(pk=gone.pk).update(rules=rules)
    plan = PushPlan.objects.get(campaign=broken.step.campaign)
    PushPlan.objects.filter(pk=plan.pk).update(frozen=snapshot(broken.step.campaign))
    assert fire_triggers() == 1
    plan.refresh_from_db()
    assert "nobody" in plan.problem


def test_each_product_that_moved_is_told_of_once_whatever_the_order() -> None:
    who = shopper("null")
    products = [factories.product(price=Decimal(10)) for _n in range(3)]
    fire_triggers()
    for product in products:
        did(who, "view", timedelta(hours=1), product=product)
        product.price = Decimal(5)
        product.save()
    approve(rule("price_dropped", wait=0))
    assert [fire_triggers() for _n in range(5)] == [1, 1, 1, 0, 0]
    assert Delivery.objects.values("occurrence").distinct().count() == 3


def test_a_trigger_whose_offer_is_over_promises_none() -> None:
    did(shopper("null", ref="left"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    past = timezone.now() - timedelta(days=1)
    factories.offer(campaign=message.step.campaign, ends_at=past)
    approve(message)
    assert fire_triggers() == 0
    assert outbox() == [("left", "cancelled", Verdict.NO_COUPON)]


def test_nobody_is_held_out_where_there_is_nothing_left_to_send() -> None:
    for _n in range(20):
        did(shopper("null"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    Campaign.objects.update(holdout_percent=50)
    past = timezone.now() - timedelta(days=1)
    factories.offer(campaign=message.step.campaign, ends_at=past)
    approve(message)
    assert fire_triggers() == 0
    assert {verdict for _ref, _state, verdict in outbox()} == {Verdict.NO_COUPON}
    assert not PlanEntry.objects.exists()


def test_what_waits_is_said_under_the_rules_approved_anew() -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    approve(message)
    assert fire_triggers() == 1
    message.template = "{text} !"
    message.save()
    assert deliver_due(channel="null").sent == 0
    approve(message)
    assert deliver_due(channel="null").sent == 1
