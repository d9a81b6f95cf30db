"""The pages of plans and deliveries, as a marketer and another person use them."""

import re
from collections.abc import Callable
from decimal import Decimal
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from guidance.campaigns.models import Delivery, PushPlan, Verdict
from guidance.campaigns.selectors.open import benefit_title
from guidance.campaigns.selectors.plans import reworded
from guidance.campaigns.services.choosing import choose_by
from guidance.campaigns.services.planning import build_plan
from guidance.campaigns.services.triggering import propose_rules
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Suppression
from tests import factories
from tests.campaigns.pushes import allow, approved, proposed, publish, push, shopper

pytestmark = pytest.mark.django_db


def page(client: Client, plan: PushPlan, query: str = "") -> str:
    url = reverse("admin:campaigns_pushplan_change", args=[plan.pk])
    answer = client.get(f"{url}{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def press(client: Client, name: str, *args: object, **told: str) -> str:
    url = reverse(f"admin:campaigns_pushplan_{name}", args=args)
    answer = client.post(url, told, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_marketer_proposes_and_another_approves_what_the_page_showed(
    desk: Callable[..., Client],
) -> None:
    message = push(shopper("null", ref="mira"), shopper(ref="silent"))
    campaign = message.step.campaign
    marketer = desk(Role.MARKETER, "ann")
    told = press(marketer, "propose", campaign.pk)
    assert "being worked out" in told
    plan = build_plan(plan=PushPlan.objects.get())
    shown = page(marketer, plan)
    assert "another person approves it" in shown
    assert "no consent" in shown
    assert message.publication.text[:40] in shown
    assert "mira" not in shown
    press(marketer, "approve", plan.pk, seen=plan.sha256)
    plan.refresh_from_db()
    assert plan.state == "proposed"
    other = desk(Role.MARKETER, "ben")
    seen = re.search(r'name="seen" value="([0-9a-f]{64})"', page(other, plan))
    assert seen
    press(other, "approve", plan.pk, seen=seen[1])
    plan.refresh_from_db()
    assert plan.state == "approved"


def test_an_analyst_sees_a_plan_and_decides_nothing(desk: Callable[..., Client]) -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    analyst = desk(Role.ANALYST)
    assert "Approve the plan" not in page(analyst, plan)
    url = reverse("admin:campaigns_pushplan_approve", args=[plan.pk])
    assert analyst.post(url, {"seen": plan.sha256}).status_code == 403


def test_a_rejection_needs_a_reason_and_says_who(desk: Callable[..., Client]) -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    client = desk(Role.MARKETER)
    press(client, "reject", plan.pk, reason=" ")
    plan.refresh_from_db()
    assert plan.state == "proposed"
    press(client, "reject", plan.pk, reason="The offer ends too soon")
    plan.refresh_from_db()
    assert (plan.state, plan.reason) == ("rejected", "The offer ends too soon")


def test_the_page_finds_one_shopper_and_says_why_she_got_nothing(
    desk: Callable[..., Client],
) -> None:
    mira = shopper(ref="mira")
    plan = proposed(push(shopper("null"), mira).step.campaign)
    shown = page(desk(Role.MARKETER), plan, "?customer=mira")
    assert "mira" in shown
    assert str(Verdict.NO_CONSENT.label) in shown
    look = AuditEntry.objects.get(verb="look_at_plan_entries")
    assert look.details == {"verdict": None, "customers": [mira.pk], "shown": 1}


def test_two_plans_are_compared_by_who_is_decided_otherwise(desk: Callable[..., Client]) -> None:
    moved = shopper(ref="moved")
    campaign = push(shopper("null"), moved).step.campaign
    first = proposed(campaign)
    allow(moved, "null")
    second = proposed(campaign)
    shown = page(desk(Role.MARKETER), second, f"?against={first.number}")
    assert f"1 shopper is decided otherwise than in plan {first.number}" in shown
    assert "no consent → gets a message" in shown


def test_two_plans_are_compared_by_what_they_cost_and_say(desk: Callable[..., Client]) -> None:
    people = [shopper("null") for _n in range(8)]
    message = push(*people, currency="USD", contact_cost=Decimal("0.5"))
    first = proposed(message.step.campaign)
    publish(factories.campaign_message(step=message.step, variant="b"))
    offer = factories.offer(campaign=message.step.campaign, cost=Decimal(2))
    choose_by(step=message.step, choosing="one", only_variant="b", actor=factories.user())
    second = proposed(message.step.campaign)
    told = reworded(first, second)
    assert (told.both, told.words, told.offer) == (8, 8, 8)
    assert reworded(second, second) == (8, 0, 0, 0)
    shown = page(desk(Role.MARKETER), second, f"?against={first.number}")
    assert "Of 8 who get a message by both: 8 other words, 8 another offer" in shown
    assert "$4.00" in shown
    assert "$20.00" in shown
    one = page(desk(Role.MARKETER), second, f"?customer={people[0].ref}")
    assert f"With the offer {benefit_title(offer, 'en')}" in one


def test_a_test_is_sent_to_the_address_and_counts_nowhere(desk: Callable[..., Client]) -> None:
    who = shopper("email")
    factories.contact_point(customer=who, channel="email")
    plan = proposed(push(who, channel="email").step.campaign)
    press(desk(Role.MARKETER), "test", plan.pk, address="desk@shop.example")
    (sent,) = mail.outbox
    assert sent.to == ["desk@shop.example"]
    link = sent.extra_headers["List-Unsubscribe"].strip("<>")
    client = Client()
    assert client.post(urlsplit(link).path, {"List-Unsubscribe": "One-Click"}).status_code == 404
    assert not Suppression.objects.exists()
    assert not Delivery.objects.exists()


def test_a_test_of_a_trigger_is_every_email_of_its_steps(desk: Callable[..., Client]) -> None:
    message = push(channel="email", trigger="cart_left", daily_maximum=5, audience=None)
    step = factories.campaign_step(campaign=message.step.campaign, number=2, wait_minutes=60)
    publish(factories.campaign_message(step=step, channel="email"))
    plan = propose_rules(campaign=message.step.campaign, actor=factories.user())
    client = desk(Role.MARKETER)
    assert "Every e-mail of its steps" in page(client, plan)
    press(client, "test", plan.pk, address="desk@shop.example")
    assert [one.to for one in mail.outbox] == [["desk@shop.example"]] * 2
    assert not Delivery.objects.exists()
    campaign = push(trigger="welcome", daily_maximum=5, audience=None).step.campaign
    silent = propose_rules(campaign=campaign, actor=factories.user())
    told = press(client, "test", silent.pk, address="desk@shop.example")
    assert "None of its messages is an e-mail." in told


def test_a_stop_is_one_button_and_the_campaign_says_so(desk: Callable[..., Client]) -> None:
    campaign = push(shopper("null")).step.campaign
    approved(campaign)
    shown = press(desk(Role.MARKETER), "stop", campaign.pk)
    assert "nothing leaves" in shown
    assert Delivery.objects.get().reason == Verdict.STOPPED


@pytest.mark.parametrize(
    ("how", "state"), [("sent", "sent"), ("again", "waiting"), ("cancel", "cancelled")]
)
def test_a_person_settles_what_is_in_doubt(
    desk: Callable[..., Client], how: str, state: str
) -> None:
    row = factories.delivery(state="in_doubt")
    client = desk(Role.MARKETER)
    change = reverse("admin:campaigns_delivery_change", args=[row.pk])
    assert "Did it arrive?" in client.get(change).content.decode()
    client.post(reverse("admin:campaigns_delivery_settle", args=[row.pk, how]))
    row.refresh_from_db()
    assert row.state == state


def test_what_a_channel_gave_up_on_can_be_sent_again(desk: Callable[..., Client]) -> None:
    row = factories.delivery(state="cancelled", reason=Verdict.GIVEN_UP, attempts=7)
    client = desk(Role.MARKETER)
    client.post(reverse("admin:campaigns_delivery_settle", args=[row.pk, "replay"]))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.reason) == ("waiting", 1, Verdict.SEND)
