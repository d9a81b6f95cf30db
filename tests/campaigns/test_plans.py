"""Plans: everybody of the audience is accounted for, and approval is bound to what was seen."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from guidance.campaigns.models import (
    CustomerScore,
    Delivery,
    FrequencyCap,
    PlanEntry,
    PushPlan,
    Verdict,
)
from guidance.campaigns.planning.buckets import buckets_of
from guidance.campaigns.planning.deciding import Decided, Terms, settle
from guidance.campaigns.services.approval import approve_plan, reject_plan, stop_campaign
from guidance.campaigns.services.planning import build_plan, request_plan
from guidance.campaigns.services.queueing import Tampered, queue_plan, requeue_unfinished
from guidance.core.models import Job
from guidance.experiments.assignment import bucket_of
from tests import factories
from tests.campaigns.pushes import allow, approved, proposed, push, shopper

pytestmark = pytest.mark.django_db
V = Verdict


def verdicts(plan: PushPlan) -> dict[str, Verdict]:
    rows = PlanEntry.objects.filter(plan=plan).values_list("customer__ref", "verdict")
    return {ref: Verdict(verdict) for ref, verdict in rows}


def test_every_shopper_of_the_audience_gets_a_message_or_the_first_reason_why_not() -> None:
    wants = shopper("email", ref="wants")
    factories.contact_point(customer=wants, channel="email")
    quiet = shopper(ref="said-nothing")
    factories.contact_point(customer=quiet, channel="email")
    shopper("email", ref="no-address")
    gone = shopper("email", ref="gone")
    factories.contact_point(customer=gone, channel="email")
    factories.suppression(customer=gone, channel="email", reason="complained")
    foreign = shopper("email", ref="foreign", language="fr")
    factories.contact_point(customer=foreign, channel="email")
    took_back = shopper("email", ref="took-back")
    factories.contact_point(customer=took_back, channel="email")
    allow(took_back, "email", is_granted=False)
    people = [wants, quiet, gone, foreign, took_back]
    people.append(factories.customer(ref="nobody", language="en"))
    plan = proposed(push(*people, channel="email").step.campaign)
    assert verdicts(plan) == {
        "wants": V.SEND,
        "said-nothing": V.NO_CONSENT,
        "gone": V.COMPLAINED,
        "foreign": V.NO_TEXT,
        "took-back": V.NO_CONSENT,
        "nobody": V.NO_ADDRESS,
    }
    assert sum(plan.counts["verdicts"].values()) == len(people)


def test_a_language_of_the_same_tongue_is_understood_and_the_shops_own_stands_in_for_none() -> None:
    people = [
        shopper("null", ref="british", language="en-GB"),
        shopper("null", ref="silent", language=""),
    ]
    assert set(verdicts(proposed(push(*people).step.campaign)).values()) == {V.SEND}


def test_the_second_channel_is_tried_where_the_first_cannot_reach() -> None:
    reached = shopper("inbox")
    message = push(reached, channel="email")
    second = factories.campaign_message(step=message.step, channel="inbox")
    plan = proposed(message.step.campaign)
    assert plan.entries.get().message == second


def test_quiet_hours_move_a_message_on_and_leave_who_lives_nowhere_alone() -> None:
    here = shopper("null", ref="here")
    nowhere = shopper("null", ref="nowhere", time_zone="", country="")
    factories.customer(time_zone="Asia/Tokyo")
    factories.customer(time_zone="America/Lima")
    message = push(here, nowhere, send_at=time(23), quiet_from=time(20), quiet_until=time(10))
    plan = proposed(message.step.campaign)
    assert verdicts(plan) == {"here": V.SEND, "nowhere": V.QUIET_HOURS}
    at = plan.entries.get(customer=here).send_at
    assert at is not None
    assert at.astimezone(ZoneInfo("Europe/Berlin")).time() == time(10)


def test_caps_count_other_campaigns_and_priority_goes_first() -> None:
    tired, busy = shopper("null", ref="tired"), shopper("null", ref="busy")
    FrequencyCap.objects.create(most=1, days=7)
    now = timezone.now()
    factories.delivery(customer=tired, state="sent", sent_at=now - timedelta(days=3))
    first = factories.campaign_message(channel="inbox", campaign__priority=90)
    FrequencyCap.objects.update(most=2)
    factories.delivery(customer=tired, state="sent", sent_at=now - timedelta(days=2))
    factories.delivery(customer=busy, message=first)
    plan = proposed(push(tired, busy).step.campaign)
    assert verdicts(plan) == {"tired": V.CAP, "busy": V.HIGHER_PRIORITY}


def test_the_holdout_is_the_same_shoppers_in_every_plan_and_about_its_share() -> None:
    people = [shopper("null") for _n in range(200)]
    campaign = push(*people, holdout_percent=30).step.campaign
    first = verdicts(proposed(campaign))
    assert first == verdicts(proposed(campaign))
    assert 35 <= list(first.values()).count(V.HOLDOUT) <= 85


def test_who_is_moved_most_per_message_gets_the_budget() -> None:
    uplift = np.array([0.01, 0.09, 0.05, 0.2])
    cost = np.full(4, 1.0)
    terms = Terms("k", [], [], "en", 0.0, True, True, 1.0, 100.0, 2.0)
    none = np.zeros(4, dtype=bool)
    decided = Decided(
        *(np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.int64), np.ones(4, dtype=np.int64)),
        *(np.ones(4, dtype=np.int64), cost, 100 * uplift - cost, uplift, none, none),
    )
    settle(decided, terms)
    assert decided.verdict.tolist() == [V.BUDGET, V.SEND, V.BUDGET, V.SEND]
    assert decided.due.tolist() == [-1, 1, -1, 1]


def test_buckets_of_a_column_are_those_of_experiments() -> None:
    units = ["", "a", "c-123456789", "用户1", "😀", "x" * 80]
    for some in (units, units[:4]):
        assert buckets_of(seed="s-1", units=some).tolist() == [
            bucket_of(seed="s-1", unit=unit) for unit in some
        ]


def test_another_person_approves_exactly_what_they_saw() -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    other = factories.user()
    with pytest.raises(PermissionDenied):
        approve_plan(plan=plan, seen=plan.sha256, actor=plan.proposed_by)
    with pytest.raises(ValidationError, match="not the plan"):
        approve_plan(plan=plan, seen="0" * 64, actor=other)
    plan.campaign.contact_cost = Decimal("0.5")
    plan.campaign.save()
    with pytest.raises(ValidationError, match="was changed"):
        approve_plan(plan=plan, seen=plan.sha256, actor=other)
    plan.campaign.contact_cost = Decimal(0)
    plan.campaign.save()
    assert approve_plan(plan=plan, seen=plan.sha256, actor=other).state == "approved"
    with pytest.raises(ValidationError, match="approved"):
        reject_plan(plan=plan, reason="late", actor=other)


def test_rows_changed_behind_the_approval_are_noticed_and_nothing_is_queued() -> None:
    plan = proposed(push(shopper("null"), shopper()).step.campaign)
    plan = approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    sent = plan.entries.get(verdict=V.SEND)
    plan.entries.filter(verdict=V.NO_CONSENT).update(
        verdict=V.SEND, message=sent.message, send_at=sent.send_at
    )
    with pytest.raises(Tampered):
        queue_plan(plan=plan)
    assert not Delivery.objects.exists()


def test_queueing_twice_queues_once() -> None:
    plan = approved(push(shopper("null"), shopper("null")).step.campaign)
    assert queue_plan(plan=plan) == 2
    assert Delivery.objects.count() == 2


def test_a_new_plan_supersedes_the_one_that_waits() -> None:
    campaign = push(shopper("null")).step.campaign
    first = proposed(campaign)
    second = proposed(campaign)
    first.refresh_from_db()
    assert (first.state, second.number) == ("superseded", 2)


def test_a_stop_cancels_what_waits_and_no_plan_can_be_approved() -> None:
    campaign = push(shopper("null")).step.campaign
    plan = approved(campaign)
    assert stop_campaign(campaign=campaign, reason="wrong price", actor=factories.user()) == 1
    gone = plan.deliveries.get()
    assert (gone.state, gone.reason) == ("cancelled", V.STOPPED)
    with pytest.raises(ValidationError, match="stopped"):
        request_plan(campaign=campaign, actor=factories.user())


def test_what_cannot_be_planned_says_which_field() -> None:
    campaign = factories.campaign(ends_at=timezone.now() + timedelta(days=1))
    with pytest.raises(ValidationError) as refused:
        request_plan(campaign=campaign, actor=factories.user())
    assert set(refused.value.message_dict) == {"audience", "messages"}


def test_an_empty_audience_is_said_and_the_plan_is_not_left_half_done() -> None:
    plan = request_plan(campaign=push().step.campaign, actor=factories.user())
    with pytest.raises(ValidationError, match="empty"):
        build_plan(plan=plan)


def test_an_approval_is_bound_to_the_audiences_that_the_audience_is_made_of() -> None:
    inner = factories.audience(rules={"field": "tier", "operator": "in", "value": ["gold"]})
    outer = factories.audience(
        rules={"all": [{"field": "audience", "operator": "in", "value": [inner.key]}]}
    )
    plan = proposed(push(shopper("null"), audience=outer).step.campaign)
    inner.rules = {}
    inner.save()
    with pytest.raises(ValidationError, match="was changed"):
        approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())


def test_a_second_plan_leaves_out_who_the_first_serves_and_takes_in_whom_it_could_not() -> None:
    served, refused, later = (
        shopper("null", ref="served"),
        shopper("null", ref="refused"),
        shopper(),
    )
    campaign = push(served, refused, later).step.campaign
    plan = approved(campaign)
    plan.deliveries.filter(customer=refused).update(state="cancelled", reason=V.OUT_OF_STOCK)
    allow(later, "null")
    again = verdicts(proposed(campaign))
    assert again == {"served": V.ALREADY, "refused": V.SEND, later.ref: V.SEND}


def test_who_a_message_moves_less_than_it_costs_gets_none() -> None:
    moved, unmoved = shopper("null", ref="moved"), shopper("null", ref="unmoved")
    for who, uplift in {moved: 0.3, unmoved: 0.001}.items():
        CustomerScore.objects.create(customer=who, kind="uplift", value=uplift)
    campaign = push(
        moved, unmoved, currency="USD", response_value=Decimal(10), contact_cost=Decimal("0.1")
    ).step.campaign
    plan = proposed(campaign)
    assert verdicts(plan) == {"moved": V.SEND, "unmoved": V.NOT_MOVED}
    assert plan.entries.get(customer=moved).uplift == 300
    assert plan.counts["responses"] == 0.3


def test_a_plan_whose_job_was_lost_for_good_does_not_bar_the_next() -> None:
    campaign = push(shopper("null")).step.campaign
    lost = request_plan(campaign=campaign, actor=factories.user())
    with pytest.raises(ValidationError, match="being worked out already"):
        request_plan(campaign=campaign, actor=factories.user())
    Job.objects.update(status=Job.Status.FAILED)
    assert request_plan(campaign=campaign, actor=factories.user()).number == 2
    lost.refresh_from_db()
    assert lost.state == "failed"


def test_an_approved_plan_whose_queueing_was_lost_is_queued_again() -> None:
    plan = proposed(push(shopper("null")).step.campaign)
    approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    assert requeue_unfinished() == 0
    Job.objects.update(status=Job.Status.FAILED)
    assert requeue_unfinished() == 1
    plan.refresh_from_db()
    queue_plan(plan=plan)
    Job.objects.update(status=Job.Status.SUCCEEDED)
    assert requeue_unfinished() == 0


def test_each_shopper_is_spoken_to_at_their_best_hour_or_their_tiers() -> None:
    early = shopper("null", ref="early", tier="", time_zone="Asia/Shanghai")
    quiet = shopper("null", ref="quiet", tier="gold", time_zone="Asia/Shanghai")
    new = shopper("null", ref="new", tier="none-like-it")
    other = factories.customer(tier="gold", time_zone="Europe/Berlin")
    morning = timezone.now().replace(hour=23, minute=10) - timedelta(days=5)
    for days in range(6):
        factories.event(customer=early, kind="view", occurred_at=morning - timedelta(days=days))
        noon = datetime.combine(morning.date(), time(17, 30), ZoneInfo("Europe/Berlin"))
        factories.event(customer=other, kind="view", occurred_at=noon - timedelta(days=days))
    campaign = push(early, quiet, new, at_best_hour=True, send_at=time(11)).step.campaign
    plan = proposed(campaign)
    hours = {
        entry.customer.ref: entry.send_at.astimezone(ZoneInfo(entry.customer.time_zone)).hour
        for entry in plan.entries.select_related("customer")
        if entry.send_at
    }
    assert hours == {"early": 7, "quiet": 17, "new": 11}
