"""What bandits among wordings learn: once, late, and of whom."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from guidance.behaviour.models import Event
from guidance.content.models import CopyBandit, Publication
from guidance.content.selectors.bandits import arms_now
from guidance.content.services.bandits import approve_bandit
from guidance.content.services.learning_wordings import settle_bandit, settle_bandits
from guidance.content.services.publication import serve, withdraw_copy
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from models_ml.policy.kinds import policy_from_state
from tests import factories
from tests.content.variants.bandits import ask, decided, happened, known_of, without_fading
from tests.content.variants.wordings import SHOPPERS, approve, get, write

HOUR = timedelta(hours=1)


def test_late_rewards_are_learned_once(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    decided(bandit, mug, "main", ago=5 * HOUR, clicked_after=HOUR)
    decided(bandit, mug, "main", ago=5 * HOUR, clicked_after=3 * HOUR)
    decided(bandit, mug_b, "b", ago=5 * HOUR)
    decided(bandit, mug_b, "b", ago=4 * HOUR, seen=False)
    own = decided(bandit, mug_b, "b", ago=5 * HOUR, clicked_after=HOUR).customer
    assert own is not None
    exclude_customers(customer_ids=[own.pk], excluded_as="staff", source="desk")
    still_open = decided(bandit, mug_b, "b", ago=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=without_fading(bandit))
    assert settle_bandit(bandit_id=bandit.pk) == (3, 1, 0)
    assert known_of(bandit) == {"main": [1.0, 1.0], "b": [0.0, 1.0]}
    assert settle_bandit(bandit_id=bandit.pk) == (0, 0, 0)
    happened(still_open, "click", still_open.at + 1.9 * HOUR)
    later = timezone.now() + 2 * HOUR
    assert settle_bandits(now=later) == 1
    assert settle_bandits(now=later + HOUR / 4) == 0
    assert known_of(bandit) == {"main": [1.0, 1.0], "b": [1.0, 1.0]}


def test_a_click_that_comes_late_corrects_and_another_look_that_day_counts_no_more(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    first = decided(bandit, mug, "main", ago=40 * HOUR)
    again = factories.decision(
        customer=first.customer,
        surface="product",
        experiment=bandit.key,
        arm="main",
        at=first.at + timedelta(seconds=1),
        items=first.items,
    )
    happened(again, "impression", again.at)
    CopyBandit.objects.filter(pk=bandit.pk).update(
        state=without_fading(bandit), heard_until=first.at
    )
    assert settle_bandit(bandit_id=bandit.pk, now=first.at + 3 * HOUR) == (1, 1, 0)
    assert known_of(bandit)["main"] == [0.0, 1.0]
    happened(first, "click", first.at + HOUR)
    Event.objects.filter(kind="click").update(received_at=first.at + 20 * HOUR)
    assert settle_bandit(bandit_id=bandit.pk).corrected == 1
    assert known_of(bandit)["main"] == [1.0, 0.0]


def test_a_settle_that_dies_is_repeated_without_counting_twice(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    for ago in range(4, 9):
        decided(bandit, mug_b, "b", ago=ago * HOUR, clicked_after=HOUR)
    CopyBandit.objects.filter(pk=bandit.pk).update(state=without_fading(bandit))
    with transaction.atomic():
        assert settle_bandit(bandit_id=bandit.pk).learned == 5
        transaction.set_rollback(True)
    assert known_of(bandit)["b"] == [0.0, 0.0]
    assert settle_bandit(bandit_id=bandit.pk).learned == 5
    assert settle_bandit(bandit_id=bandit.pk).learned == 0
    assert known_of(bandit)["b"] == [5.0, 0.0]


def test_a_withdrawn_variant_s_arm_goes_and_another_text_begins_anew(
    bandit: CopyBandit,
    mug: Publication,
    mug_b: Publication,
    mia: User,
    max_: User,
    storefront: APIClient,
) -> None:
    mug_c = approve(write(mug, mia), max_)
    decided(bandit, mug_b, "b", ago=4 * HOUR, clicked_after=HOUR)
    settle_bandit(bandit_id=bandit.pk)
    assert set(known_of(bandit)) == {"main", "b", mug_c.variant}
    withdraw_copy(copy=mug_b.current, reason="Reads badly", actor=max_)
    for shopper in SHOPPERS:
        assert get(storefront, customer=shopper)["variant"] in {"", mug_c.variant}
    decided(bandit, mug_b, "b", ago=3 * HOUR, clicked_after=HOUR)
    assert settle_bandit(bandit_id=bandit.pk) == (0, 1, 0)
    assert set(known_of(bandit)) == {"main", mug_c.variant}
    assert AuditEntry.objects.filter(verb="follow_wordings").exists()
    serve(mug_b)
    settle_bandit(bandit_id=bandit.pk)
    assert known_of(bandit)["b"] == [0.0, 0.0]


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
    told = decided(running, mug_b, "b", ago=4 * HOUR, clicked_after=HOUR)
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
        shown = decided(running, text, arm, ago=(3 + number / 60) * HOUR, clicked_after=liked)
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


def test_it_comes_to_show_what_earns_more(
    bandit: CopyBandit, mug: Publication, mug_b: Publication
) -> None:
    random = np.random.default_rng(3)
    for number in range(120):
        text, arm, rate = ((mug, "main", 0.1), (mug_b, "b", 0.5))[number % 2]
        clicked = 0.1 * HOUR if random.random() < rate else None
        decided(bandit, text, arm, ago=(3 + number / 60) * HOUR, clicked_after=clicked)
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
