"""Which wording shoppers get: in shares, by an experiment, or drawn; fixed and logged."""

from collections import Counter

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from guidance.campaigns.models import (
    Delivery,
    Verdict,
    Why,
)
from guidance.campaigns.planning.choosing import Choice, Kind, People, Wording, pick
from guidance.campaigns.services.approval import approve_plan
from guidance.campaigns.services.choosing import choose_by
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.queueing import Tampered, queue_plan
from guidance.content.models import PublishedCopy
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.services import assign
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.campaigns.pushes import approved, proposed, push, shopper
from tests.campaigns.wordings import bandit, got, running_experiment, two_wordings
from tests.experiments.counted import counted_report

pytestmark = pytest.mark.django_db


def test_by_weight_each_wording_is_logged_with_its_share() -> None:
    message = two_wordings(*(shopper("null") for _n in range(40)))
    message.weight = 3
    message.save()
    plan = approved(message.step.campaign)
    deliver_due(channel="null")
    counts = Counter(got(plan).values())
    assert counts["a"] > counts["b"] > 0
    for decision in Decision.objects.all():
        (item,) = decision.items
        assert item["propensity"] == {"a": 0.75, "b": 0.25}[item["variant"]]
        assert (decision.experiment, decision.arm) == ("", "")


def test_one_wording_is_everybodys() -> None:
    message = two_wordings(*(shopper("null") for _n in range(10)))
    choose_by(step=message.step, choosing="one", only_variant="b", actor=factories.user())
    plan = proposed(message.step.campaign)
    assert set(got(plan).values()) == {"b"}
    assert set(plan.entries.values_list("why", "propensity")) == {(Why.FIXED, 1.0)}


def test_an_experiments_arm_is_that_of_its_assignment_in_every_plan() -> None:
    people = [shopper("null", ref=f"sticky-{n}") for n in range(30)]
    message = two_wordings(*people)
    experiment = running_experiment(message.step)
    first, second = proposed(message.step.campaign), proposed(message.step.campaign)
    for one in people:
        arm = assign(surface="push", subject=experiment.subject, unit=one.ref, source="live")
        assert arm is not None
        assert got(first)[one.ref] == arm.policy
    assert got(first) == got(second)
    assert set(first.entries.values_list("why", "propensity")) == {(Why.ARM, 0.5)}


@pytest.mark.parametrize(
    "given",
    [
        {"namespace": "mail", "namespace_from": 0.25, "namespace_to": 0.9},
        {"coverage": 0.6},
        {"targeting": {"tier": {"$in": ["gold"]}}},
        {"hash_version": 1, "seed": "another"},
    ],
)
def test_who_takes_no_part_gets_the_controls_wording_outside_the_experiment(
    given: dict[str, object],
) -> None:
    people = [shopper("null", tier="gold" if n % 2 else "") for n in range(40)]
    message = two_wordings(*people)
    experiment = running_experiment(message.step, **given)
    plan = proposed(message.step.campaign)
    told = {one.customer.ref: one for one in plan.entries.select_related("customer", "message")}
    arms = {
        one.ref: assign(surface="push", subject=experiment.subject, unit=one.ref, source="live")
        for one in people
    }
    for ref, arm in arms.items():
        assert told[ref].arm == (arm.arm if arm else "")
        assert told[ref].message.variant == (arm.policy if arm else "a")
    if given.get("hash_version") != 1:
        assert {one.why for one in told.values()} == {Why.ARM, Why.OUTSIDE}


def test_the_first_message_is_the_exposure_and_opens_clicks_and_purchases_are_measured() -> None:
    people = [shopper("null") for _n in range(30)]
    message = two_wordings(*people)
    experiment = running_experiment(
        message.step, primary_metric="conversion", also_measured=["opened"]
    )
    approved(message.step.campaign)
    assert not Decision.objects.exists()
    deliver_due(channel="null")
    decisions = list(Decision.objects.filter(experiment=experiment.key))
    assert len(decisions) == 30
    for one in decisions[:12]:
        factories.event(customer=one.customer, kind="impression", decision=one.pk)
    factories.event(customer=decisions[0].customer, kind="click", decision=decisions[0].pk)
    factories.event(customer=decisions[1].customer, kind="purchase", price=5)
    found = counted_report(experiment)
    assert found.shoppers == 30
    assert sum(arm.total.seen for arm in found.arms) == 12
    assert sum(arm.total.clicked for arm in found.arms) == 1
    assert "opened" in found.metrics


