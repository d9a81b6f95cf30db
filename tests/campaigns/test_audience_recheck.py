"""An audience asked again as messages leave, where the campaign wants it."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from guidance.campaigns.models import (
    Audience,
    AudienceMember,
    Campaign,
    Delivery,
    PushPlan,
    Verdict,
)
from guidance.campaigns.selectors.snapshot import snapshot
from guidance.campaigns.services.claiming import claim
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.rechecking import recheck
from guidance.core.roles import Role
from guidance.customers.models import Customer
from tests import factories
from tests.campaigns.pushes import approved, push, shopper

pytestmark = pytest.mark.django_db


def outbox(plan: PushPlan) -> Counter[tuple[str, int]]:
    return Counter(Delivery.objects.filter(plan=plan).values_list("state", "reason"))


def quiet_for(days: int) -> Audience:
    """Those who bought nothing for so many days."""
    rule = {"field": "event", "operator": "did_not"}
    bought = {"kind": "purchase", "times": 1, "days": days}
    return factories.audience(rules={"all": [{**rule, "value": bought}]})


def buy(customer: Customer) -> None:
    factories.event(customer=customer, kind="purchase", occurred_at=timezone.now())


@pytest.mark.parametrize("asks", [True, False])
def test_who_left_the_audience_is_excluded_where_the_campaign_asks(asks: bool) -> None:
    people = [shopper("null") for _n in range(3)]
    plan = approved(push(audience=quiet_for(30), rechecks_audience=asks).step.campaign)
    buy(people[0])
    deliver_due(channel="null")
    left = {("cancelled", Verdict.NOT_AUDIENCE): 1, ("sent", Verdict.SEND): 2}
    assert outbox(plan) == (left if asks else {("sent", Verdict.SEND): 3})
    plan.refresh_from_db()
    # The plan stands as it was approved, and all of it is accounted for.
    assert (plan.state, snapshot(plan.campaign)) == ("approved", plan.frozen)
    assert sum(outbox(plan).values()) == plan.counts["verdicts"]["0"]


def test_a_shopper_taken_off_a_list_is_excluded_too() -> None:
    mira, tom = shopper("null"), shopper("null")
    plan = approved(push(mira, tom, rechecks_audience=True).step.campaign)
    AudienceMember.objects.filter(customer=mira).delete()
    deliver_due(channel="null")
    assert Delivery.objects.get(plan=plan, customer=mira).reason == Verdict.NOT_AUDIENCE
    assert Delivery.objects.get(plan=plan, customer=tom).state == "sent"


def test_a_triggers_message_is_asked_about_as_it_leaves() -> None:
    mira = shopper("null")
    message = push(
        audience=quiet_for(30), rechecks_audience=True, trigger="cart_left", daily_maximum=9
    )
    factories.delivery(message=message, customer=mira)
    buy(mira)
    deliver_due(channel="null")
    assert Delivery.objects.get().reason == Verdict.NOT_AUDIENCE


def test_many_are_asked_about_in_as_many_statements_as_few() -> None:
    counts = []
    for size in (2, 30):
        people = [shopper("null") for _n in range(size)]
        approved(push(*people, rechecks_audience=True).step.campaign)
        taken = claim(channel="null", most=100, now=timezone.now())
        with CaptureQueriesContext(
            connection,
        ) as told:
            checked = recheck(taken, now=timezone.now())
        assert len(checked.leaving) == size
        counts.append(len(told))
    assert counts[0] == counts[1]


def test_an_audience_that_nobody_can_tell_lets_messages_wait_and_says_so(
    desk: Callable[..., Client],
) -> None:
    shopper("null")
    audience = quiet_for(30)
    plan = approved(push(audience=audience, rechecks_audience=True).step.campaign)
    gone = {"field": "learned", "operator": "in", "value": ["1-1"]}
    Audience.objects.filter(pk=audience.pk).update(rules=gone)
    plan.frozen = snapshot(plan.campaign)
    plan.save()
    due = Delivery.objects.get().due_at
    deliver_due(channel="null")
    row = Delivery.objects.get()
    # Not taken and put back again and again: that would hold up what can leave.
    assert (row.state, row.due_at, row.attempts) == ("waiting", due, 0)
    page = desk(Role.MARKETER).get(reverse("admin:campaigns_pushplan_change", args=[plan.pk]))
    assert "nobody can tell who is still in the audience" in page.content.decode()
    Campaign.objects.update(ends_at=timezone.now())
    plan.frozen = snapshot(Campaign.objects.get())
    plan.save()
    deliver_due(channel="null")
    assert outbox(plan) == {("cancelled", Verdict.TOO_LATE): 1}


def test_an_audience_that_breaks_while_messages_are_taken_lets_them_wait() -> None:
    shopper("null")
    audience = quiet_for(30)
    approved(push(audience=audience, rechecks_audience=True).step.campaign)
    taken = claim(channel="null", most=9, now=timezone.now())
    gone = {"field": "learned", "operator": "in", "value": ["1-1"]}
    Audience.objects.filter(pk=audience.pk).update(rules=gone)
    taken[0].campaign.audience = Audience.objects.get(pk=audience.pk)
    now = timezone.now()
    assert recheck(taken, now=now).postponed == {taken[0].pk: now + timedelta(minutes=15)}
    taken[0].campaign.ends_at = now
    assert recheck(taken, now=now).refused == {taken[0].pk: Verdict.TOO_LATE}


def test_the_setting_is_part_of_what_is_approved_and_plans_of_before_stand() -> None:
    campaign = push(shopper("null")).step.campaign
    before = snapshot(campaign)
    assert "rechecks_audience" not in before["campaign"]
    campaign.rechecks_audience = True
    campaign.save()
    assert snapshot(campaign) != before
