"""A campaign planned again: what the first plan decided, spent and left waiting."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from guidance.campaigns.models import AudienceMember, Coupon, Delivery, PushPlan, Verdict
from guidance.campaigns.services import queueing
from guidance.campaigns.services.approval import (
    approve_plan,
    reject_plan,
    restart_campaign,
    stop_campaign,
)
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.queueing import queue_plan
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from tests import factories
from tests.campaigns.pushes import approved, proposed, push, shopper

pytestmark = pytest.mark.django_db
V = Verdict


def told(plan: PushPlan) -> dict[str, int]:
    return dict(plan.entries.order_by("customer__ref").values_list("customer__ref", "verdict"))


def outbox(plan: PushPlan) -> dict[str, tuple[str, int]]:
    rows = plan.deliveries.values_list("customer__ref", "state", "reason")
    return {ref: (state, reason) for ref, state, reason in rows}


def test_a_plan_that_the_campaign_is_no_longer_does_not_bar_the_new_one() -> None:
    who = shopper("null", ref="mira")
    message = push(who)
    old = approved(message.step.campaign)
    message.template = "{text} !"
    message.save()
    assert deliver_due(channel="null").sent == 0
    new = approved(message.step.campaign)
    assert told(new) == {"mira": V.SEND}
    assert outbox(old) == {"mira": ("cancelled", V.REPLACED)}
    assert deliver_due(channel="null").sent == 1
    assert outbox(new) == {"mira": ("sent", V.SEND)}


def test_an_unchanged_campaigns_first_plan_goes_on_beside_the_second() -> None:
    mira, tom = shopper("null", ref="mira"), shopper("null", ref="tom")
    message = push(mira)
    old = approved(message.step.campaign)
    AudienceMember.objects.create(audience=message.step.campaign.audience, customer=tom)
    new = approved(message.step.campaign)
    assert told(new) == {"mira": V.ALREADY, "tom": V.SEND}
    assert deliver_due(channel="null").sent == 2
    assert outbox(old) == {"mira": ("sent", V.SEND)}


def test_who_was_held_out_once_is_not_held_out_again_beside_newcomers() -> None:
    people = [shopper("null") for _n in range(40)]
    message = push(*people, holdout_percent=50)
    first = approved(message.step.campaign)
    assert set(told(first).values()) == {V.SEND, V.HOLDOUT}
    assert set(told(proposed(message.step.campaign)).values()) == {V.ALREADY}


def test_of_a_plan_that_was_stopped_the_rest_can_be_planned_with_their_holdout() -> None:
    people = [shopper("null") for _n in range(40)]
    message = push(*people, holdout_percent=50)
    campaign = message.step.campaign
    first = approved(campaign)
    stop_campaign(campaign=campaign, reason="wrong text", actor=factories.user())
    restart_campaign(campaign=campaign, actor=factories.user())
    assert told(proposed(campaign)) == told(first)


def test_a_stop_holds_for_what_is_still_being_queued_and_a_restart_revives_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queueing, "CHUNK", 1)
    mira, tom = shopper("null", ref="mira"), shopper("null", ref="tom")
    campaign = push(mira, tom).step.campaign
    plan = proposed(campaign)
    approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    stop_campaign(campaign=campaign, reason="", actor=factories.user())
    restart_campaign(campaign=campaign, actor=factories.user())
    plan.refresh_from_db()
    assert queue_plan(plan=plan) == 2
    assert set(outbox(plan).values()) == {("cancelled", V.STOPPED)}


def test_a_merge_while_a_plan_is_queued_skips_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = shopper("null", ref="a-visitor", is_anonymous=True)
    between, customer = shopper("null", ref="between"), shopper("null", ref="customer")
    plan = proposed(push(visitor, between, customer).step.campaign)
    plan = approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    whole = queueing.CHUNK
    monkeypatch.setattr(queueing, "CHUNK", 1)
    queueing._queue_chunk(plan, {message.pk: "null" for message in _messages(plan)})
    merge_customer(anonymous_ref="a-visitor", customer_ref="customer")
    monkeypatch.setattr(queueing, "CHUNK", whole)
    assert queue_plan(plan=plan) == 3
    plan.deliveries.update(due_at=timezone.now())
    deliver_due(channel="null")
    assert outbox(plan) == {
        "a-visitor": ("cancelled", V.MERGED),
        "between": ("sent", V.SEND),
        "customer": ("sent", V.SEND),
    }


def _messages(plan: PushPlan) -> list[object]:
    return [entry.message for entry in plan.entries.exclude(message=None)]


def test_a_budget_is_the_campaigns_not_a_plans() -> None:
    mira, tom = shopper("null", ref="mira"), shopper("null", ref="tom")
    message = push(mira, budget=Decimal(1), currency="USD", contact_cost=Decimal("0.75"))
    approved(message.step.campaign)
    AudienceMember.objects.create(audience=message.step.campaign.audience, customer=tom)
    assert told(proposed(message.step.campaign)) == {"mira": V.ALREADY, "tom": V.BUDGET}


def test_an_offer_that_is_over_is_not_promised_and_none_beyond_what_is_left() -> None:
    people = [shopper("null", ref=ref) for ref in ("a", "b", "c")]
    campaign = push(*people).step.campaign
    past = timezone.now() - timedelta(days=1)
    over = factories.offer(campaign=campaign, cost=5, ends_at=past)
    with pytest.raises(ValidationError, match="offers"):
        proposed(campaign)
    factories.offer(campaign=campaign, cost=1, most_in_total=2)
    plan = proposed(campaign)
    assert sorted(told(plan).values()) == [V.SEND, V.SEND, V.NO_COUPON]
    assert not plan.entries.filter(offer=over).exists()


def test_a_coupon_goes_to_nobody_else_while_its_message_may_have_arrived() -> None:
    mira, tom = shopper("null", ref="mira"), shopper("null", ref="tom")
    campaign = push(mira, tom).step.campaign
    offer = factories.offer(campaign=campaign, is_pooled=True)
    Coupon.objects.bulk_create(Coupon(offer=offer, code=f"ONE{n}") for n in range(2))
    plan = approved(campaign)
    deliver_due(channel="null")
    row = plan.deliveries.get(customer=mira)
    Delivery.objects.filter(pk=row.pk).update(state="waiting", attempts=1, due_at=timezone.now())
    mira.consents.update(is_granted=False)
    deliver_due(channel="null")
    row.refresh_from_db()
    assert (row.state, row.reason) == ("cancelled", V.NO_CONSENT)
    assert Coupon.objects.filter(customer=mira).count() == 1


@pytest.mark.parametrize("reason", ["", "x" * 501, "nul\0"])
def test_a_reason_that_cannot_be_kept_is_refused_at_its_field(reason: str) -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    with pytest.raises(ValidationError) as refused:
        reject_plan(plan=plan, reason=reason, actor=factories.user())
    assert list(refused.value.message_dict) == ["reason"]


def test_what_a_plan_names_is_not_taken_away_and_says_so_in_one_line(
    desk: Callable[..., Client],
) -> None:
    message = push(shopper("null"))
    plan = proposed(message.step.campaign)
    client = desk(Role.MARKETER)
    url = f"/admin/campaigns/campaign/{message.step.campaign_id}/"
    page = client.post(f"{url}delete/", {"post": "yes"}).content.decode()
    assert str(plan) in page
    assert PushPlan.objects.filter(pk=plan.pk).exists()


def test_a_shopper_asked_for_by_nonsense_is_not_found(desk: Callable[..., Client]) -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    url = f"/admin/campaigns/pushplan/{plan.pk}/change/"
    assert desk(Role.MARKETER).get(url, {"customer": "\0"}).status_code == 200
    assert Customer.objects.count() == 1
