"""The arm of a unit: published cases, and what our experiments promise."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from guidance.behaviour.models import Source
from guidance.experiments.assignment import (
    bucket_of,
    bucket_ranges,
    choose_variation,
    equal_weights,
    fnv1a_32,
)
from guidance.experiments.models import Experiment, Holdout
from guidance.experiments.services import HELD_OUT, assign, end_holdout, start_holdout
from tests import factories
from tests.experiments.conftest import draft, start


@pytest.fixture(scope="session")
def cases(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "experiments" / "assignment_cases.json").read_text())


def test_published_hash_cases(cases: dict[str, Any]) -> None:
    for seed, value, version, expected in cases["hash"]:
        assert bucket_of(seed=seed, unit=value, version=version) == expected, (seed, value)


def test_published_bucket_ranges(cases: dict[str, Any]) -> None:
    for name, (count, coverage, weights), expected in cases["getBucketRange"]:
        got = bucket_ranges(count, coverage=coverage, weights=weights)
        assert got == [pytest.approx(tuple(pair)) for pair in expected], name


def test_published_choices(cases: dict[str, Any]) -> None:
    for name, bucket, ranges, expected in cases["chooseVariation"]:
        got = choose_variation(bucket, [tuple(pair) for pair in ranges])
        assert got == (None if expected == -1 else expected), name


def test_published_equal_weights(cases: dict[str, Any]) -> None:
    for count, expected in cases["getEqualWeights"]:
        assert equal_weights(count) == [pytest.approx(weight) for weight in expected]


def test_hash_is_of_utf16_code_units_as_javascript_sees_them() -> None:
    assert fnv1a_32("") == 0x811C9DC5
    assert fnv1a_32("a") == 0xE40C292C  # the reference value of the algorithm's authors
    # One astral character is two code units; a lone surrogate is one and raises nothing.
    assert fnv1a_32("\U0001f375") == fnv1a_32("\ud83c\udf75")
    assert fnv1a_32("茶") == ((0x811C9DC5 ^ 0x8336) * 0x01000193) % 2**32


@pytest.fixture
def split(db: None) -> Experiment:
    return start(key="home-model")


def test_assignment_is_sticky_and_close_to_its_shares(split: Experiment) -> None:
    units = [f"shopper-{number}" for number in range(400)]
    first = [assign(surface="home", unit=unit, source=Source.LIVE) for unit in units]
    again = [assign(surface="home", unit=unit, source=Source.LIVE) for unit in reversed(units)]
    assert first == again[::-1]
    shares = Counter(assignment.arm for assignment in first if assignment)
    assert shares.total() == 400
    assert 160 <= shares["model"] <= 240
    chosen = {a.arm: a.policy for a in first if a}
    assert chosen == {"baseline": "best_baseline", "model": "model"}


def test_assignment_is_salted_by_the_experiment(split: Experiment) -> None:
    units = [f"shopper-{number}" for number in range(200)]
    before = [assign(surface="home", unit=unit, source=Source.LIVE).arm for unit in units]
    Experiment.objects.filter(pk=split.pk).update(key="another")
    after = [assign(surface="home", unit=unit, source=Source.LIVE).arm for unit in units]
    moved = sum(a != b for a, b in zip(before, after, strict=True))
    assert 60 <= moved <= 140


def test_nobody_is_assigned_without_a_unit_an_experiment_or_a_share(split: Experiment) -> None:
    assert assign(surface="home", unit="", source=Source.LIVE) is None
    assert assign(surface="cart", unit="a", source=Source.LIVE) is None
    assert assign(surface="home", unit="a", source=Source.REPLAY) is None
    split.arms.update(weight=Decimal("0.4999"))
    bucket = {unit: bucket_of(seed=split.key, unit=unit) for unit in map(str, range(20_000))}
    outside = next(unit for unit, place in bucket.items() if place >= 0.9998)
    assert assign(surface="home", unit=outside, source=Source.LIVE) is None
    Experiment.objects.update(status=Experiment.Status.STOPPED)
    assert assign(surface="home", unit="a", source=Source.LIVE) is None


def _arms(units: list[str], surface: str = "home", **more: str) -> list[tuple[str, str] | None]:
    found = [assign(surface=surface, unit=u, source=Source.LIVE, **more) for u in units]
    return [one and (one.experiment, one.arm) for one in found]


UNITS = [f"u{number}" for number in range(600)]


def test_more_coverage_moves_nobody_to_another_arm(db: None) -> None:
    experiment = start(coverage=Decimal("0.3"))
    before = dict(zip(UNITS, _arms(UNITS), strict=True))
    held = {unit: arm for unit, arm in before.items() if arm}
    assert 120 <= len(held) <= 240
    Experiment.objects.filter(pk=experiment.pk).update(coverage=Decimal("0.6"))
    after = dict(zip(UNITS, _arms(UNITS), strict=True))
    assert held.items() <= after.items()
    assert 300 <= sum(arm is not None for arm in after.values()) <= 420


def test_a_seed_version_and_order_of_another_client_keep_its_buckets(db: None) -> None:
    """Variation 0 of the published scheme is the arm of position 0, whatever arms are called."""
    experiment = start(seed="their-seed", hash_version=1)
    experiment.arms.filter(key="baseline").update(position=1)
    for unit in UNITS[:100]:
        bucket = bucket_of(seed="their-seed", unit=unit, version=1)
        theirs = choose_variation(bucket, bucket_ranges(2))
        arm = assign(surface="home", unit=unit, source=Source.LIVE).arm
        assert arm == ["model", "baseline"][theirs]


def test_experiments_of_one_namespace_share_no_shopper_on_any_surface(db: None) -> None:
    shared = {"namespace": "pages"}
    start(key="one", namespace_to=Decimal("0.4"), **shared)
    start(key="two", namespace_from=Decimal("0.4"), namespace_to=Decimal("0.7"), **shared)
    start(key="cart", surface="cart", namespace_from=Decimal("0.7"), **shared)
    home, cart = _arms(UNITS), _arms(UNITS, "cart")
    assert {arm[0] for arm in home if arm} == {"one", "two"}
    assert {arm[0] for arm in cart if arm} == {"cart"}
    assert not any(a and b for a, b in zip(home, cart, strict=True))
    assert 160 <= sum(arm is not None and arm[0] == "one" for arm in home) <= 320


def test_a_subject_has_its_own_experiment_and_a_whole_surface_holds_for_every_subject(
    db: None,
) -> None:
    arms = {"main": "main", "b": "b"}
    factories.running_experiment(key="mug", surface="copy", subject="mug", arms=arms)
    start(key="cart", surface="cart")
    assert {arm[0] for arm in _arms(UNITS[:20], "copy", subject="mug") if arm} == {"mug"}
    assert set(_arms(UNITS[:20], "copy", subject="bowl")) == {None}
    assert set(_arms(UNITS[:20], "copy")) == {None}
    assert {arm[0] for arm in _arms(UNITS[:20], "cart", subject="x") if arm} == {"cart"}


def test_a_holdout_holds_on_every_surface_before_any_experiment(split: Experiment) -> None:
    start_holdout(holdout=Holdout(key="held", share=Decimal("0.2")), actor=None)
    held = {}
    for surface in ("home", "cart", "no surface at all"):
        arms = dict(zip(UNITS, _arms(UNITS, surface), strict=True))
        held[surface] = {unit for unit, arm in arms.items() if arm == ("held", HELD_OUT)}
    assert held["home"] == held["cart"] == held["no surface at all"]
    assert 80 <= len(held["home"]) <= 160
    one = assign(surface="home", unit=min(held["home"]), source=Source.LIVE)
    assert (one.is_held_out, one.policy) == (True, "")
    assert {arm[0] for arm in _arms(UNITS) if arm} == {"held", "home-model"}
    replayed = assign(surface="cart", unit=min(held["home"]), source=Source.REPLAY)
    assert replayed is None
    end_holdout(holdout=Holdout.objects.get(), actor=None)
    assert {arm[0] for arm in _arms(UNITS) if arm} == {"home-model"}


def test_one_holdout_runs_at_a_time_and_shares_no_key(split: Experiment) -> None:
    start_holdout(holdout=Holdout(key="held", share=Decimal("0.2")), actor=None)
    with pytest.raises(ValidationError, match="Another holdout runs"):
        start_holdout(holdout=Holdout(key="again", share=Decimal("0.2")), actor=None)
    end_holdout(holdout=Holdout.objects.get(), actor=None)
    with pytest.raises(ValidationError, match="ended already"):
        end_holdout(holdout=Holdout.objects.get(), actor=None)
    with pytest.raises(ValidationError, match="An experiment has this key"):
        start_holdout(holdout=Holdout(key=split.key, share=Decimal("0.2")), actor=None)
    with pytest.raises(ValidationError, match="A holdout has this key"):
        draft(key="held")


@pytest.mark.parametrize(
    ("seed", "unit", "bucket"),
    [
        ("home", "用户1", 0.2051),
        ("home", "Zoë", 0.8605),
        ("首页", "用户1", 0.8301),
        ("home", "🍵", 0.9104),
        ("home", "e\u0301", 0.6262),
    ],
)
def test_ids_that_are_not_ascii_fall_where_javascript_clients_put_them(
    seed: str, unit: str, bucket: float
) -> None:
    """Expected by JavaScript itself, over `charCodeAt`; UTF-8 bytes fall elsewhere."""
    assert bucket_of(seed=seed, unit=unit) == bucket
    assert bucket != _of_utf8_bytes(seed + unit)


def _of_utf8_bytes(text: str) -> float:
    def fnv(data: bytes) -> int:
        value = 0x811C9DC5
        for byte in data:
            value = (value ^ byte) * 0x01000193 % 2**32
        return value

    return fnv(str(fnv(text.encode())).encode()) % 10_000 / 10_000


def test_assignment_asks_the_database_once(
    split: Experiment, django_assert_num_queries: Any
) -> None:
    Holdout.objects.create(key="held", share="0.5")
    with django_assert_num_queries(1):
        assign(surface="home", unit="a", source=Source.LIVE)