def test_a_plan_waits_for_its_experiment_and_what_is_sent_after_its_end_is_outside_it() -> None:
    message = two_wordings(*(shopper("null") for _n in range(6)))
    choose_by(step=message.step, choosing="experiment", actor=factories.user())
    with pytest.raises(ValidationError, match="does not run"):
        proposed(message.step.campaign)
    experiment = running_experiment(message.step)
    approved(message.step.campaign)
    Experiment.objects.filter(pk=experiment.pk).update(status="stopped", stopped_at=timezone.now())
    assert deliver_due(channel="null").sent == 6
    assert set(Decision.objects.values_list("experiment", "arm")) == {("", "")}


def test_a_text_that_was_withdrawn_is_chosen_for_nobody() -> None:
    message = two_wordings(*(shopper("null") for _n in range(20)))
    experiment = running_experiment(message.step)
    text = message.step.messages.get(variant="b").publication
    PublishedCopy.objects.filter(publication=text).update(status="withdrawn")
    assert set(got(proposed(message.step.campaign)).values()) == {"a"}
    third = factories.campaign_message(step=message.step, variant="c")
    assert third.variant == "c"
    plan = proposed(message.step.campaign)
    assert set(got(plan).values()) == {"a"}
    stood_in = plan.entries.filter(why=Why.STOOD_IN)
    assert set(stood_in.values_list("arm", "propensity")) == {("b", 1.0)}
    assert experiment.key == plan.choices["1"]["key"]


def test_a_wording_changed_behind_the_approval_is_noticed() -> None:
    message = two_wordings(*(shopper("null") for _n in range(20)))
    bandit(message.step)
    plan = proposed(message.step.campaign)
    plan = approve_plan(plan=plan, seen=plan.sha256, actor=factories.user())
    plan.entries.filter(arm="a").update(propensity=0.9)
    with pytest.raises(Tampered):
        queue_plan(plan=plan)


def test_a_step_with_one_wording_has_nothing_to_choose_among() -> None:
    message = push(shopper("null"))
    for choosing in ("experiment", "bandit", "shares"):
        with pytest.raises(ValidationError, match="there is one"):
            choose_by(step=message.step, choosing=choosing, actor=factories.user())
    with pytest.raises(ValidationError, match="no such wording"):
        choose_by(step=message.step, choosing="one", only_variant="z", actor=factories.user())


def test_choosing_otherwise_stops_what_is_approved_until_it_is_approved_anew() -> None:
    message = two_wordings(shopper("null"), shopper("null"))
    approved(message.step.campaign)
    bandit(message.step)
    assert deliver_due(channel="null").sent == 0
    approved(message.step.campaign)
    assert deliver_due(channel="null").sent == 2
    assert Delivery.objects.filter(state="cancelled", reason=Verdict.REPLACED).count() == 2


def test_a_chance_of_nothing_is_never_drawn() -> None:
    refs = np.asarray([f"u{n}" for n in range(50)], dtype=object)
    people = People(refs, np.full(50, -1), np.zeros(50, dtype=np.int64))
    policy = policy_from_state(
        {
            "kind": "epsilon_greedy",
            "arms": ["a", "b", "c"],
            "exploration": 0.0,
            "memory": {
                "half_life": None,
                "until": None,
                "sums": {"a": [1.0, 1.0], "b": [0.0, 1.0], "c": [0.0, 1.0]},
            },
        }
    )
    words = [Wording(n, "null", "en", 1, name) for n, name in enumerate("abc")]
    picked = pick(words, people, Choice(Kind.BANDIT, key="k", policy=policy), seed="s")
    assert set(picked.message.tolist()) == {0}
