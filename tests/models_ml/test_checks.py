"""Checks over copy: what each finds, where, how bad, and what it leaves alone."""

import json
from collections import Counter
from pathlib import Path

import pytest

from models_ml.bench.writer import read_cases
from models_ml.writer.checks import BLOCK, WARN, Finding, check
from models_ml.writer.facts import Fact
from models_ml.writer.terms import Terms

TITLE = "Nordvik Fjord Desk Lamp"
FACTS = [
    Fact("brand", "Nordvik"),
    Fact("material", "oak", language="en"),
    Fact("材质", "橡木", language="zh-hans"),
    Fact("colour", "navy", language="en"),
    Fact("weight", "2.5", "kg"),
    Fact("pack count", "6"),
    Fact("price", "24.50", "GBP"),
]
BRANDS = ("Nordvik", "Acme", "Acme Home", "Next", "小米")


def run(text: str, language: str = "en", **options: object) -> list[Finding]:
    settings: dict[str, object] = {
        "facts": FACTS,
        "title": TITLE,
        "kind": "description",
        "brands": BRANDS,
    } | options
    return check(text, language=language, **settings)  # type: ignore[arg-type]


def marks(text: str, language: str = "en", **options: object) -> list[tuple[str, str, str]]:
    """Check, severity and the marked words, without length."""
    return [
        (finding.check, finding.severity, text[finding.start : finding.end])
        for finding in run(text, language, **options)
        if finding.check != "length"
    ]


CLEAN = (
    "This navy oak desk lamp by Nordvik weighs 2,500 g and comes in a pack of six for your home."
)
CLEAN_ZH = "来自Nordvik的这款台灯以橡木制成，重五斤，一套共6件，适合摆放在书桌上。"


@pytest.mark.parametrize(("text", "language"), [(CLEAN, "en"), (CLEAN_ZH, "zh-hans")])
def test_copy_that_keeps_to_the_facts_has_no_finding(text: str, language: str) -> None:
    assert run(text, language) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("weighs 25 kg", ("number", BLOCK, "25 kg")),
        ("weighs 2.5 g", ("unit_differs", BLOCK, "2.5 g")),
        ("weighs 2.5", ("unit_missing", WARN, "2.5")),
        ("lasts twelve hours", ("number", BLOCK, "twelve hours")),
        ("with three drawers", ("number", WARN, "three")),
        ("for A4 paper", ("number", WARN, "A4")),
        ("for £24.50", ("price", WARN, "£24.50")),
        ("of red oak", ("colour", BLOCK, "red")),
        ("of stainless steel", ("material", BLOCK, "stainless steel")),
        ("with a mint scent", ("colour", WARN, "mint")),
        ("made in Italy", ("origin", BLOCK, "Italy")),
        ("in Italian style", ("origin", WARN, "Italian")),
        ("better than Acme Home", ("brand", BLOCK, "Acme Home")),
        ("the best lamp", ("banned", BLOCK, "best")),
        ("perfect for reading", ("banned", WARN, "perfect")),
        ("eco-friendly wood", ("banned", WARN, "eco-friendly")),
        ("<b>oak</b> wood", ("markup", BLOCK, "<b>")),
        ("see www.shop.example/lamp", ("markup", BLOCK, "www.shop.example/lamp")),
        ("ask lamp@shop.example", ("personal_data", BLOCK, "lamp@shop.example")),
        ("ring +44 1632 960 123", ("personal_data", BLOCK, "+44 1632 960 123")),
        ("made of {material}", ("placeholder", BLOCK, "{material}")),
        ("a 台灯 for you", ("language", WARN, "台灯")),
    ],
)
def test_english_findings(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in marks(f"This lamp {text} and gives light where you read in the evening.")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("重二十五公斤", ("number", BLOCK, "二十五公斤")),
        ("重２．５克", ("unit_differs", BLOCK, "２．５克")),
        ("采用不锈钢制成", ("material", BLOCK, "不锈钢")),
        ("颜色为红色", ("colour", BLOCK, "红色")),
        ("比小米更亮", ("brand", BLOCK, "小米")),
        ("是最好的台灯", ("banned", BLOCK, "最好")),
        ("是行业第一", ("banned", BLOCK, "第一")),
        ("是最亮的台灯", ("banned", WARN, "最")),
        ("可治疗失眠", ("banned", BLOCK, "治疗")),
        ("非常beautiful", ("language", WARN, "beautiful")),
        ("很好看,很实用", ("punctuation", WARN, ",")),
        ("加微信号 lamp12345", ("personal_data", BLOCK, "微信号 lamp12345")),
        ("电话13800138000", ("personal_data", BLOCK, "13800138000")),
    ],
)
def test_chinese_findings(text: str, expected: tuple[str, str, str]) -> None:
    assert expected in marks(f"这款台灯{text}，适合摆放在书桌上，给您带来明亮的夜晚。", "zh-hans")


@pytest.mark.parametrize(
    "text",
    [
        "best before the end of May",
        "one of your lamps",
        "Next, switch it on",
        "next to the bed",
        "2.5 kg of wood",
    ],
)
def test_english_without_false_alarm(text: str) -> None:
    assert [mark for mark in marks(f"This lamp: {text} at home.") if mark[1] == BLOCK] == []


