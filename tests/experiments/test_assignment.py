"""The arm of a unit: published cases, and what our experiments promise."""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from guidance.behaviour.models import Source
from guidance.experiments.assignment import (
    bucket_of,
    bucket_ranges,
    choose_variation,
    equal_weights,
    fnv1a_32,
)
from guidance.experiments.models import Experiment
from guidance.experiments.services import assign
from tests.experiments.conftest import start


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


def test_assignment_asks_the_database_once(
    split: Experiment, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        assign(surface="home", unit="a", source=Source.LIVE)
