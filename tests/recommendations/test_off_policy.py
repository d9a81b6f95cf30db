"""What the decision log says of a version: against the truth, and where it refuses to say."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.behaviour.models import Event, Source
from guidance.catalog.models import Product
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.recommendations.offpolicy import candidate as candidates
from guidance.recommendations.offpolicy import log as logs
from guidance.recommendations.offpolicy.estimate import estimate
from guidance.recommendations.rankers import open_version
from guidance.recommendations.selectors import Shopper, history_before
from guidance.recommendations.services import Asked, answer_shopper, recommend, save_surface
from guidance.recommendations.state import state
from guidance.training.models import ModelVersion
from guidance.training.rewards import Reward
from guidance.training.services import request_estimate
from tests import factories
from tests.recommendations.shown import buy, rate, show
from tests.trained import taste_of

pytestmark = pytest.mark.django_db


def _found(version: ModelVersion) -> dict[str, Any]:
    return estimate(version, lambda fraction: None)["surfaces"][0]


def _by_name(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["estimator"]: one for one in found["evaluation"]["estimates"]}


def _true_value(version: ModelVersion, surface: Surface, draws: int) -> float:
    """Draw the version's own first place for every logged list and return the mean rate."""
    state.refresh()
    opened = open_version(version, state.index)
    random, rates = np.random.default_rng(9), []
    for one in Decision.objects.filter(surface=surface.key).select_related("customer"):
        history = history_before(
            customer_id=one.customer_id, index=state.index, at=one.at, decision=one.pk
        )
        shopper = Shopper(unit=one.customer.ref, customer_id=one.customer_id, history=history)
        for _draw in range(draws):
            seed = int(random.integers(2**32))
            asked = Asked([surface], at=one.at, customer=shopper.unit, limit=1, seed=seed)
            (answer,) = answer_shopper(asked, shopper, rules=state.rules, version=opened)
            rates.append(rate(shopper.unit, answer.items[0]["sku"]))
    return float(np.mean(rates))


def test_the_estimates_find_what_the_version_would_earn(
    new_version: Callable[..., ModelVersion], shoppers: list[Customer], explored: Surface
) -> None:
    explored.limit, explored.exploration = 1, 0.8
    explored.save()
    show(explored, shoppers, times=20)
    version = new_version(status="candidate")
    found = _found(version)
    assert found["read"] == found["used"] == 24 * 20
    truth = _true_value(version, explored, draws=2)
    evaluation, estimates = found["evaluation"], _by_name(found)
    for name in ("ips", "snips", "doubly_robust"):
        one = estimates[name]
        # The truth is itself a mean over a thousand draws, good to some 1.5 points.
        assert one["low"] - 0.03 <= truth <= one["high"] + 0.03, (name, one, truth)
    assert evaluation["mean_weight"] == pytest.approx(1.0, abs=0.3)
    assert abs(estimates["doubly_robust"]["value"] - truth) < 0.1
    assert truth - evaluation["logged_mean"] > 0.05, "it is another policy"


def test_the_version_that_made_the_log_gains_nothing(
    version: ModelVersion, shoppers: list[Customer], explored: Surface
) -> None:
    at = timezone.now() - timedelta(hours=1)
    for number in range(4):
        for person in shoppers:
            recommend(Asked([explored], at=at + timedelta(minutes=number), customer=person.ref))
    for decision in Decision.objects.all():
        when = decision.at + timedelta(seconds=1)
        event = {"customer": decision.customer, "decision": decision.pk, "occurred_at": when}
        Event.objects.create(kind="impression", **event)
        Event.objects.create(kind="click", position=2, **event)
    evaluation = _found(version)["evaluation"]
    assert evaluation["decisions"] == 4 * 24 * 3
    for one in evaluation["estimates"]:
        if one["estimator"] in {"ips", "clipped_ips", "snips"}:
            assert one["largest_weight"] == pytest.approx(1.0)
            assert one["gain"] == pytest.approx(0.0, abs=1e-9)


def test_a_log_without_chance_is_refused_in_words(
    version: ModelVersion,
    shoppers: list[Customer],
    home: Surface,
    desk: Callable[..., Client],
) -> None:
    show(home, shoppers[:4], times=2)
    job = request_estimate(version=version, requested_by=None)
    assert run_job(job.pk) == Job.Status.SUCCEEDED
    version.refresh_from_db()
    (found,) = version.off_policy["click"]["surfaces"]
    assert (found["refusal"], found["evaluation"]) == ("nothing_drawn", None)
    url = reverse("admin:training_modelversion_change", args=[version.pk])
    page = desk(Role.ANALYST).get(url).content.decode()
    assert "the log holds only what the current policy shows" in page
    assert "Effective sample" not in page


