"""A bandit among wordings: what it draws and logs, what it learns, and how it ends."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient
from scipy import stats

from guidance.behaviour.models import Event
from guidance.content.models import CopyBandit, Publication
from guidance.content.selectors.bandits import arms_now
from guidance.content.services.bandits import approve_bandit, request_bandit, stop_bandit
from guidance.content.services.learning_wordings import settle_bandit, settle_bandits
from guidance.content.services.publication import serve, withdraw_copy
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from guidance.experiments.models import Holdout
from guidance.experiments.services import approve_experiment, reopen_experiment, start_holdout
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.content.variants.wordings import SHOPPERS, approve, get, plan, write

HOUR = timedelta(hours=1)


def ask(main: Publication, actor: User, **given: object) -> CopyBandit:
    asked = CopyBandit(**{"surface": "product", "window_hours": 2, **given})
    return request_bandit(publication_id=main.pk, asked=asked, actor=actor)


@pytest.fixture
def bandit(mug: Publication, mug_b: Publication, mia: User, max_: User) -> CopyBandit:
    """A running one, which draws evenly as it knows nothing yet."""
    return approve_bandit(bandit_id=ask(mug, mia).pk, actor=max_)


def _decided(
    bandit: CopyBandit,
    text: Publication,
    arm: str,
    *,
    ago: timedelta,
    clicked_after: timedelta | None = None,
    seen: bool = True,
) -> Decision:
    """Log a decision of some time ago with what came of it."""
    at = timezone.now() - ago
    running = CopyBandit.objects.get(pk=bandit.pk)
    for known in running.arms.values():
        known["since"] = min(known["since"], at.isoformat())
    CopyBandit.objects.filter(pk=bandit.pk, settled_until__gt=at).update(settled_until=at)
    CopyBandit.objects.filter(pk=bandit.pk).update(arms=running.arms)
    item = {"kind": "copy", "key": str(text.pk), "position": 1, "propensity": 0.5}
    shown = factories.decision(
        surface="product", policy=arm, experiment=bandit.key, arm=arm, at=at, items=[item]
    )
    if seen:
        _happened(shown, "impression", at)
    if clicked_after is not None:
        _happened(shown, "click", at + clicked_after)
    return shown


def _happened(shown: Decision, kind: str, at: datetime) -> None:
    """Let the shopper answer a decision, and hear of it at once."""
    Event.objects.create(
        kind=kind, occurred_at=at, received_at=at, customer=shown.customer, decision=shown.pk
    )


def _known(bandit: CopyBandit) -> dict[str, list[float]]:
    """Return successes and failures by wording, the prior left out."""
    bandit.refresh_from_db()
    sums: dict[str, list[float]] = bandit.state["memory"]["sums"]
    return {arm: [round(value, 6) for value in values] for arm, values in sums.items()}


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


def test_late_rewards_are_learned_once(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    _decided(bandit, mug, "main", ago=5 * HOUR, clicked_after=HOUR)
    _decided(bandit, mug, "main", ago=5 * HOUR, clicked_after=3 * HOUR)
    _decided(bandit, mug_b, "b", ago=5 * HOUR)
    _decided(bandit, mug_b, "b", ago=4 * HOUR, seen=False)
    own = _decided(bandit, mug_b, "b", ago=5 * HOUR, clicked_after=HOUR).customer
    assert own is not None
    exclude_customers(customer_ids=[own.pk], excluded_as="staff", source="desk")
    still_open = _decided(bandit, mug_b, "b", ago=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=_without_fading(bandit))
    assert settle_bandit(bandit_id=bandit.pk) == (3, 1, 0)
    assert _known(bandit) == {"main": [1.0, 1.0], "b": [0.0, 1.0]}
    assert settle_bandit(bandit_id=bandit.pk) == (0, 0, 0)
    _happened(still_open, "click", still_open.at + 1.9 * HOUR)
    later = timezone.now() + 2 * HOUR
    assert settle_bandits(now=later) == 1
    assert settle_bandits(now=later + HOUR / 4) == 0
    assert _known(bandit) == {"main": [1.0, 1.0], "b": [1.0, 1.0]}


def test_a_click_that_comes_late_corrects_and_another_look_that_day_counts_no_more(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    first = _decided(bandit, mug, "main", ago=40 * HOUR)
    again = factories.decision(
        customer=first.customer,
        surface="product",
        experiment=bandit.key,
        arm="main",
        at=first.at + timedelta(seconds=1),
        items=first.items,
    )
    _happened(again, "impression", again.at)
    CopyBandit.objects.filter(pk=bandit.pk).update(
        state=_without_fading(bandit), heard_until=first.at
    )
    assert settle_bandit(bandit_id=bandit.pk, now=first.at + 3 * HOUR) == (1, 1, 0)
    assert _known(bandit)["main"] == [0.0, 1.0]
    _happened(first, "click", first.at + HOUR)
    Event.objects.filter(kind="click").update(received_at=first.at + 20 * HOUR)
    assert settle_bandit(bandit_id=bandit.pk).corrected == 1
    assert _known(bandit)["main"] == [1.0, 0.0]


def _without_fading(bandit: CopyBandit) -> dict[str, object]:
    return {**bandit.state, "memory": {**bandit.state["memory"], "half_life": None}}


def test_a_settle_that_dies_is_repeated_without_counting_twice(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    for ago in range(4, 9):
        _decided(bandit, mug_b, "b", ago=ago * HOUR, clicked_after=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=_without_fading(bandit))
    with transaction.atomic():
        assert settle_bandit(bandit_id=bandit.pk).learned == 5
        transaction.set_rollback(True)
    assert _known(bandit)["b"] == [0.0, 0.0]
    assert settle_bandit(bandit_id=bandit.pk).learned == 5
    assert settle_bandit(bandit_id=bandit.pk).learned == 0
    assert _known(bandit)["b"] == [5.0, 0.0]


def test_a_withdrawn_variant_s_arm_goes_and_another_text_begins_anew(
    bandit: CopyBandit,
    mug: Publication,
    mug_b: Publication,
    mia: User,
    max_: User,
    storefront: APIClient,
) -> None:
    mug_c = approve(write(mug, mia), max_)
    _decided(bandit, mug_b, "b", ago=4 * HOUR, clicked_after=HOUR)
    settle_bandit(bandit_id=bandit.pk)
    assert set(_known(bandit)) == {"main", "b", mug_c.variant}
    withdraw_copy(copy=mug_b.current, reason="Reads badly", actor=max_)
    for shopper in SHOPPERS:
        assert get(storefront, customer=shopper)["variant"] in {"", mug_c.variant}
    _decided(bandit, mug_b, "b", ago=3 * HOUR, clicked_after=HOUR)
    assert settle_bandit(bandit_id=bandit.pk) == (0, 1, 0)
    assert set(_known(bandit)) == {"main", mug_c.variant}
    assert AuditEntry.objects.filter(verb="follow_wordings").exists()
    serve(mug_b)
    settle_bandit(bandit_id=bandit.pk)
    assert _known(bandit)["b"] == [0.0, 0.0]


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


def test_it_comes_to_show_what_earns_more(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    random = np.random.default_rng(3)
    for number in range(120):
        text, arm, rate = ((mug, "main", 0.1), (mug_b, "b", 0.5))[number % 2]
        clicked = 0.1 * HOUR if random.random() < rate else None
        _decided(bandit, text, arm, ago=(3 + number / 60) * HOUR, clicked_after=clicked)
    settle_bandit(bandit_id=bandit.pk)
    bandit.refresh_from_db()
    main, other = arms_now(bandit)
    assert other.chance > 0.9
    assert main.chance >= bandit.exploration / 2
    assert (main.shown, other.shown) == (60, 60)
    assert 59 < main.trials <= 60
    assert main.mean is not None
    assert other.mean is not None
    assert other.mean > main.mean > 0


def test_the_page_tells_what_was_learned_also_once_it_is_stopped(
    bandit: CopyBandit, mug: Publication, mug_b: Publication, mia: User
) -> None:
    """A second look that day is seen and no trial; what is open is not learned yet."""
    first = _decided(bandit, mug_b, "b", ago=5 * HOUR, clicked_after=HOUR)
    again = factories.decision(
        customer=first.customer, surface="product", experiment=bandit.key, arm="b", at=first.at
    )
    _happened(again, "impression", again.at)
    _decided(bandit, mug_b, "b", ago=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=_without_fading(bandit))
    settle_bandit(bandit_id=bandit.pk)
    stop_bandit(bandit_id=bandit.pk, actor=mia)
    bandit.refresh_from_db()
    main, other = arms_now(bandit)
    assert (other.shown, other.trials, other.mean, other.chance) == (3, 1.0, 1.0, 0.0)
    assert (main.shown, main.trials, main.mean) == (0, 0.0, None)
    CopyBandit.objects.filter(pk=bandit.pk).update(state={"kind": "none"})
    bandit.refresh_from_db()
    assert [one.trials for one in arms_now(bandit)] == [0.0, 0.0]


@pytest.mark.parametrize("method", CopyBandit.Method.values)
def test_every_way_of_choosing_logs_what_it_draws_and_learns(
    mug: Publication,
    mug_b: Publication,
    mia: User,
    max_: User,
    storefront: APIClient,
    method: str,
) -> None:
    for number in range(3):
        factories.customer(ref=f"gold-{number}", tier="gold")
    running = approve_bandit(bandit_id=ask(mug, mia, method=method).pk, actor=max_)
    looks = method in {"linucb", "linear_thompson"}
    assert running.features == (["always", "met", "tier:gold"] if looks else [])
    texts = {"": mug.text, "b": mug_b.text}
    for ref, values in (("gold-1", [1.0, 1.0, 1.0]), ("nobody-yet", [1.0, 0.0, 0.0])):
        got = get(storefront, customer=ref)
        assert got["text"] == texts[got["variant"]]
        shown = Decision.objects.get(pk=got["decision_id"])
        assert shown.context.get("features") == (values if looks else None)
        policy = policy_from_state(running.state)
        chances = policy.propensities(values if looks else None)
        drawn = chances[policy.arms.index(shown.arm)]
        assert shown.items[0]["propensity"] == pytest.approx(drawn, abs=1e-12)
    Decision.objects.all().delete()
    told = _decided(running, mug_b, "b", ago=4 * HOUR, clicked_after=HOUR)
    assert settle_bandit(bandit_id=running.pk).learned == (0 if looks else 1), "nothing was told"
    told.context = {"features": [1.0, 1.0, 1.0]}
    told.save()
    CopyBandit.objects.filter(pk=running.pk).update(settled_until=told.at, state=running.state)
    assert settle_bandit(bandit_id=running.pk).learned == 1
    running.refresh_from_db()
    _main, other = arms_now(running)
    if method == "fixed":
        assert (other.trials, other.chance) == (0.0, 0.5)
    else:
        assert other.trials == pytest.approx(1.0, abs=0.01)
        assert other.mean == pytest.approx(1.0)


def test_it_comes_to_show_to_each_tier_what_that_one_answers(
    mug: Publication,
    mug_b: Publication,
    mia: User,
    max_: User,
    storefront: APIClient,
    desk: Callable[..., Client],
) -> None:
    for tier in ("gold", "silver"):
        factories.customer(ref=tier, tier=tier)
    running = approve_bandit(bandit_id=ask(mug, mia, method="linucb").pk, actor=max_)
    assert running.features == ["always", "met", "tier:gold", "tier:silver"]
    for number in range(80):
        gold, b = number % 2, number // 2 % 2
        values = [1.0, 1.0, float(gold), float(not gold)]
        liked = HOUR if gold == b else None
        text, arm = (mug_b, "b") if b else (mug, "main")
        shown = _decided(running, text, arm, ago=(3 + number / 60) * HOUR, clicked_after=liked)
        Decision.objects.filter(pk=shown.pk).update(context={"features": values})
    settle_bandit(bandit_id=running.pk)
    drawn = {}
    for tier in ("gold", "silver"):
        got = get(storefront, customer=tier)
        item = Decision.objects.get(pk=got["decision_id"]).items[0]
        drawn[tier] = item["propensity"] if got["variant"] == "b" else 1 - item["propensity"]
    assert drawn["gold"] > 0.9
    assert drawn["silver"] < 0.1
    page = desk(Role.MERCHANDISER, "first").get(
        reverse("admin:content_copybandit_change", args=[running.pk])
    )
    assert "whether they were here before, membership tier gold" in page.content.decode()


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
