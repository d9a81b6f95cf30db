"""Bandits that any app opens: driven as an onboarding app would, and what they learn from."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from scipy import stats

from guidance.behaviour.models import Event
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from guidance.experiments.models import Bandit, Experiment, Holdout
from guidance.experiments.selectors.bandits import arms_now
from guidance.experiments.selectors.trials import COMMIT, GRACE
from guidance.experiments.services import (
    choose_arm,
    open_bandit,
    save_experiment,
    settle_bandit,
    settle_bandits,
    start_holdout,
    stop_bandit,
)
from guidance.experiments.services.learning import CORRECTED_EVERY
from models_ml.policy.kinds import policy_from_state
from tests import factories

pytestmark = pytest.mark.django_db
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = ["add-photo", "follow-brand", "set-size"]
# The shop's noon some days ago, so that hours before and after it are of one day.
NOON = (timezone.now() - 6 * DAY).replace(hour=12, minute=0, second=0, microsecond=0)


def opened(**given: object) -> Bandit:
    asked = {"key": "first-steps", "surface": "onboarding", "arms": STEPS, "actor": None}
    bandit = open_bandit(**{**asked, "half_life_days": None, **given})
    Bandit.objects.update(settled_until=NOON - 3 * DAY, heard_until=NOON - 3 * DAY)
    Bandit.objects.update(arms=dict.fromkeys(bandit.arms, (NOON - 3 * DAY).isoformat()))
    return bandit


def shown(
    arm: str,
    at: datetime,
    customer: Customer | None = None,
    *,
    clicked: timedelta | None = None,
    features: list[float] | None = None,
    seen: bool = True,
) -> Decision:
    """Log a decision, that it was seen and perhaps clicked; each heard of as it happened."""
    found = factories.decision(
        surface="onboarding",
        experiment="first-steps",
        arm=arm,
        at=at,
        items=[{"kind": "arm", "key": arm, "position": 1, "propensity": 0.5}],
        context={"features": features or []},
        **({"customer": customer} if customer else {}),
    )
    named = {"customer": found.customer, "decision": found.pk}
    if seen:
        happened("impression", at, **named)
    if clicked is not None:
        happened("click", at + clicked, **named)
    return found


def happened(kind: str, at: datetime, received: datetime | None = None, **given: object) -> None:
    Event.objects.create(kind=kind, occurred_at=at, received_at=received or at, **given)


def known(arm: str) -> list[float]:
    """Return the successes and failures remembered of an arm."""
    return [round(one, 6) for one in Bandit.objects.get().state["memory"]["sums"][arm]]


def test_an_onboarding_app_opens_asks_and_is_rewarded() -> None:
    opened(method="linucb", features=["is_new"], reward="click", window_hours=2)
    first = choose_arm(
        key="first-steps", arms=STEPS, context={"is_new": 1.0}, customer="ann", kind="guide"
    )
    assert first.arm in STEPS
    decision = Decision.objects.get(pk=first.decision_id)
    assert decision.items == [
        {"kind": "guide", "key": first.arm, "position": 1, "propensity": first.propensity}
    ]
    assert (decision.experiment, decision.arm) == ("first-steps", first.arm)
    assert (decision.surface, decision.context["features"]) == ("onboarding", [1.0, 1.0])
    left = [step for step in STEPS if step != first.arm]
    second = choose_arm(key="first-steps", arms=left, context={"is_new": 1.0}, customer="ann")
    assert second.arm in left, "a step that is done is not among them"
    named = {"customer": decision.customer, "decision": decision.pk}
    happened("impression", decision.at, **named)
    happened("click", decision.at + HOUR, **named)
    Bandit.objects.update(settled_until=decision.at)
    settled = settle_bandits(now=timezone.now() + 3 * HOUR)
    assert settled == 1, "the other step was never seen"
    policy = policy_from_state(Bandit.objects.get().state)
    assert policy.tried(first.arm) == (1.0, 1.0)
    assert policy.tried(second.arm).trials == 0


@pytest.mark.parametrize("method", Bandit.Method.values)
def test_what_is_logged_is_how_often_each_arm_is_drawn(method: str) -> None:
    bandit = opened(method=method, features=["is_new"] if method.startswith("lin") else [])
    policy = policy_from_state(bandit.state)
    for place, arm in enumerate(STEPS):
        for number in range(10):
            policy.update(arm, [1.0, number % 2], float(number < 2 * place), at=NOON.timestamp())
    Bandit.objects.update(state=policy.state())
    context = [1.0, 1.0] if policy.reads_context else None
    chances = dict(zip(policy.arms, policy.propensities(context), strict=True))
    drawn = Counter[str]()
    for number in range(300):
        got = choose_arm(
            key="first-steps", arms=STEPS, context={"is_new": 1.0}, customer=f"drawn-{number}"
        )
        assert got.propensity == pytest.approx(chances[got.arm], abs=1e-12)
        drawn[got.arm] += 1
    expected = [300 * chances[arm] for arm in STEPS]
    assert stats.chisquare([drawn[arm] for arm in STEPS], expected).pvalue > 1e-3


def test_a_shopper_meets_the_same_arm_again_that_day() -> None:
    opened()
    for shopper in ("ann", "bob", "cem", "dee"):
        drawn = {choose_arm(key="first-steps", arms=STEPS, customer=shopper).arm for _ in range(3)}
        assert len(drawn) == 1


def test_where_it_cannot_choose_the_first_arm_stands_and_nothing_is_logged() -> None:
    opened()
    first = (STEPS[0], 1.0, None)
    assert choose_arm(key="another", arms=STEPS, customer="ann") == first
    assert choose_arm(key="first-steps", arms=STEPS, customer="") == first
    assert choose_arm(key="first-steps", arms=STEPS, customer="ann", source="replay") == first
    assert choose_arm(key="first-steps", arms=["unheard-of"], customer="ann").decision_id is None
    Bandit.objects.update(state={"kind": "beta_thompson"})
    assert choose_arm(key="first-steps", arms=STEPS, customer="ann") == first
    stop_bandit(key="first-steps", actor=None)
    assert choose_arm(key="first-steps", arms=STEPS, customer="ann") == first
    assert not Decision.objects.exists()


def test_the_held_out_get_the_first_arm_and_teach_nothing() -> None:
    opened(window_hours=1)
    start_holdout(holdout=Holdout(key="held", share="0.5"), actor=factories.user())
    arms = Counter[str]()
    for number in range(40):
        got = choose_arm(key="first-steps", arms=STEPS, customer=f"held-{number}")
        logged = Decision.objects.get(pk=got.decision_id)
        arms[logged.arm] += 1
        if logged.arm == "held-out":
            assert (got.arm, got.propensity, logged.experiment) == (STEPS[0], 1.0, "held")
    assert 8 < arms["held-out"] < 32


def test_one_shopper_arm_and_day_is_one_trial() -> None:
    bandit = opened(window_hours=2)
    ann, bob = factories.customer(), factories.customer()
    shown("add-photo", NOON, ann)
    for minutes in (10, 20, 30):
        shown("add-photo", NOON + timedelta(minutes=minutes), ann)
    shown("set-size", NOON + HOUR, ann, clicked=timedelta(minutes=5))
    shown("add-photo", NOON + DAY, ann)
    shown("add-photo", NOON, bob)
    # Answered on the second sight, within the time of the first.
    shown("add-photo", NOON + HOUR, bob, clicked=timedelta(minutes=5))
    # And here when the first sight's time is over.
    late = factories.customer()
    shown("follow-brand", NOON, late)
    shown("follow-brand", NOON + 3 * HOUR, late, clicked=HOUR)
    settled = settle_bandit(bandit_id=bandit.pk, now=NOON + 2 * DAY)
    assert (settled.learned, settled.dropped) == (5, 5)
    assert known("add-photo") == [1.0, 2.0]
    assert known("set-size") == [1.0, 0.0]
    assert known("follow-brand") == [0.0, 1.0]


def test_a_day_that_is_learned_in_parts_stays_one_trial() -> None:
    bandit = opened(window_hours=1)
    ann = factories.customer()
    shown("add-photo", NOON, ann)
    shown("add-photo", NOON + 3 * HOUR, ann)
    passed = HOUR + GRACE["click"] + 2 * COMMIT
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + passed).learned == 1
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 3 * HOUR + passed).learned == 0
    assert known("add-photo") == [0.0, 1.0]


def test_purchases_wait_for_the_nightly_import() -> None:
    bandit = opened(reward="purchase", window_hours=24)
    ann = factories.customer()
    shown("add-photo", NOON, ann)
    bought = NOON + 23 * HOUR
    happened("purchase", bought, bought + 20 * HOUR, customer=ann, source="import")
    for now in (NOON + 25 * HOUR, NOON + 24 * HOUR + GRACE["purchase"]):
        assert settle_bandit(bandit_id=bandit.pk, now=now).learned == 0
    now = NOON + 24 * HOUR + GRACE["purchase"] + 2 * COMMIT
    assert settle_bandit(bandit_id=bandit.pk, now=now).learned == 1
    assert known("add-photo") == [1.0, 0.0]


@pytest.mark.parametrize("method", ["beta_thompson", "epsilon_greedy", "linucb", "linear_thompson"])
def test_late_rewards_put_right_what_was_learned(method: str) -> None:
    """A shop whose import is late ends with what one whose import is in time has learned."""
    looks = method.startswith("lin")
    given = {"features": ["is_new"]} if looks else {}
    bandit = opened(method=method, reward="purchase", half_life_days=4.0, **given)
    people = [factories.customer() for _ in range(6)]
    for number, person in enumerate(people):
        arm = STEPS[number % 2]
        shown(arm, NOON + number * HOUR, person, features=[1.0, number % 2] if looks else None)
        shown(arm, NOON + number * HOUR + HOUR, person, features=[1.0, 0.0] if looks else None)
    for person in people[:3]:
        happened("purchase", NOON + 10 * HOUR, NOON + 4 * DAY, customer=person, source="import")
    first = settle_bandit(bandit_id=bandit.pk, now=NOON + 3 * DAY)
    assert (first.learned, first.corrected) == (6, 0)
    assert policy_from_state(Bandit.objects.get().state).tried(STEPS[0]).mean == 0
    second = settle_bandit(bandit_id=bandit.pk, now=NOON + 5 * DAY)
    assert (second.learned, second.corrected) == (0, 3)
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 5 * DAY + 2 * HOUR).corrected == 0
    corrected = Bandit.objects.get().state["memory"]["sums"]
    Event.objects.filter(kind="purchase").update(received_at=NOON + DAY)
    fresh = {**bandit.state, "memory": {**bandit.state["memory"]}}
    start = NOON - 3 * DAY
    Bandit.objects.update(state=fresh, settled_until=start, heard_until=start)
    settle_bandit(bandit_id=bandit.pk, now=NOON + 5 * DAY + 2 * HOUR)
    in_time = Bandit.objects.get().state["memory"]["sums"]
    for arm in STEPS:
        assert np.allclose(corrected[arm], in_time[arm], rtol=1e-9, atol=1e-12)
    assert not np.allclose(corrected[STEPS[0]], 0)


def test_what_was_learned_late_is_not_corrected_twice() -> None:
    """The worker slept while the late reward came: it counts at once, and no correction adds it."""
    bandit = opened(reward="purchase")
    ann = factories.customer()
    shown("add-photo", NOON, ann)
    happened("purchase", NOON + HOUR, NOON + 3.5 * DAY, customer=ann, source="import")
    Bandit.objects.update(heard_until=NOON + 3.9 * DAY)
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 4 * DAY).learned == 1
    assert known("add-photo") == [1.0, 0.0]
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + 5 * DAY).corrected == 0
    assert known("add-photo") == [1.0, 0.0]


def test_corrections_are_looked_for_once_an_hour() -> None:
    bandit = opened()
    now = NOON + DAY
    settle_bandit(bandit_id=bandit.pk, now=now)
    heard = Bandit.objects.get().heard_until
    assert heard == now - COMMIT
    settle_bandit(bandit_id=bandit.pk, now=now + CORRECTED_EVERY / 2)
    assert Bandit.objects.get().heard_until == heard


def test_staff_the_unseen_and_arms_that_are_gone_teach_nothing() -> None:
    bandit = opened(window_hours=1)
    staff = factories.customer()
    shown("add-photo", NOON, staff, clicked=HOUR / 2)
    exclude_customers(customer_ids=[staff.pk], excluded_as="staff", source="desk")
    shown("add-photo", NOON, seen=False)
    shown("gone", NOON, clicked=HOUR / 2)
    shown("set-size", NOON - 4 * DAY, clicked=HOUR / 2)
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + DAY).learned == 0


def test_a_settle_that_dies_is_repeated_without_counting_twice() -> None:
    bandit = opened(window_hours=1)
    shown("add-photo", NOON, clicked=HOUR / 2)
    with transaction.atomic():
        assert settle_bandit(bandit_id=bandit.pk, now=NOON + DAY).learned == 1
        transaction.set_rollback(True)
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + DAY).learned == 1
    assert settle_bandit(bandit_id=bandit.pk, now=NOON + DAY).learned == 0
    assert known("add-photo") == [1.0, 0.0]


@pytest.mark.parametrize("method", ["beta_thompson", "fixed"])
def test_opening_again_lets_arms_come_and_go(method: str) -> None:
    bandit = opened(method=method)
    same = open_bandit(
        key="first-steps",
        surface="onboarding",
        arms=[*STEPS[1:], "invite-a-friend"],
        method=method,
        half_life_days=None,
        actor=None,
    )
    assert same.pk == bandit.pk
    assert sorted(same.arms) == sorted([*STEPS[1:], "invite-a-friend"])
    assert same.arms["set-size"] < same.arms["invite-a-friend"]
    policy = policy_from_state(same.state)
    assert policy.propensities().min() > 0.2
    assert AuditEntry.objects.filter(verb="change_bandit_arms").count() == 1
    before = same.state
    opened_again = opened(method=method, arms=[*STEPS[1:], "invite-a-friend"])
    assert opened_again.state == before


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"exploration": 0.0}, "greater than or equal to 0.01"),
        ({"window_hours": 48}, "Clicks count for 24 hours"),
        ({"method": "linucb"}, "needs to know something of shoppers"),
        ({"arms": []}, "at least one arm"),
        ({"key": "not a slug"}, "valid"),
        ({"method": "coin"}, "not a valid choice"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(given: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        opened(**given)
    assert not Bandit.objects.exists()


def test_a_key_is_one_bandit_s_with_its_settings_for_good() -> None:
    opened()
    with pytest.raises(ValidationError, match="other settings"):
        opened(exploration=0.2)
    stop_bandit(key="first-steps", actor=None)
    stop_bandit(key="first-steps", actor=None)
    assert AuditEntry.objects.filter(verb="stop_bandit").count() == 1
    with pytest.raises(ValidationError, match="is stopped"):
        opened()
    experiment = Experiment.objects.create(key="taken", name="Taken", surface="home")
    with pytest.raises(ValidationError, match="An experiment has the key"):
        opened(key=experiment.key)
    running = factories.holdout(key="kept-out")
    with pytest.raises(ValidationError, match="A holdout has this key"):
        opened(key=running.key)
    taken = Experiment(key="first-steps", name="Steps", surface="home")
    with pytest.raises(ValidationError, match="A bandit has this key"):
        save_experiment(experiment=taken, actor=None)
    with pytest.raises(ValidationError, match="A bandit has this key"):
        start_holdout(holdout=Holdout(key="first-steps"), actor=None)


def test_an_empty_list_says_how_a_bandit_comes_to_be(desk: Callable[..., Client]) -> None:
    page = desk(Role.MERCHANDISER).get(reverse("admin:experiments_bandit_changelist"))
    assert "its exploration slots are filled by one" in page.content.decode()


def test_the_desk_shows_what_a_bandit_knows_and_would_do(desk: Callable[..., Client]) -> None:
    bandit = opened(method="linear_thompson", features=["is_new"])
    policy = policy_from_state(bandit.state)
    for reward in (1.0, 1.0, 1.0, 0.0):
        policy.update("set-size", [1.0, 0.0], reward)
    Bandit.objects.update(state=policy.state())
    first, *_others = arms_now(Bandit.objects.get())
    assert (first.label, first.trials, first.mean) == ("set-size", 4.0, 0.75)
    assert first.chance > 0.4
    url = reverse("admin:experiments_bandit_change", args=[bandit.pk])
    page = desk(Role.MERCHANDISER).get(url).content.decode()
    assert "75.00 %" in page
    assert "for a shopper of whom nothing is known" in page
    Bandit.objects.update(state={})
    page = desk(Role.MERCHANDISER).get(url).content.decode()
    assert "What it has learned cannot be read" in page
