"""What bandits among wordings draw and learn."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from scipy import stats

from guidance.campaigns.models import (
    CampaignStep,
    MessageBandit,
    PushPlan,
    Why,
)
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.learning import settle_message_bandit
from guidance.campaigns.services.planning import build_plan
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.campaigns.pushes import approved, proposed, shopper
from tests.campaigns.wordings import bandit, got, two_wordings

pytestmark = pytest.mark.django_db


def test_what_a_bandit_draws_is_as_probable_as_is_written_down_and_stays_so() -> None:
    people = [shopper("null") for _n in range(400)]
    message = two_wordings(*people)
    drawn = bandit(message.step, half_life_days=None)
    plan = proposed(message.step.campaign)
    policy = policy_from_state(plan.choices["1"]["state"])
    for _n in range(20):
        policy.update("a", None, 1.0)
        policy.update("a", None, 0.0)
        policy.update("b", None, 1.0)
    for _n in range(10):
        policy.update("b", None, 0.0)
    MessageBandit.objects.filter(pk=drawn.pk).update(state=policy.state())
    plan = proposed(message.step.campaign)
    chances = dict(zip(policy.arms, policy.propensities().tolist(), strict=True))
    assert 0.05 <= chances["a"] < 0.4
    told = plan.entries.values_list("arm", "propensity", "why")
    assert set(told) == {(arm, chance, Why.DRAWN) for arm, chance in chances.items()}
    counts = Counter(got(plan).values())
    expected = [400 * chances[arm] for arm in ("a", "b")]
    assert stats.chisquare([counts["a"], counts["b"]], expected).pvalue > 1e-3
    before = got(plan), plan.sha256
    # What is learned meanwhile changes no plan that was asked for.
    MessageBandit.objects.update(state=policy_from_state(drawn.state or policy.state()).state())
    policy.update("a", None, 1.0)
    MessageBandit.objects.update(state=policy.state())
    plan.state = PushPlan.State.BUILDING
    plan.save()
    again = build_plan(plan=plan)
    assert (got(again), again.sha256) == before


def _sent_long_ago(message_step: CampaignStep, hours: int) -> list[Decision]:
    """Send the plan's messages as if so many hours had passed since."""
    approved(message_step.campaign)
    deliver_due(channel="null")
    at = timezone.now() - timedelta(hours=hours)
    Decision.objects.update(at=at)
    MessageBandit.objects.update(settled_until=at - timedelta(hours=1))
    for drawn in MessageBandit.objects.all():
        for known in drawn.arms.values():
            known["since"] = (at - timedelta(hours=1)).isoformat()
        drawn.save()
    return list(Decision.objects.order_by("pk").select_related("customer"))


def test_a_bandit_learns_each_message_once_when_its_time_is_over_and_nothing_from_staff() -> None:
    message = two_wordings(*(shopper("null") for _n in range(12)))
    drawn = bandit(message.step, window_hours=2, half_life_days=None)
    decisions = _sent_long_ago(message.step, hours=4)
    early = timezone.now() - timedelta(hours=3)
    for one in decisions[:3]:
        told = {"occurred_at": early, "received_at": early}
        factories.event(customer=one.customer, kind="click", decision=one.pk, **told)
    late = decisions[3]
    factories.event(customer=late.customer, kind="click", decision=late.pk)
    staff = decisions[0].customer
    assert staff is not None
    exclude_customers(customer_ids=[staff.pk], excluded_as="staff", source="desk")
    replayed = decisions[4]
    Decision.objects.filter(pk=replayed.pk).update(source="replay")
    assert settle_message_bandit(bandit_id=drawn.pk).learned == 10
    assert settle_message_bandit(bandit_id=drawn.pk).learned == 0
    drawn.refresh_from_db()
    sums = np.asarray(list(drawn.state["memory"]["sums"].values()))
    assert sums.sum(axis=0).tolist() == [2.0, 8.0]


@pytest.mark.parametrize(("reward", "method"), [("click", "beta_thompson"), ("purchase", "linucb")])
def test_what_is_heard_late_corrects_what_was_learned_once(reward: str, method: str) -> None:
    message = two_wordings(*(shopper("null") for _n in range(8)))
    given = {"reward": reward, "method": method, "half_life_days": None}
    drawn = bandit(message.step, window_hours=2, **given)
    decisions = _sent_long_ago(message.step, hours=48)
    now = timezone.now()
    MessageBandit.objects.update(heard_until=now)
    assert settle_message_bandit(bandit_id=drawn.pk, now=now) == (8, 0, 0)
    before = _arms_of(drawn)
    late = decisions[0]
    told = {"kind": reward, "customer": late.customer, "occurred_at": late.at + timedelta(hours=1)}
    if reward == "click":
        told["decision"] = late.pk
    factories.event(**told)
    # What came too late for the window is no success, whenever it is heard.
    out = decisions[1]
    factories.event(**told | {"customer": out.customer, "occurred_at": out.at + timedelta(hours=3)})
    soon = now + timedelta(minutes=30)
    assert settle_message_bandit(bandit_id=drawn.pk, now=soon) == (0, 0, 0)
    later = now + timedelta(hours=2)
    assert settle_message_bandit(bandit_id=drawn.pk, now=later) == (0, 0, 1)
    assert settle_message_bandit(bandit_id=drawn.pk, now=later + timedelta(hours=2)) == (0, 0, 0)
    # As if it had been heard in time.
    policy = policy_from_state(before["state"])
    features = late.context.get("features") if policy.reads_context else None
    policy.correct(late.arm, features, 0.0, 1.0, at=late.at.timestamp() / 86_400)
    told_now = policy.propensities(features)
    assert policy_from_state(_arms_of(drawn)["state"]).propensities(features) == pytest.approx(
        told_now
    )