def test_too_little_for_a_verdict_shows_the_figures_and_says_so(
    version: ModelVersion,
    shoppers: list[Customer],
    sold: None,
    explored: Surface,
    desk: Callable[..., Client],
) -> None:
    show(explored, shoppers, times=2)
    assert run_job(request_estimate(version=version, requested_by=None).pk) == Job.Status.SUCCEEDED
    client = desk(Role.ANALYST)
    for name in ("change", "promote"):
        page = client.get(reverse(f"admin:training_modelversion_{name}", args=[version.pk]))
        text = page.content.decode()
        assert "No verdict: the log cannot carry one." in text
        assert "shoppers to this version; a verdict needs 100." in text
        assert "Effective sample" in text
        assert "48 of them could be used" in text
        assert "The logged probabilities are those" in text


def test_lists_that_cannot_be_used_are_counted_by_why(
    version: ModelVersion, shoppers: list[Customer], sold: None, explored: Surface
) -> None:
    show(explored, shoppers[:3], times=1)
    at = timezone.now() - timedelta(minutes=30)
    recommend(Asked([explored], at=at, customer=shoppers[0].ref, viewed=("P03",)))
    recommend(Asked([explored], at=at, customer=shoppers[1].ref))
    stranger = factories.customer()
    recommend(Asked([explored], at=at, customer=stranger.ref))
    Event.objects.create(
        kind="impression",
        customer=stranger,
        decision=Decision.objects.get(customer=stranger).pk,
        occurred_at=at,
    )
    recommend(Asked([explored], at=at, customer=shoppers[2].ref, source=Source.REPLAY))
    found = _found(version)
    assert found["read"] == 6
    assert found["used"] == 3
    assert found["left_out"] == {"told": 1, "unseen": 1, "no_history": 1}


def test_a_surface_above_in_the_same_answer_keeps_its_families(
    version: ModelVersion, shoppers: list[Customer], explored: Surface
) -> None:
    other = Surface.objects.create(key="a-top", name="Top", limit=3, deadline_ms=5_000)
    at = timezone.now() - timedelta(minutes=30)
    recommend(Asked([other, explored], at=at, customer=shoppers[0].ref))
    Event.objects.create(
        kind="impression",
        customer=shoppers[0],
        decision=Decision.objects.get(surface="home").pk,
        occurred_at=at,
    )
    state.refresh()
    (logged,) = logs.read_log(explored).lists(state.index)
    top = Decision.objects.get(surface="a-top")
    assert logged.used == {state.index.family_of(item["sku"]) for item in top.items}
    rules, ever = candidates.with_what_was_shown(state.rules, set(logged.skus))
    one = candidates.Candidate(explored, open_version(version, state.index), rules, ever)
    for place in one.places(logged):
        assert place.chance == pytest.approx(place.logged)


def test_products_that_could_not_have_been_drawn_at_a_place_are_found_and_refused(
    new_version: Callable[..., ModelVersion],
    shoppers: list[Customer],
    explored: Surface,
    desk: Callable[..., Client],
) -> None:
    """A taste was blocked for half of the log: it was drawn in the other, and so was "seen"."""
    explored.limit, explored.exploration = 1, 0.8
    explored.save()
    blocked = [
        factories.rule(kind="block", product=Product.objects.get(sku=sku)) for sku in taste_of(0)
    ]
    show(explored, shoppers, times=2)
    closed = set(Decision.objects.values_list("pk", flat=True))
    for one in blocked:
        one.delete()
    show(explored, shoppers, times=2)
    version = new_version(status="candidate")
    found = _found(version)
    evaluation, support = found["evaluation"], found["support"]
    share = evaluation["unsupported_share"]
    assert {one["sku"] for one in support["products"]} <= set(taste_of(0))
    assert len(support["products"]) == 5
    assert support["places"] == [{"place": 1, "count": 4 * 24, "share": pytest.approx(share)}]
    assert share > 0.05
    assert 0 < support["above"] <= 0.5
    (doubt,) = [one for one in evaluation["refusals"] if one["doubt"] == "no_support"]
    assert (doubt["found"], doubt["needed"]) == (share, 0.05)
    assert run_job(request_estimate(version=version, requested_by=None).pk) == Job.Status.SUCCEEDED
    url = reverse("admin:training_modelversion_change", args=[version.pk])
    page = desk(Role.ANALYST).get(url).content.decode()
    assert "of what this version would show could not have been drawn" in page
    assert f"Most of it are these products: {support['products'][0]['sku']}" in page
    assert "Give the surface more exploration" in page
    Decision.objects.filter(pk__in=closed).delete()
    assert _found(version)["evaluation"]["unsupported_share"] == 0


