"""Conditions: the published cases, what a person may write, and what is known of a shopper."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.core.models import Market
from guidance.customers.models import Customer
from guidance.experiments.assignment import in_namespace
from guidance.experiments.services import assign
from guidance.experiments.targeting.attributes import attributes_of
from guidance.experiments.targeting.check import check_conditions
from guidance.experiments.targeting.conditions import matches
from tests.experiments.conftest import start


@pytest.fixture(scope="session")
def cases(shared_data: Path) -> dict[str, Any]:
    return json.loads((shared_data / "experiments" / "assignment_cases.json").read_text())


def test_published_conditions(cases: dict[str, Any]) -> None:
    assert len(cases["evalCondition"]) == 248
    for name, conditions, attributes, expected, *groups in cases["evalCondition"]:
        assert matches(conditions, attributes, *groups) == expected, name


def test_published_namespaces(cases: dict[str, Any]) -> None:
    assert len(cases["inNamespace"]) == 16
    for name, unit, (namespace, low, high), expected in cases["inNamespace"]:
        got = in_namespace(unit=unit, namespace=namespace, start=low, end=high)
        assert got == expected, name


@pytest.mark.parametrize(
    ("conditions", "attributes", "expected"),
    [
        ({"n": 0}, {}, True),  # Number(null) is 0
        ({"n": 10}, {"n": " 10 "}, True),
        ({"n": 10}, {"n": "ten"}, False),
        ({"n": {"$gt": 5}}, {"n": "9 lives"}, False),
        ({"n": {"$gt": 5}}, {"n": [9]}, False),
        ({"s": "1"}, {"s": 1}, True),
        ({"s": "1"}, {"s": 1.0}, True),
        ({"s": "true"}, {"s": True}, True),
        ({"b": {"$eq": True}}, {"b": 1}, False),
        ({"b": False}, {"b": ""}, True),
        ({"x": {"$eq": [1]}}, {"x": [1]}, False),  # two lists are never the same one
        # By UTF-16 code unit an emoji stands before the private letter.
        ({"w": {"$lt": "\ufb01"}}, {"w": "\U0001f375"}, True),
    ],
)
def test_values_compare_as_in_javascript(
    conditions: dict[str, Any], attributes: dict[str, Any], expected: bool
) -> None:
    assert matches(conditions, attributes) == expected


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ([], "must be an object"),
        ({"age": 3}, "age: no such attribute; there are id, tier"),
        ({"$xor": []}, "$xor: no operator combines"),
        ({"$or": []}, "$or: must be a list"),
        ({"$or": [{"tier": "gold"}, {"tier": 3}]}, "$or[1].tier: must be a text"),
        ({"$not": {"tier": {"$in": "gold"}}}, "$not.tier.$in: must be a list"),
        ({"tier": {"$in": ["gold", 3]}}, "tier.$in[1]: must be a text"),
        ({"tier": {"$regx": "g"}}, "tier.$regx: no such operator"),
        ({"tier": {"$regex": "["}}, "tier.$regex: the pattern does not compile"),
        ({"tier": {"$regex": "(a+)+$"}}, "tier.$regex: a repeat within a repeat"),
        ({"tier": {"$regex": "^((a+))+$"}}, "tier.$regex: a repeat within a repeat"),
        ({"tier": {"$regex": "^(a|a)*$"}}, "tier.$regex: a repeat within a repeat"),
        ({"tier": {"$regex": "a" * 101}}, "tier.$regex: is longer than 100"),
        ({"tier": {"name": "gold"}}, "tier: must be a value or operators"),
        ({"is_new": "yes"}, "is_new: must be true or false"),
        ({"tier": {"$exists": 1}}, "tier.$exists: must be true or false"),
        ({"tier": {"$type": "text"}}, "tier.$type: must be one of"),
        ({"tier": {"$inGroup": "vip"}}, "tier.$inGroup: shoppers have no attribute"),
        ({"tier": {"$not": {"$gt": 3}}}, "tier.$not.$gt: must be a text"),
    ],
)
def test_every_mistake_is_named_with_its_place(conditions: Any, said: str) -> None:
    [problem] = check_conditions(conditions)
    assert problem.startswith(said)


def test_what_the_scheme_allows_has_no_mistake() -> None:
    conditions = {
        "tier": {"$in": ["gold", "silver"]},
        "$or": [{"language": "zh-hans"}, {"country": {"$regexi": "^(cn|hk)$"}}],
        "$not": {"anonymous": True},
        "is_new": {"$ne": True},
        "market": {"$exists": True},
        "id": {"$not": {"$regex": "^test-"}},
    }
    assert list(check_conditions(conditions)) == []


def test_what_is_known_of_a_shopper(db: None) -> None:
    Market.objects.create(key="cn", name="China", language="zh-hans", time_zone="Asia/Shanghai")
    Market.objects.create(key="uk", name="Britain", language="en", time_zone="Europe/London")
    long_ago = timezone.now() - timedelta(days=31)
    Customer.objects.create(
        ref="old", tier="gold", language="en", time_zone="Asia/Shanghai", joined_at=long_ago
    )
    assert attributes_of("old") == {
        "id": "old",
        "tier": "gold",
        "language": "en",
        "market": "cn",
        "anonymous": False,
        "is_new": False,
    }
    assert attributes_of("never met") == {"id": "never met", "anonymous": True, "is_new": True}


def test_only_whom_the_conditions_meet_takes_part(db: None, django_assert_num_queries: Any) -> None:
    start(targeting={"tier": {"$in": ["gold"]}, "is_new": False})
    long_ago = timezone.now() - timedelta(days=99)
    for ref, tier in (("in", "gold"), ("out", "silver")):
        Customer.objects.create(ref=ref, tier=tier, joined_at=long_ago)
    with django_assert_num_queries(3):
        assert assign(surface="home", unit="in", source=Source.LIVE) is not None
    for unit in ("out", "never met"):
        assert assign(surface="home", unit=unit, source=Source.LIVE) is None
    known = {"tier": "gold", "is_new": False}
    told = assign(surface="home", unit="out", source=Source.LIVE, attributes=known)
    assert told is not None
