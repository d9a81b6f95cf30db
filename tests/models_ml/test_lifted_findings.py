"""A fact that says the words lifts a finding; one that denies them does not."""

import pytest

from models_ml.writer.checks import WARN, check
from models_ml.writer.facts import Fact

FACTS = [Fact("material", "oak", language="en"), Fact("材质", "橡木", language="zh-hans")]


def marks(text: str, language: str = "en", *, facts: list[Fact]) -> list[tuple[str, str, str]]:
    """Check, severity and the marked words, without length."""
    found = check(text, facts=facts, title="Desk Lamp", language=language, kind="description")
    return [
        (one.check, one.severity, text[one.start : one.end])
        for one in found
        if one.check != "length"
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("biodegradable", "no"),
        ("Biodegradable", "None"),
        ("biodegradable", "not yet"),
        ("biodegradable", "no, but recyclable"),
        ("biodegradable", "unknown"),
        ("note", "not biodegradable"),
        ("note", "non-biodegradable film"),
        ("note", "biodegradable: no"),
        ("not suitable as", "biodegradable bag"),
    ],
)
def test_a_fact_that_denies_it_lifts_no_finding(key: str, value: str) -> None:
    facts = [*FACTS, Fact(key, value, language="en")]
    expected = ("banned", WARN, "biodegradable")
    assert expected in marks("This lamp is biodegradable.", facts=facts)
    certified = [*facts, Fact("certificate", "biodegradable", language="en")]
    assert expected in marks("This lamp is biodegradable.", facts=certified)


@pytest.mark.parametrize(
    ("key", "value"), [("可降解", "否"), ("说明", "不可降解"), ("可降解", "无")]
)
def test_a_chinese_fact_that_denies_it_lifts_no_finding(key: str, value: str) -> None:
    facts = [*FACTS, Fact(key, value, language="zh-hans")]
    assert ("banned", WARN, "可降解") in marks("这款台灯可降解。", "zh-hans", facts=facts)


@pytest.mark.parametrize(
    ("key", "value"),
    [("biodegradable", "yes"), ("material", "biodegradable film"), ("biodegradable", "EN 13432")],
)
def test_a_fact_that_affirms_it_lifts_the_finding(key: str, value: str) -> None:
    facts = [*FACTS, Fact(key, value, language="en")]
    assert marks("This lamp is biodegradable.", facts=facts) == []


@pytest.mark.parametrize(
    "value", ["non-slip grip, biodegradable", "not only biodegradable", "no-iron, biodegradable"]
)
def test_what_only_looks_like_a_denial_lifts_it(value: str) -> None:
    facts = [*FACTS, Fact("note", value, language="en")]
    assert marks("This lamp is biodegradable.", facts=facts) == []


@pytest.mark.parametrize("value", ["不锈钢", "无线", "非洲原木", "待机七天"])
def test_a_chinese_value_that_only_looks_like_a_denial_lifts_it(value: str) -> None:
    facts = [*FACTS, Fact("可降解材质", value, language="zh-hans")]
    assert marks("这款台灯可降解。", "zh-hans", facts=facts) == []
