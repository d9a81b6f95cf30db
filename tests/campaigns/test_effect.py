"""What a plan moved: everybody to get a message against everybody held out."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.effect_figures import curve_figure
from guidance.campaigns.models import Coupon, CustomerSegment, Delivery, PlanEntry, Verdict
from guidance.campaigns.selectors.effect import deciles_of, effect_of, offers_by
from guidance.campaigns.services.delivering import deliver_due
from guidance.core.models import AuditEntry, Market
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from guidance.experiments.statistics import Comparison
from tests import factories
from tests.campaigns.pushes import approved, push, shopper

pytestmark = pytest.mark.django_db


def _bought(customer: object, price: float, kind: str = "purchase", **given: object) -> None:
    factories.event(
        customer=customer,
        kind=kind,
        price=Decimal(str(price)),
        quantity=1,
        currency="USD",
        occurred_at=timezone.now(),
        **given,
    )


def test_the_effect_is_the_difference_of_all_who_were_to_get_a_message_and_all_held_out() -> None:
    people = [shopper("null", tier="gold" if n % 2 else "") for n in range(60)]
    message = push(*people, holdout_percent=40, currency="USD", contact_cost=Decimal("0.1"))
    plan = approved(message.step.campaign)
    plan.decided_at = timezone.now() - timedelta(hours=1)
    plan.save()
    entries = list(PlanEntry.objects.filter(plan=plan).select_related("customer"))
    treated = [one.customer for one in entries if one.verdict == Verdict.SEND]
    held = [one.customer for one in entries if one.verdict == Verdict.HOLDOUT]
    for one in treated[:10]:
        _bought(one, 20)
    _bought(treated[0], 5, kind="return")
    _bought(held[0], 30)
    _bought(treated[1], 900, source="replay")
    deliver_due(channel="null")
    effect = effect_of(plan)
    assert effect is not None
    assert (effect.whole.treated.shoppers, effect.whole.held.shoppers) == (len(treated), len(held))
    assert (effect.whole.treated.bought, effect.whole.held.bought) == (10, 1)
    assert (effect.whole.treated.net, effect.whole.held.net) == (19_500, 3_000)
    earned = effect.whole.earned
    assert isinstance(earned, Comparison)
    assert earned.value == pytest.approx(195 / len(treated) - 30 / len(held))
    assert effect.messages == len(treated)
    assert effect.profit is not None
    spent = Decimal("0.1") * len(treated)
    assert effect.profit[0] == pytest.approx(earned.value * len(treated) - float(spent))
    tiers = effect.by_tier.values()
    assert sum(arms.treated.net for arms in tiers) == 19_500


def test_the_effect_is_told_by_the_learned_segment_of_the_plan(
    desk: Callable[..., Client],
) -> None:
    people = [shopper("null") for _n in range(60)]
    for n, one in enumerate(people):
        if n % 3:
            CustomerSegment.objects.create(customer=one, segment=f"7-{n % 3}", model="x")
    plan = approved(push(*people, holdout_percent=50, currency="USD").step.campaign)
    # What a shopper becomes later is no segment of the plan's.
    CustomerSegment.objects.update(segment="7-9")
    for one in people[:30]:
        _bought(one, 10)
    effect = effect_of(plan)
    assert effect is not None
    assert set(effect.by_segment) == {"", "7-1", "7-2"}
    for arms in effect.by_segment.values():
        assert arms.treated.shoppers + arms.held.shoppers == 20
        assert arms.treated.bought + arms.held.bought == 10
    client = desk(Role.ANALYST)
    for name, key in (("pushplan_effect", plan.pk), ("campaign_effect", plan.campaign_id)):
        html = client.get(reverse(f"admin:campaigns_{name}", args=[key])).content.decode()
        assert "By learned segment" in html
        assert "no segment" in html


def test_what_was_foretold_is_held_against_what_came_tenth_by_tenth() -> None:
    message = push(shopper("null"), currency="USD")
    plan = approved(message.step.campaign)
    plan.decided_at = timezone.now() - timedelta(hours=1)
    plan.save()
    PlanEntry.objects.filter(plan=plan).delete()
    people = [factories.customer() for _n in range(400)]
    entries = [
        PlanEntry(
            plan=plan,
            customer=person,
            verdict=Verdict.HOLDOUT if n % 2 else Verdict.SEND,
            message=None if n % 2 else message,
            send_at=None if n % 2 else timezone.now(),
            uplift=400 - n // 40 * 40,
        )
        for n, person in enumerate(people)
    ]
    PlanEntry.objects.bulk_create(entries)
    for n, person in enumerate(people):
        if (n % 2 == 0 and n < 80 and n % 4 == 0) or n % 20 == 1:
            _bought(person, 10)
    effect = effect_of(plan)
    assert effect is not None
    deciles = deciles_of(plan, effect)
    assert [one.number for one in deciles] == list(range(1, 11))
    assert {(one.arms.treated.shoppers, one.arms.held.shoppers) for one in deciles} == {(20, 20)}
    assert [round(one.predicted, 3) for one in deciles[:2]] == [0.4, 0.36]
    assert [one.arms.treated.bought for one in deciles] == [10, 10, *[0] * 8]
    assert {one.arms.held.bought for one in deciles} == {2}
    curve = curve_figure(deciles)
    assert curve is not None
    assert curve["data"][0]["y"] == pytest.approx([0, 16, 32, *range(28, -1, -4)])
    assert curve["data"][0]["x"] == pytest.approx(list(range(0, 101, 10)))


def test_the_page_draws_the_funnel_and_the_days_and_the_tenths_where_they_were_foretold(
    desk: Callable[..., Client],
) -> None:
    plan = approved(push(*(shopper("null") for _n in range(3))).step.campaign)
    url = reverse("admin:campaigns_pushplan_effect", args=[plan.pk])
    page = desk(Role.MARKETER).get(url)
    assert page.context["calendar_figure"] is None
    deliver_due(channel="null")
    page = desk(Role.MARKETER, "another").get(url)
    assert page.context["funnel_figure"]["data"][0]["x"] == [3, 3, 0, 0]
    assert page.context["calendar_figure"]["data"][0]["y"] == [3]
    assert page.context["deciles"] == []
    assert 'data-figure="figure-funnel"' in page.content.decode()


def test_a_visitor_who_became_a_customer_counts_once_with_what_the_customer_did() -> None:
    visitor = shopper("null", ref="visitor", is_anonymous=True)
    plan = approved(push(visitor, currency="USD").step.campaign)
    merge_customer(anonymous_ref="visitor", customer_ref="mira")
    _bought(Customer.objects.get(ref="mira"), 20)
    effect = effect_of(plan)
    assert effect is not None
    assert (effect.whole.treated.shoppers, effect.whole.treated.net) == (1, 2_000)


def test_money_without_a_currency_is_in_the_shops() -> None:
    factories.market(currency="USD", is_default=not Market.objects.filter(is_default=True).exists())
    Market.objects.update(currency="USD")
    who = shopper("null")
    plan = approved(push(who, currency="USD").step.campaign)
    factories.event(customer=who, kind="purchase", price=Decimal(7), currency="")
    effect = effect_of(plan)
    assert effect is not None
    assert effect.whole.treated.net == 700


def test_opens_clicks_and_redeemed_coupons_count() -> None:
    who = shopper("null")
    message = push(who)
    factories.offer(campaign=message.step.campaign, cost=Decimal("2.50"))
    plan = approved(message.step.campaign)
    deliver_due(channel="null")
    sent = Delivery.objects.get()
    factories.event(customer=who, kind="click", decision=sent.pk, occurred_at=timezone.now())
    Coupon.objects.update(redeemed_at=timezone.now())
    effect = effect_of(plan)
    assert effect is not None
    assert (effect.messages, effect.opened, effect.clicked) == (1, 1, 1)
    assert effect.coupon_cost == Decimal("2.50")
    assert offers_by(plan, "tier") == [("gold", 1, 1)]


def test_the_page_says_when_it_cannot_tell(desk: Callable[..., Client]) -> None:
    plan = approved(push(shopper("null")).step.campaign)
    url = reverse("admin:campaigns_pushplan_effect", args=[plan.pk])
    shown = desk(Role.ANALYST).get(url).content.decode()
    assert "This cannot be told: 0 shoppers were held out" in shown


def test_a_customers_page_says_why_she_got_nothing(desk: Callable[..., Client]) -> None:
    silent = shopper(ref="silent")
    got = shopper("null", ref="got")
    campaign = push(got, silent).step.campaign
    approved(campaign)
    deliver_due(channel="null")
    client = desk(Role.SUPPORT_AGENT)
    for who, words in {silent: "no consent", got: "sent"}.items():
        shown = client.get(reverse("admin:customers_customer_change", args=[who.pk]))
        assert words in shown.content.decode()
    looks = AuditEntry.objects.filter(verb="look_at_customer").order_by("id")
    assert [look.object_id for look in looks] == [str(silent.pk), str(got.pk)]
