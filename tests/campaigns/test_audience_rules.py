"""Rules of audiences: whom each field means, and what is refused with its place."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.segments import SEGMENTS, buyers, segment_of
from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.campaigns.audiences.language import MOST_CONDITIONS, MOST_DEPTH, Problem, read
from guidance.campaigns.models import CustomerScore
from guidance.campaigns.selectors.audience_names import read_rules, users_of
from guidance.campaigns.selectors.audiences import members, walk
from guidance.customers.models import Customer
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
Rules = dict[str, Any]


def _one(field: str, operator: str, value: Any) -> Rules:
    return {"field": field, "operator": operator, "value": value}


def _did(kind: str, times: int = 1, days: int = 30, operator: str = "did", **rest: str) -> Rules:
    return _one("event", operator, {"kind": kind, "times": times, "days": days, **rest})


def _who(rules: Rules) -> set[str]:
    found = members(factories.audience(rules=rules), at=NOW)
    return set(found.values_list("ref", flat=True))


def _ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def market(db: None) -> None:
    factories.market(currency="USD", is_default=True)


@pytest.fixture
def people() -> dict[str, Customer]:
    tea = factories.product(sku="tea", category=factories.category(path="Food > Tea"))
    mug = factories.product(sku="mug", category=factories.category(path="Kitchen"))
    factories.category(path="Food")
    buyer = factories.customer(
        ref="buyer", tier="gold", country="DE", language="en", joined_at=_ago(100)
    )
    leaver = factories.customer(
        ref="leaver", tier="silver", country="CN", language="zh-hans", joined_at=_ago(5)
    )
    factories.customer(ref="stranger", tier="", is_anonymous=True)
    merged = factories.customer(ref="merged", merged_into=buyer)
    did = factories.event

    def event(kind: str, who: Customer, product: Any, days: float, **given: Any) -> None:
        did(kind=kind, customer=who, product=product, occurred_at=_ago(days), **given)

    price = {"price": "10.00", "currency": "USD"}
    event("cart", buyer, tea, 10)
    event("purchase", buyer, tea, 9.5, basket="1", quantity=3, **price)
    event("purchase", buyer, mug, 9.5, basket="1", **price)
    event("purchase", buyer, tea, 40, basket="0", **price)
    event("return", buyer, mug, 1.9, **price)
    event("cart", leaver, mug, 3)
    event("view", leaver, mug, 3.1)
    event("view", leaver, mug, 3.2)
    event("unsubscribe", leaver, None, 0.5)
    event("purchase", leaver, mug, 1, source="replay", basket="9", **price)
    CustomerScore.objects.create(customer=buyer, kind="uplift", value=0.02)
    CustomerScore.objects.create(customer=leaver, kind="uplift", value=-0.01)
    CustomerScore.objects.create(customer=leaver, kind="propensity", value=0.7)
    return {"buyer": buyer, "leaver": leaver, "merged": merged}


BUYER, LEAVER, STRANGER = {"buyer"}, {"leaver"}, {"stranger"}
EVERYBODY = BUYER | LEAVER | STRANGER
MEANT: list[tuple[Rules, set[str]]] = [
    ({}, EVERYBODY),
    (_one("country", "in", ["DE", "FR"]), BUYER),
    (_one("country", "not_in", ["DE"]), LEAVER | STRANGER),
    (_one("country", "in", [""]), STRANGER),
    (_one("language", "in", ["zh-hans"]), LEAVER),
    (_one("time_zone", "in", [""]), EVERYBODY),
    (_one("tier", "in", ["gold", "silver"]), BUYER | LEAVER),
    (_one("joined", "at_least", 30), BUYER),
    (_one("joined", "at_most", 30), LEAVER),
    (_one("anonymous", "is", True), STRANGER),
    (_did("purchase"), BUYER),
    (_did("purchase", operator="did_not"), LEAVER | STRANGER),
    (_did("purchase", times=2), set()),  # two lines of one order are one purchase
    (_did("purchase", times=2, days=60), BUYER),
    (_did("purchase", times=2, days=60, operator="did_not"), LEAVER | STRANGER),
    (_did("view", times=2), LEAVER),
    (_did("view", times=3), set()),
    (_did("cart", product="mug"), LEAVER),
    (_did("cart", category="Food"), BUYER),
    (_did("cart", category="Food > Tea"), BUYER),
    (_did("cart", days=5), LEAVER),
    (_one("cart_left", "did", {"days": 7}), LEAVER),
    (_one("cart_left", "did", {"days": 2}), set()),
    (_one("cart_left", "did_not", {"days": 60}), BUYER | STRANGER),
    (_one("last_seen", "at_most", 2), BUYER),  # an unsubscription is no visit, nor a replay
    (_one("last_seen", "at_least", 3), LEAVER | STRANGER),
    (_one("spent", "at_least", {"amount": "30.00", "currency": "USD", "days": 30}), BUYER),
    (_one("spent", "at_least", {"amount": "30.01", "currency": "USD", "days": 30}), set()),
    (_one("spent", "at_least", {"amount": 40, "currency": "USD", "days": 60}), BUYER),
    (_one("spent", "less_than", {"amount": 30, "currency": "USD", "days": 30}), LEAVER | STRANGER),
    (_one("uplift", "at_least", 0.01), BUYER),
    (_one("uplift", "at_most", 0), LEAVER),
    (_one("propensity", "at_least", "0.7"), LEAVER),
    (_one("rfm", "not_in", {"segments": ["asleep"], "days": 90}), EVERYBODY),
    ({"not": _one("tier", "in", ["gold"])}, LEAVER | STRANGER),
    ({"not": _one("joined", "at_least", 30)}, LEAVER | STRANGER),
    ({"any": [_did("purchase"), _one("anonymous", "is", True)]}, BUYER | STRANGER),
    ({"all": [_did("cart"), _one("tier", "in", ["silver"])]}, LEAVER),
    ({"not": {"any": [_did("cart"), _did("view")]}}, STRANGER),
    ({"all": [{"any": [_did("cart"), _did("view")]}, {"not": _did("purchase")}]}, LEAVER),
]


@pytest.mark.parametrize(("rules", "meant"), MEANT, ids=[str(rules) for rules, _ in MEANT])
def test_rules_mean_these_shoppers(
    rules: Rules, meant: set[str], people: dict[str, Customer], market: Any
) -> None:
    assert _who(rules) == meant
    (walked,) = [*walk(factories.audience(rules=rules), at=NOW, batch=99)] or [np.empty(0)]
    assert set(Customer.objects.filter(pk__in=walked).values_list("ref", flat=True)) == meant


def test_segments_are_those_of_the_behaviour_analysis(people: dict[str, Customer]) -> None:
    mark_days(moments=Event.objects.values_list("occurred_at", "source"))
    advance_rollups()
    scope = Scope(Period(_ago(364).date(), NOW.date()))
    found = buyers(scope)
    (place,) = segment_of(found).tolist()
    for n, segment in enumerate(SEGMENTS):
        meant = BUYER if n == place else set()
        assert _who(_one("rfm", "in", {"segments": [segment.key], "days": 365})) == meant


def test_an_audience_may_name_others_of_both_kinds(people: dict[str, Customer]) -> None:
    factories.audience(key="listed", kind="list", members=[people["leaver"], people["merged"]])
    factories.audience(key="gold", rules=_one("tier", "in", ["gold"]))
    assert _who(_one("audience", "in", ["listed"])) == LEAVER
    assert _who(_one("audience", "in", ["listed", "gold"])) == LEAVER | BUYER
    assert _who(_one("audience", "not_in", ["listed", "gold"])) == STRANGER


def test_a_walk_gives_every_shopper_once_in_ascending_batches() -> None:
    made = [factories.customer(tier="gold").pk for _n in range(7)]
    factories.customer(tier="silver")
    batches = list(walk(factories.audience(rules=_one("tier", "in", ["gold"])), at=NOW, batch=3))
    assert [len(batch) for batch in batches] == [3, 3, 1]
    assert np.concatenate(batches).tolist() == made
    nobody = factories.audience(rules=_one("rfm", "in", {"segments": ["best"], "days": 9}))
    assert list(walk(nobody, at=NOW, batch=3)) == []


def _nested(depth: int) -> Rules:
    rules = _one("tier", "in", ["gold"])
    for _n in range(depth):
        rules = {"all": [rules]}
    return rules


WRONG: list[tuple[Any, str, str, str]] = [
    ([], "", "", "wrong_type"),
    ({"all": []}, "all", "", "empty"),
    ({"some": []}, "", "", "unknown_group"),
    ({"all": [], "any": []}, "", "", "unknown_group"),
    ({"all": [_one("shoe", "in", [])]}, "all[0]", "field", "unknown_field"),
    ({"all": [_one("tier", "is", [])]}, "all[0]", "operator", "unknown_operator"),
    ({"not": _one("tier", "in", "gold")}, "not", "value", "wrong_type"),
    (_one("tier", "in", []), "", "value", "missing"),
    (_one("tier", "in", [3]), "", "value", "wrong_type"),
    (_one("anonymous", "is", "yes"), "", "value", "wrong_type"),
    (_one("joined", "at_least", 1.5), "", "value", "wrong_type"),
    (_one("joined", "at_least", -1), "", "value", "out_of_range"),
    (_one("uplift", "at_least", 2), "", "value", "out_of_range"),
    (_one("uplift", "at_least", "NaN"), "", "value", "wrong_type"),
    (_one("spent", "at_least", {"amount": 9, "days": 3}), "", "value.currency", "missing"),
    (_one("cart_left", "did", 7), "", "value", "wrong_type"),
    (_one("cart_left", "did", {"days": 7, "hours": 1}), "", "value.hours", "unknown_key"),
    (_did("dance"), "", "value.kind", "unknown_value"),
    (_did("view", product="a", category="b"), "", "value.category", "conflict"),
    (
        {"any": [_one("rfm", "in", {"segments": ["gone"], "days": 9})]},
        "any[0]",
        "value.segments",
        "unknown_value",
    ),
    (_one("tier", "in", ["gold"]) | {"weight": 3}, "", "weight", "unknown_key"),
    (_nested(MOST_DEPTH), ".".join(["all[0]"] * MOST_DEPTH), "", "too_deep"),
    (
        {"all": [{"any": [_one("tier", "in", ["x"])] * 30}] * 2},
        "",
        "",
        "too_many",
    ),
    ({"all": [_one("tier", "in", ["x"])] * (MOST_CONDITIONS + 1)}, "all", "", "too_many"),
]


@pytest.mark.parametrize(("rules", "path", "field", "code"), WRONG)
def test_wrong_rules_are_refused_with_their_place(
    rules: Any, path: str, field: str, code: str
) -> None:
    (problem,) = read(rules)[1]
    assert (problem.path, problem.field, problem.code) == (path, field, code)


def test_every_mistake_is_told_at_once() -> None:
    problems = read({"all": [_one("shoe", "in", []), _one("tier", "in", []), {}]})[1]
    assert [problem.path for problem in problems] == ["all[0]", "all[1]", "all[2]"]


def _codes(rules: Rules, key: str = "") -> list[tuple[str, str, str]]:
    problems: list[Problem] = read_rules(rules, key=key)[1]
    return [(one.path, one.field, one.code) for one in problems]


NAMES: list[tuple[Rules, str, str]] = [
    (_did("view", product="gone"), "value.product", "unknown_product"),
    (_did("view", category="Gone"), "value.category", "unknown_category"),
    (
        _one("spent", "at_least", {"amount": 1, "currency": "XXX", "days": 9}),
        "value.currency",
        "unknown_currency",
    ),
    (_one("audience", "in", ["gone"]), "value", "deleted_audience"),
]


@pytest.mark.parametrize(("rules", "field", "code"), NAMES)
def test_what_the_shop_does_not_have_is_refused(rules: Rules, field: str, code: str) -> None:
    assert _codes({"any": [rules]}) == [("any[0]", field, code)]


def test_audiences_may_not_go_round_in_circles() -> None:
    factories.audience(key="b", name="B", rules=_one("audience", "in", ["c"]))
    factories.audience(key="c", name="C", rules=_one("audience", "not_in", ["a"]))
    assert _codes(_one("audience", "in", ["a"]), "a") == [("", "value", "cycle")]
    assert _codes(_one("audience", "in", ["b"]), "a") == [("", "value", "cycle")]
    factories.audience(key="a", name="A", rules={})
    assert _codes(_one("audience", "in", ["b"]), "d") == []


def test_audiences_may_not_lead_on_without_end() -> None:
    factories.audience(key="n0", rules=_one("tier", "in", ["gold"]))
    for n in range(1, 6):
        factories.audience(key=f"n{n}", rules=_one("audience", "in", [f"n{n - 1}"]))
    assert _codes(_one("audience", "in", ["n4"])) == []
    assert _codes(_one("audience", "in", ["n5"])) == [("", "value", "too_deep")]


def test_audiences_named_over_and_over_are_counted_as_often_as_they_are_named() -> None:
    factories.audience(key="n0", rules=_one("tier", "in", ["gold"]))
    for n in range(1, 3):
        ten = {"any": [_one("audience", "in", [f"n{n - 1}"])] * 10}
        factories.audience(key=f"n{n}", rules=ten)
    assert _codes(_one("audience", "in", ["n1"])) == []
    assert _codes(_one("audience", "in", ["n2"])) == [("", "", "too_many")]


def test_a_rule_whose_category_went_is_not_taken_for_everybody() -> None:
    told = factories.audience(name="Tea", rules=_did("view", category="Gone"))
    factories.audience(key="outer", rules=_one("audience", "in", [told.key]))
    with pytest.raises(ValidationError, match=r"Tea.*Gone"):
        members(told, at=NOW)
    assert _codes(_one("audience", "in", [told.key])) == [("", "value", "broken_audience")]


def test_who_uses_an_audience_is_told_by_name() -> None:
    used = factories.audience(key="used")
    factories.audience(name="Outer", rules={"not": _one("audience", "in", ["used"])})
    factories.campaign(titles={"en": "Spring"}, audience=used)
    assert users_of(used) == ["Spring", "Outer"]


def test_a_recheck_of_few_shoppers_reads_no_whole_table(
    people: dict[str, Customer], django_assert_num_queries: Callable[..., Any]
) -> None:
    told = factories.audience(rules={"all": [_did("cart"), _one("tier", "in", ["silver"])]})
    with django_assert_num_queries(1):
        found = members(told, at=NOW).filter(pk__in=[people["leaver"].pk])
        assert [one.ref for one in found] == ["leaver"]
    assert Event.objects.exists()