def _arms_of(drawn: MessageBandit) -> dict[str, object]:
    drawn.refresh_from_db()
    return {"state": drawn.state}


def test_other_words_under_the_same_name_begin_anew() -> None:
    message = two_wordings(shopper("null"))
    drawn = bandit(message.step, half_life_days=None)
    proposed(message.step.campaign)
    drawn.refresh_from_db()
    policy = policy_from_state(drawn.state)
    policy.update("a", None, 1.0)
    policy.update("b", None, 1.0)
    MessageBandit.objects.filter(pk=drawn.pk).update(state=policy.state())
    message.publication = factories.publication(text="Other words.")
    message.save()
    proposed(message.step.campaign)
    drawn.refresh_from_db()
    assert drawn.state["memory"]["sums"] == {"a": [0.0, 0.0], "b": [1.0, 0.0]}
    # What was sent with the words from before teaches nothing of the new ones.
    before = timezone.now() - timedelta(days=2)
    drawn.settled_until = before - timedelta(days=1)
    drawn.arms["b"]["since"] = drawn.settled_until.isoformat()
    drawn.save()
    for arm in ("a", "b"):
        factories.decision(surface="push", experiment=drawn.key, arm=arm, at=before)
    assert settle_message_bandit(bandit_id=drawn.pk).learned == 1
    drawn.refresh_from_db()
    assert drawn.state["memory"]["sums"] == {"a": [0.0, 0.0], "b": [1.0, 1.0]}


def test_purchases_are_learned_once_a_nightly_import_has_brought_them() -> None:
    message = two_wordings(shopper("null"))
    drawn = bandit(message.step, reward="purchase", window_hours=1)
    proposed(message.step.campaign)
    sent = factories.decision(surface="push", experiment=drawn.key, arm="a", at=timezone.now())
    MessageBandit.objects.update(settled_until=sent.at - timedelta(days=1))
    arms = {name: {**told, "since": sent.at.isoformat()} for name, told in _arms(drawn).items()}
    MessageBandit.objects.update(arms=arms)
    for hours, learned in ((36, 0), (38, 1)):
        now = sent.at + timedelta(hours=hours)
        assert settle_message_bandit(bandit_id=drawn.pk, now=now).learned == learned


def _arms(drawn: MessageBandit) -> dict[str, dict[str, str]]:
    drawn.refresh_from_db()
    return drawn.arms


@pytest.mark.parametrize("method", ["linucb", "linear_thompson"])
def test_a_bandit_that_looks_at_shoppers_draws_by_their_kind_and_learns_of_it(method: str) -> None:
    people = [shopper("null", tier="gold" if n % 2 else "") for n in range(120)]
    for one in people[:60]:
        factories.event(customer=one, kind="purchase", price=3)
    message = two_wordings(*people)
    drawn = bandit(message.step, method=method, half_life_days=None, window_hours=1)
    assert drawn.features == [
        *("always", "channel:null", "tier:gold", "bought", "bought_often", "active"),
    ]
    proposed(message.step.campaign)
    drawn.refresh_from_db()
    policy = policy_from_state(drawn.state)
    gold, plain = [1.0, 1.0, 1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    for _n in range(60):
        policy.update("a", gold, 1.0)
        policy.update("b", gold, 0.0)
        policy.update("a", plain, 0.0)
        policy.update("b", plain, 1.0)
    MessageBandit.objects.filter(pk=drawn.pk).update(state=policy.state())
    decisions = _sent_long_ago(message.step, hours=3)
    tiers = Counter((one.customer.tier, one.arm) for one in decisions if one.customer)
    assert tiers["gold", "a"] > 45
    assert tiers["", "b"] > 45
    for one in decisions:
        features = one.context["features"]
        assert features[2] == (one.customer.tier == "gold" if one.customer else None)
        chances = dict(zip(policy.arms, policy.propensities(features), strict=True))
        assert one.items[0]["propensity"] == pytest.approx(chances[one.arm], abs=1e-12)
    assert {tuple(one.context["features"][3:]) for one in decisions} == {(1, 0, 1), (0, 0, 0)}
    before = policy.state()["memory"]["sums"]["a"][0]
    assert settle_message_bandit(bandit_id=drawn.pk).learned == 120
    drawn.refresh_from_db()
    assert drawn.state["memory"]["sums"]["a"][0] > before


def test_other_settings_make_another_bandit_and_the_same_ones_the_same() -> None:
    message = two_wordings(shopper("null"))
    first = bandit(message.step)
    assert bandit(message.step).pk == first.pk
    second = bandit(message.step, method="epsilon_greedy")
    assert (second.key, second.pk != first.pk) == (f"message-{message.step.pk}-bandit-2", True)
    with pytest.raises(ValidationError, match="24 hours"):
        bandit(message.step, window_hours=48)
