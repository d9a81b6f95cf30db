"""A bandit among wordings: what it draws and logs, what it learns, and how it ends."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient
from scipy import stats

from guidance.behaviour.models import Event
from guidance.content.models import CopyBandit, Publication
from guidance.content.selectors.bandits import arms_now
from guidance.content.services.bandits import approve_bandit, stop_bandit
from guidance.content.services.learning_wordings import settle_bandit, settle_bandits
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.decisions.models import Decision
from guidance.experiments.models import Holdout
from guidance.experiments.services import approve_experiment, reopen_experiment, start_holdout
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.content.variants.bandits import ask, decided, happened, without_fading
from tests.content.variants.wordings import SHOPPERS, get, plan

HOUR = timedelta(hours=1)


def test_what_is_logged_is_how_often_each_wording_is_drawn(
    bandit: CopyBandit, mug: Publication, mug_b: Publication, storefront: APIClient
) -> None:
    state = policy_from_state(bandit.state)
    for reward in (1.0, 1.0, 0.0, 0.0, 0.0):
        state.update("main", None, reward)
        state.update("b", None, reward * (reward > 0))
    state.update("b", None, 1.0)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=state.state())
    chances = dict(zip(state.arms, state.propensities(), strict=True))
    texts = {"": mug.text, "b": mug_b.text}
    drawn = Counter[str]()
    for number in range(300):
        got = get(storefront, customer=f"drawn-{number}")
        assert got["text"] == texts[got["variant"]]
        shown = Decision.objects.get(pk=got["decision_id"])
        assert shown.arm == shown.policy == (got["variant"] or "main")
        assert (shown.experiment, shown.fallback_from) == (bandit.key, "")
        assert shown.items[0]["propensity"] == pytest.approx(chances[shown.arm], abs=1e-12)
        drawn[shown.arm] += 1
    expected = [300 * chances[arm] for arm in chances]
    assert stats.chisquare([drawn[arm] for arm in chances], expected).pvalue > 1e-3
    assert 0.05 < chances["b"] < 0.95


def test_a_shopper_meets_the_same_words_again(bandit: CopyBandit, storefront: APIClient) -> None:
    for shopper in SHOPPERS:
        assert len({get(storefront, customer=shopper)["variant"] for _visit in range(3)}) == 1


def test_nobody_known_and_other_surfaces_get_the_main_text(
    bandit: CopyBandit, mug: Publication, storefront: APIClient
) -> None:
    for query in ({}, {"customer": "ann", "surface": "list"}):
        got = get(storefront, **query)
        assert (got["text"], got["decision_id"]) == (mug.text, None)
    assert not Decision.objects.exists()


def test_without_a_bandit_nothing_is_asked_more(
    mug: Publication, mug_b: Publication, mia: User, max_: User, storefront: APIClient
) -> None:
    def asked(**query: str) -> int:
        get(storefront, **query)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            get(storefront, **query)
        return sum(
            "content_publishedcopy" in one["sql"] or "copybandit" in one["sql"] for one in captured
        ), len(captured)

    without = asked(customer="ann"), asked()
    assert without[0][0] == without[1][0] == 1
    waiting = ask(mug, mia)
    assert (asked(customer="ann"), asked()) == without
    approve_bandit(bandit_id=waiting.pk, actor=max_)
    assert asked() == without[1], "nobody known is not drawn for"


def test_stopped_everybody_gets_the_main_text(
    bandit: CopyBandit, mug: Publication, mia: User, storefront: APIClient
) -> None:
    assert {get(storefront, customer=shopper)["variant"] for shopper in SHOPPERS} == {"", "b"}
    stop_bandit(bandit_id=bandit.pk, actor=mia)
    for shopper in SHOPPERS:
        got = get(storefront, customer=shopper)
        assert (got["text"], got["decision_id"]) == (mug.text, None)
    assert settle_bandits() == 0
    with pytest.raises(Invalid, match="stopped already"):
        stop_bandit(bandit_id=bandit.pk, actor=mia)


def test_what_was_learned_and_cannot_be_read_costs_nobody_the_text(
    bandit: CopyBandit, mug: Publication, storefront: APIClient
) -> None:
    for spoilt in ({}, {**bandit.state, "memory": []}, {**bandit.state, "arms": ["z"]}):
        CopyBandit.objects.filter(pk=bandit.pk).update(state=spoilt)
        got = get(storefront, customer="ann")
        assert (got["text"], got["decision_id"]) == (mug.text, None)
    assert settle_bandits() == 0


def test_four_eyes_let_it_run_and_one_may_stop_it(
    mug: Publication, mug_b: Publication, mia: User, max_: User, storefront: APIClient
) -> None:
    waiting = ask(mug, mia)
    assert get(storefront, customer="ann")["decision_id"] is None
    with pytest.raises(OwnRequest):
        approve_bandit(bandit_id=waiting.pk, actor=mia)
    with pytest.raises(Invalid, match="there already"):
        ask(mug, max_)
    approve_bandit(bandit_id=waiting.pk, actor=max_)
    with pytest.raises(Invalid, match="decided already"):
        approve_bandit(bandit_id=waiting.pk, actor=max_)
    with pytest.raises(PermissionDenied):
        stop_bandit(bandit_id=waiting.pk, actor=factories.user())


def test_an_experiment_and_a_bandit_never_meet(
    mug: Publication, mug_b: Publication, mia: User, max_: User
) -> None:
    waiting, experiment = ask(mug, mia), plan(mug, mia)
    approved = approve_experiment(experiment=experiment, actor=max_)
    with pytest.raises(Invalid, match="compares them there already"):
        approve_bandit(bandit_id=waiting.pk, actor=max_)
    draft = reopen_experiment(experiment=approved, actor=mia)
    approve_bandit(bandit_id=waiting.pk, actor=max_)
    with pytest.raises(ValidationError, match="A bandit chooses among these wordings there"):
        approve_experiment(experiment=draft, actor=max_)
    stop_bandit(bandit_id=waiting.pk, actor=mia)
    approve_experiment(experiment=draft, actor=max_)
    with pytest.raises(Invalid, match="compares them there already"):
        ask(mug, mia)


def test_the_held_out_get_the_main_text_and_the_log_says_so(
    bandit: CopyBandit, mug: Publication, mia: User, storefront: APIClient
) -> None:
    start_holdout(holdout=Holdout(key="held", share="0.5"), actor=mia)
    told = Counter()
    for number in range(30):
        get(storefront, customer=f"held-{number}")
    for shown in Decision.objects.all():
        told[shown.arm] += 1
        if shown.arm == "held-out":
            assert shown.policy == "main"
    assert told["held-out"] > 3
    assert told["b"] > 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"exploration": 0.0}, "greater than or equal to 0.01"),
        ({"window_hours": 48}, "Clicks count for 24 hours"),
        ({"surface": "Not a slug"}, "valid"),
        ({"half_life_days": 0.0}, "greater than or equal to 0.1"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(
    mug: Publication, mug_b: Publication, mia: User, given: dict[str, object], message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        ask(mug, mia, **given)


def test_there_must_be_something_to_choose_among(mug: Publication, mia: User) -> None:
    with pytest.raises(Invalid, match="a variant of it first"):
        ask(mug, mia)


def test_the_page_tells_what_was_learned_also_once_it_is_stopped(
    bandit: CopyBandit, mug: Publication, mug_b: Publication, mia: User
) -> None:
    """A second look that day is seen and no trial; what is open is not learned yet."""
    first = decided(bandit, mug_b, "b", ago=5 * HOUR, clicked_after=HOUR)
    again = factories.decision(
        customer=first.customer, surface="product", experiment=bandit.key, arm="b", at=first.at
    )
    happened(again, "impression", again.at)
    decided(bandit, mug_b, "b", ago=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=without_fading(bandit))
    settle_bandit(bandit_id=bandit.pk)
    stop_bandit(bandit_id=bandit.pk, actor=mia)
    bandit.refresh_from_db()
    main, other = arms_now(bandit)
    assert (other.shown, other.trials, other.mean, other.chance) == (3, 1.0, 1.0, 0.0)
    assert (main.shown, main.trials, main.mean) == (0, 0.0, None)
    CopyBandit.objects.filter(pk=bandit.pk).update(state={"kind": "none"})
    bandit.refresh_from_db()
    assert [one.trials for one in arms_now(bandit)] == [0.0, 0.0]


def test_the_desk_asks_approves_follows_and_stops(
    mug: Publication, mug_b: Publication, desk: Callable[..., Client], storefront: APIClient
) -> None:
    first = desk(Role.MERCHANDISER, "first")
    page = reverse("admin:content_publication_change", args=[mug.pk])
    assert "Let a bandit choose" in first.get(page).content.decode()
    asked = {
        "surface": "product",
        "method": "epsilon_greedy",
        "reward": "click",
        "exploration": "0.2",
        "window_hours": "3",
        "half_life_days": "",
    }
    url = reverse("admin:content_publication_bandit", args=[mug.pk])
    refused = first.post(url, {**asked, "exploration": "2"}, follow=True).content.decode()
    assert "less than or equal to 1" in refused
    assert first.post(url, asked).status_code == 302
    bandit = CopyBandit.objects.get()
    assert (bandit.exploration, bandit.half_life_days, bandit.window_hours) == (0.2, None, 3)
    own = reverse("admin:content_copybandit_change", args=[bandit.pk])
    waiting = first.get(own).content.decode()
    assert "Until somebody else approves it" in waiting
    assert "Approve and start" not in waiting
    second = desk(Role.MERCHANDISER, "second")
    assert "Approve and start" in second.get(own).content.decode()
    second.post(reverse("admin:content_copybandit_approve", args=[bandit.pk]))
    decision = get(storefront, customer="ann")["decision_id"]
    shown = Decision.objects.get(pk=decision)
    outcome = {"decision": shown.pk, "customer": shown.customer, "occurred_at": shown.at}
    Event.objects.create(kind="impression", **outcome)
    running = second.get(own).content.decode()
    assert "50.0 %" in running
    assert "Variant b" in running
    assert own in first.get(page).content.decode()
    first.post(reverse("admin:content_copybandit_stop", args=[bandit.pk]))
    assert get(storefront, customer="ann")["decision_id"] is None
    assert "everybody gets the main text" in first.get(own).content.decode()
