"""The pages that say which wording shoppers get, what came of each, and which is best."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from guidance.campaigns.models import CampaignStep, Delivery, MessageBandit, PushPlan
from guidance.campaigns.selectors.wordings import CLICKED, Step, wordings_by_step
from guidance.campaigns.services.choosing import Expected, choose_by, compare_wordings
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.shipping import ship_wording
from guidance.campaigns.services.triggering import fire_triggers
from guidance.campaigns.wordings_page import best_text
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.services import (
    approve_experiment,
    decide_experiment,
    start_experiment,
    undo_ship,
)
from guidance.experiments.services.deciding import confirm_decision
from guidance.experiments.statistics import Estimate
from tests import factories
from tests.campaigns.pushes import approved, publish, push, shopper
from tests.campaigns.test_triggers import approve, did, rule
from tests.campaigns.wordings import bandit, two_wordings

pytestmark = pytest.mark.django_db


def _url(step: CampaignStep, name: str = "wordings") -> str:
    return reverse(f"admin:campaigns_campaign_{name}", args=[step.campaign_id, step.number])


def _sent(count: int, *, clicks: dict[str, int]) -> CampaignStep:
    """A step whose wordings went to so many shoppers in even shares, with so many clicks each."""
    message = two_wordings(*(shopper("null") for _n in range(count)))
    approved(message.step.campaign)
    deliver_due(channel="null")
    for variant, wanted in clicks.items():
        rows = Delivery.objects.filter(message__variant=variant, message__step=message.step)
        for one in rows.order_by("-pk").select_related("customer")[:wanted]:
            factories.event(customer=one.customer, kind="click", decision=one.pk)
    return message.step


def _found(step: CampaignStep) -> Step:
    return wordings_by_step(Delivery.objects.filter(campaign=step.campaign_id))[step.number]


def test_rates_are_of_what_was_sent_without_staff() -> None:
    step = _sent(30, clicks={"a": 3, "b": 1})
    staff = Delivery.objects.filter(message__variant="a").order_by("-pk")[0]
    exclude_customers(customer_ids=[staff.customer_id], excluded_as="staff", source="desk")
    whole = _found(step).whole
    assert sum(one.sent for one in whole.values()) == 29
    assert {name: one.goals[CLICKED].reached for name, one in whole.items()} == {"a": 2, "b": 1}
    assert whole["b"].goals[CLICKED].weighed == 2.0


def test_which_is_best_is_said_where_the_data_tell_and_else_that_they_cannot() -> None:
    assert "fewer than 50" in best_text(_found(_sent(20, clicks={"a": 5})), CLICKED)
    step = _sent(240, clicks={"a": 5, "b": 5})
    assert "cannot tell" in best_text(_found(step), CLICKED)
    step = _sent(240, clicks={"a": 5, "b": 60})
    assert "Wording b is best" in best_text(_found(step), CLICKED)


def test_shares_that_differ_by_shopper_tell_no_lie() -> None:
    """Everybody of one kind clicks and mostly got a; by wording there is no difference."""
    step = _sent(400, clicks={})
    rows = list(Delivery.objects.order_by("pk"))
    for n, one in enumerate(rows):
        is_keen = n < 200
        is_a = (n % 10 != 0) if is_keen else (n % 10 == 0)
        message = step.messages.get(variant="a" if is_a else "b")
        chance = 0.9 if is_keen == is_a else 0.1
        Delivery.objects.filter(pk=one.pk).update(message=message, propensity=chance)
        if is_keen:
            factories.event(customer=one.customer, kind="click", decision=one.pk)
    found = _found(step)
    rates = {name: one.goals[CLICKED].reached / one.sent for name, one in found.whole.items()}
    assert rates["a"] == pytest.approx(0.9)
    assert rates["b"] == pytest.approx(0.1)
    assert "cannot tell" in best_text(found, CLICKED)


def test_a_challenger_is_compared_in_the_plans_that_drew_it() -> None:
    """Every wording is clicked by one in four; the second plan drew another beside the first."""
    step = _sent(80, clicks={})
    second = factories.push_plan(campaign=step.campaign, number=2)
    other = factories.campaign_message(step=step, channel="null", variant="c")
    for n, one in enumerate(Delivery.objects.order_by("pk")):
        is_first, is_a = n < 40, n % 2 == 0
        message = step.messages.get(variant="a") if is_a else other
        if is_first:
            message = step.messages.get(variant="a" if is_a else "b")
        plan = one.plan if is_first else second
        Delivery.objects.filter(pk=one.pk).update(message=message, plan=plan)
        if n % 8 in (0, 1):
            factories.event(customer=one.customer, kind="click", decision=one.pk)
    found = _found(step)
    for challenger in ("b", "c"):
        moved = found.difference("a", challenger, CLICKED, confidence=0.95)
        assert isinstance(moved, Estimate)
        assert moved.value == 0.0


def test_a_marketer_lets_a_bandit_choose_and_the_pages_say_what_it_does(
    desk: Callable[..., Client],
) -> None:
    message = two_wordings(*(shopper("null") for _n in range(6)))
    client, step = desk(Role.MARKETER), message.step
    assert "there is one" not in client.get(_url(step)).content.decode()
    told = {
        "choosing": "bandit",
        "method": "linucb",
        "reward": "purchase",
        "exploration": "0.2",
        "window_hours": "72",
        "half_life_days": "",
    }
    answer = client.post(_url(step), told)
    assert answer.status_code == 302
    made = MessageBandit.objects.get()
    assert (made.method, made.reward, made.window_hours) == ("linucb", "purchase", 72)
    assert AuditEntry.objects.filter(verb="choose_wordings_by").exists()
    plan = approved(step.campaign)
    deliver_due(channel="null")
    page = client.get(_url(step)).content.decode()
    assert "LinUCB" in page
    assert "50.0 %" in page
    shown = client.get(reverse("admin:campaigns_pushplan_change", args=[plan.pk])).content.decode()
    assert f"Drawn by the bandit {made.key}" in shown
    assert "What came of each wording" in shown
    campaign = reverse("admin:campaigns_campaign_change", args=[step.campaign_id])
    assert _url(step) in client.get(campaign).content.decode()
    effect = reverse("admin:campaigns_pushplan_effect", args=[plan.pk])
    assert "fewer than 50 messages" in client.get(effect).content.decode()
    asked = client.get(reverse("admin:campaigns_pushplan_change", args=[plan.pk]), {"verdict": "0"})
    assert "drawn by what the wordings earned so far" in asked.content.decode()


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"choosing": "bandit", "window_hours": "48"}, "24 hours"),
        ({"choosing": "one", "only_variant": "z"}, "z"),
        ({"choosing": "nothing"}, "nothing"),
    ],
)
def test_what_cannot_be_is_refused_on_the_page(
    desk: Callable[..., Client], told: dict[str, str], words: str
) -> None:
    step = two_wordings(shopper("null")).step
    usual = {"method": "beta_thompson", "reward": "click", "exploration": "0.1"}
    answer = desk(Role.MARKETER).post(
        _url(step), {**usual, "window_hours": "24", "half_life_days": "", **told}
    )
    assert answer.status_code == 200
    assert words in answer.content.decode()
    step.refresh_from_db()
    assert step.choosing == "shares"


def test_who_may_only_look_changes_nothing(desk: Callable[..., Client]) -> None:
    step = two_wordings(shopper("null")).step
    client = desk(Role.ANALYST)
    page = client.get(_url(step))
    assert page.status_code == 200
    assert "Choose otherwise" not in page.content.decode()
    assert client.post(_url(step), {"choosing": "one"}).status_code == 403
    assert client.post(_url(step, "compare"), {"metric": "ctr"}).status_code == 403
    assert desk(Role.SUPPORT_AGENT, "sam").get(_url(step)).status_code == 403


def test_a_step_without_several_wordings_has_a_page_too(desk: Callable[..., Client]) -> None:
    step = push(shopper("null")).step
    page = desk(Role.MARKETER).get(_url(step)).content.decode()
    assert "Nothing to compare" in page


def test_an_experiment_is_drafted_approved_started_decided_and_shipped(
    desk: Callable[..., Client], person: Callable[..., User]
) -> None:
    message = two_wordings(*(shopper("null") for _n in range(8)))
    step, client = message.step, desk(Role.MARKETER)
    refused = client.post(_url(step, "compare"), {"metric": "opened", "hypothesis": ""})
    assert (refused.status_code, Experiment.objects.exists()) == (200, False)
    told = {"metric": "opened", "hypothesis": "b is opened more.", "smallest_effect": "5"}
    answer = client.post(_url(step, "compare"), {**told, "days": "14"})
    experiment = Experiment.objects.get()
    assert answer["Location"].endswith(
        reverse("admin:experiments_experiment_change", args=[experiment.pk])
    )
    assert list(experiment.arms.values_list("key", "policy", "is_control")) == [
        ("a", "a", True),
        ("b", "b", False),
    ]
    assert client.get(answer["Location"]).status_code == 200
    again = client.post(_url(step, "compare"), {**told, "days": "14"}, follow=True)
    assert "compares them already" in again.content.decode()
    other, third = factories.user(), factories.user()
    approve_experiment(experiment=experiment, actor=other)
    start_experiment(experiment=experiment, actor=third)
    approved(step.campaign)
    deliver_due(channel="null")
    assert set(Decision.objects.values_list("experiment", flat=True)) == {experiment.key}
    experiment.refresh_from_db()
    decide_experiment(
        experiment=experiment, verdict="ship", arm="b", reason="We like it better.", actor=other
    )
    experiment.refresh_from_db()
    confirm_decision(experiment=experiment, actor=third)
    step.refresh_from_db()
    assert (step.choosing, step.only_variant) == ("one", "b")
    experiment.refresh_from_db()
    undo_ship(experiment=experiment, actor=other)
    step.refresh_from_db()
    assert (step.choosing, step.only_variant) == ("experiment", "")


def test_an_experiment_is_of_what_is_known_and_of_a_step_that_asks_it() -> None:
    step, author = two_wordings(shopper("null")).step, factories.user()
    expected = Expected("latency", "b is clicked more.", Decimal(5), 14)
    with pytest.raises(ValidationError, match="opens, clicks or purchases"):
        compare_wordings(step=step, expected=expected, actor=author)
    with pytest.raises(ValidationError, match="may not be sent"):
        ship_wording("push", f"message-{step.pk}", "z", None)
    expected = replace(expected, metric="ctr")
    experiment = compare_wordings(step=step, expected=expected, actor=author)
    choose_by(step=step, choosing="shares", actor=factories.user())
    with pytest.raises(ValidationError, match="does not let an experiment choose"):
        approve_experiment(experiment=experiment, actor=factories.user())


def test_the_page_counts_no_statement_more_for_more_messages(
    desk: Callable[..., Client],
) -> None:
    client, counts = desk(Role.MARKETER), []
    for messages in (4, 40):
        step = _sent(messages, clicks={"a": 2})
        bandit(step)
        client.get(_url(step))
        with CaptureQueriesContext(connection) as captured:
            client.get(_url(step))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_bandit_that_cannot_be_read_is_said_and_breaks_no_page(
    desk: Callable[..., Client],
) -> None:
    step = two_wordings(shopper("null")).step
    drawn = bandit(step)
    approved(step.campaign)
    MessageBandit.objects.filter(pk=drawn.pk).update(state={"kind": "nothing"})
    assert desk(Role.MARKETER).get(_url(step)).status_code == 200
    with pytest.raises(ValidationError, match="cannot be read"):
        approved(step.campaign)


def test_a_triggers_rules_show_what_came_of_each_wording(desk: Callable[..., Client]) -> None:
    did(shopper("null"), "cart", timedelta(hours=3))
    message = rule("cart_left")
    publish(factories.campaign_message(step=message.step, variant="b"))
    approve(message)
    fire_triggers()
    deliver_due(channel="null")
    plan = PushPlan.objects.get()
    page = desk(Role.MARKETER).get(reverse("admin:campaigns_pushplan_change", args=[plan.pk]))
    assert "What came of each wording" in page.content.decode()