def test_lists_that_do_not_say_what_could_be_drawn_are_left_out(
    version: ModelVersion, shoppers: list[Customer], sold: None, explored: Surface
) -> None:
    show(explored, shoppers[:3], times=1)
    told = Decision.objects.first()
    told.context = {"limit": 3}
    told.save()
    found = _found(version)
    assert (found["used"], found["left_out"]) == (2, {"not_told": 1})


def test_each_purchase_counts_once_for_the_last_list_that_showed_its_product(
    version: ModelVersion, shoppers: list[Customer], sold: None, explored: Surface
) -> None:
    ann, at = shoppers[0], timezone.now() - timedelta(days=6)
    explored.limit = 20
    explored.save()
    for hours in (0, 2, 4):
        recommend(Asked([explored], at=at + timedelta(hours=hours), customer=ann.ref))
    first, second, _unseen = Decision.objects.order_by("at")
    for one in (first, second):
        Event.objects.create(kind="impression", customer=ann, decision=one.pk, occurred_at=one.at)
    skus = [item["sku"] for item in first.items]
    common = next(item["sku"] for item in second.items if item["sku"] in skus)
    buy(ann, common, at + timedelta(hours=5), source="import")
    buy(ann, common, at + timedelta(hours=27))
    buy(ann, common, at - timedelta(hours=1))
    buy(ann, skus[1], at + timedelta(hours=1), currency="XTS")
    state.refresh()
    rows = {}
    for reward in ("purchase", "revenue"):
        log = logs.read_log(explored, Reward(reward))
        rows[reward] = {one.decision: one for one in log.lists(state.index)}
        assert rows[reward].keys() == {first.pk, second.pk}
    old, new = rows["revenue"][first.pk], rows["revenue"][second.pk]
    assert new.rewards[list(new.skus).index(common)] == 19.0
    assert sum(new.rewards) == 19.0
    assert sum(old.rewards) == 0.0, "the later list has it, and another currency is not ours"
    assert sum(rows["purchase"][second.pk].rewards) == 1.0
    bought = rows["purchase"][first.pk]
    assert bought.rewards[1] == 1.0
    assert sum(bought.rewards) == 1.0


def test_purchases_that_may_still_come_keep_a_list_out(
    version: ModelVersion, shoppers: list[Customer], sold: None, explored: Surface
) -> None:
    show(explored, shoppers[:3], times=1)
    found = estimate(version, lambda fraction: None, Reward.PURCHASE)["surfaces"][0]
    assert (found["used"], found["left_out"]) == (0, {"open": 3})


def test_satisfaction_is_of_those_who_rated(
    version: ModelVersion, shoppers: list[Customer], sold: None, explored: Surface
) -> None:
    show(explored, shoppers[:3], times=1)
    first, second, _third = Decision.objects.order_by("pk")
    for one, given in ((first, {"rating": 4}), (second, {"rating": 2, "position": 2})):
        Event.objects.create(
            kind="rating", customer=one.customer, decision=one.pk, occurred_at=one.at, **given
        )
    state.refresh()
    log = logs.read_log(explored, Reward.RATING)
    rewards = {one.decision: list(one.rewards) for one in log.lists(state.index)}
    assert rewards == {first.pk: [4.0, 4.0, 4.0], second.pk: [None, 2.0, None]}
    assert log.left_out == {"unrated": 1}
    found = estimate(version, lambda fraction: None, Reward.RATING)["surfaces"][0]
    assert found["evaluation"]["decisions"] == 4
    assert found["evaluation"]["logged_mean"] == pytest.approx(3.5)


def test_what_a_surface_s_bandit_would_fill_is_in_the_estimate(
    version: ModelVersion, shoppers: list[Customer], explored: Surface
) -> None:
    explored.slots_by = "beta_thompson"
    save_surface(surface=explored, changed=["slots_by"], actor=None)
    at = timezone.now() - timedelta(hours=1)
    for person in shoppers[:6]:
        recommend(Asked([explored], at=at, customer=person.ref))
    for one in Decision.objects.all():
        event = {"customer": one.customer, "decision": one.pk, "occurred_at": one.at}
        Event.objects.create(kind="impression", **event)
        Event.objects.create(kind="click", position=1, **event)
    evaluation = _found(version)["evaluation"]
    assert evaluation["unsupported_share"] == 0
    for one in evaluation["estimates"]:
        if one["estimator"] == "ips":
            assert one["largest_weight"] == pytest.approx(1.0)