@pytest.mark.parametrize(
    "text",
    [
        "在地铁上也能用",
        "木偶造型",
        "最近上新",
        "第一次使用",
        "最后关灯",
        "招财猫造型",
        "一款百搭",
        "十分好看",
        "一年四季",
        "木耳边",
        "治愈系",
    ],
)
def test_chinese_without_false_alarm(text: str) -> None:
    assert marks(f"这款台灯{text}，适合摆放在书桌上。", "zh-hans") == []


def test_banned_words_inside_the_product_s_own_name_stand() -> None:
    title = "Best Western Lamp"
    text = "The Best Western Lamp is the best."
    assert marks(text, title=title) == [("banned", BLOCK, "best")]
    assert marks("第一食品蛋糕香甜可口，是下午茶的好伙伴。", "zh-hans", title="第一食品蛋糕") == []


def test_a_certified_fact_lifts_a_green_claim_but_never_a_superlative() -> None:
    facts = [
        *FACTS,
        Fact("certificate", "carbon neutral", language="en"),
        Fact("award", "best", language="en"),
    ]
    text = "This carbon neutral lamp is the best."
    assert marks(text, facts=facts) == [("banned", BLOCK, "best")]


def test_the_shop_bans_its_own_words() -> None:
    text = "A cosy lamp for cosying up at home."
    assert marks(text, banned=["cosy"]) == [("banned", BLOCK, "cosy")]


def test_the_longest_brand_is_named_once() -> None:
    assert marks("Like Acme Home lamps.") == [("brand", BLOCK, "Acme Home")]


def test_a_brand_index_may_be_built_once_for_many_texts() -> None:
    assert marks("Like Acme lamps.", brands=Terms(BRANDS)) == [("brand", BLOCK, "Acme")]


def test_a_brand_that_is_also_a_word_is_meant_only_with_its_capital() -> None:
    assert marks("Take the next lamp.") == []
    assert marks("Better than Next lamps.") == [("brand", BLOCK, "Next")]


def test_brands_in_the_facts_or_the_title_are_not_foreign() -> None:
    facts = [*FACTS, Fact("compatible with", "Acme stands", language="en")]
    assert marks("It fits Acme stands.", facts=facts) == []


def test_facts_in_one_language_support_copy_in_the_other() -> None:
    assert marks("这款藏青色台灯以橡木制成，适合书桌。", "zh-hans") == []
    assert marks("An oak lamp.", facts=[Fact("材质", "橡木")]) == []


@pytest.mark.parametrize(("text", "language"), [(CLEAN, "zh-hans"), (CLEAN_ZH, "en")])
def test_a_text_in_the_wrong_language_is_blocked_as_a_whole(text: str, language: str) -> None:
    found = [finding for finding in run(text, language) if finding.check == "language"]
    assert [finding.severity for finding in found] == [BLOCK]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_blocked(text: str) -> None:
    assert [(finding.check, finding.severity) for finding in run(text)] == [("empty", BLOCK)]


@pytest.mark.parametrize(
    ("text", "language", "kind", "severity"),
    [
        ("Oak lamp.", "en", "description", WARN),
        ("light " * 130, "en", "description", WARN),
        ("light " * 230, "en", "description", BLOCK),
        ("light " * 50, "en", "short_description", BLOCK),
        ("好灯。", "zh-hans", "description", WARN),
        ("灯光" * 220, "zh-hans", "description", BLOCK),
    ],
)
def test_length_is_counted_in_words_or_characters(
    text: str, language: str, kind: str, severity: str
) -> None:
    found = [finding for finding in run(text, language, kind=kind) if finding.check == "length"]
    assert [finding.severity for finding in found] == [severity]


def test_a_finding_is_a_sentence_once_translated_and_filled_in() -> None:
    (finding,) = [found for found in run("It weighs 25 kg.") if found.check == "number"]
    message, hint = finding.render(lambda text: f"[{text}]")
    assert message == "[Number not in the facts: 25 kg]"
    assert "2.5 kg" in hint
    assert json.loads(json.dumps(dict(finding.params))) == {"said": "25 kg", "known": "2.5 kg"}


def test_per_cent_signs_in_copy_survive_the_filling_in() -> None:
    (finding,) = [found for found in run("Made of 90% love.") if found.check == "number"]
    assert finding.render()[0] == "Number not in the facts: 90%"


def test_findings_come_in_the_order_of_the_text() -> None:
    starts = [finding.start for finding in run("Red, best, 25 kg, Acme, <i>, plastic.")]
    assert starts == sorted(starts)


def test_an_unknown_kind_or_language_is_named() -> None:
    with pytest.raises(ValueError, match="'poem'"):
        run("x", kind="poem")
    with pytest.raises(ValueError, match="'fr'"):
        run("x", "fr")


def test_full_width_and_case_do_not_hide_a_word() -> None:
    assert ("banned", BLOCK, "ＢＥＳＴ") in marks("The ＢＥＳＴ lamp.")
    assert ("brand", BLOCK, "ACME") in marks("Like ACME lamps.")


def test_human_copy_raises_few_alarms_on_numbers_and_words(shared_data: Path) -> None:
    """Each alarm counts, right or wrong, on copy that was never held to our facts."""
    alarms: Counter[str] = Counter()
    cases = list(read_cases(shared_data / "copy" / "advertisegen_zh.jsonl"))
    for case in cases:
        found = check(
            case.human,
            facts=case.facts,
            title=case.title,
            language="zh-hans",
            kind="description",
        )
        alarms.update({finding.check for finding in found if finding.severity == BLOCK})
    assert alarms["number"] / len(cases) < 0.03
    assert alarms["banned"] / len(cases) < 0.04
