"""Rule packs: what the built-in ones find and excuse, and what a broken one is told."""

import json
from pathlib import Path
from typing import Any

import pytest

from models_ml.bench.checks import (
    measure_human,
    measure_sentences,
    measure_words,
    read_sentences,
)
from models_ml.writer.checks import BLOCK, WARN, check
from models_ml.writer.facts import Fact
from models_ml.writer.packs import (
    BASE,
    MARKETS,
    PACKS,
    builtin_pack,
    builtin_rules,
    builtin_text,
    default_market,
)
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.rules.model import CATEGORIES, Rule, RulePack
from models_ml.writer.rules.reading import PackInvalid, read_pack

HINT = {"en": "Leave it out.", "zh-hans": "请删去。"}


def pack(*rules: dict[str, Any]) -> str:
    """A pack's JSON, one rule a line from line 4 on."""
    rows = ",\n".join(json.dumps(rule, ensure_ascii=False) for rule in rules)
    return f'{{"key": "test",\n"name": {json.dumps(HINT)},\n"rules": [\n{rows}\n]}}'


def rule(**fields: Any) -> dict[str, Any]:
    """A rule that bans "shiny", with fields changed."""
    usual = {
        "key": "shine",
        "category": "superlative",
        "severity": "block",
        "language": "en",
        "terms": ["shiny"],
        "hint": HINT,
    }
    return {**usual, **fields}


def found(text: str, market: str = "cn", language: str = "zh-hans") -> list[tuple[str, str, str]]:
    """Rule, severity and exception of each hit."""
    hits = builtin_rules(market).hits(text, language)
    return [(hit.rule.key, hit.severity, hit.exception) for hit in hits]


@pytest.mark.parametrize("key", PACKS)
def test_every_built_in_pack_is_valid_and_says_why(key: str) -> None:
    read = builtin_pack(key)
    assert read.key == key
    assert all(rule.hint["zh-hans"] and rule.category in CATEGORIES for rule in read.rules)
    if key != BASE:
        assert all(rule.law for rule in read.rules)


def test_every_market_has_the_base_behind_its_own_rules() -> None:
    for market in MARKETS:
        assert "profanity_zh" in builtin_rules(market).rules
    assert builtin_rules("eu").rules["green_claims_en"].severity == BLOCK
    assert builtin_rules("us").rules["green_claims_en"].severity == WARN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这款台灯比上一代最亮时还亮。", "self_comparison"),
        ("我们追求最好的品质。", "stated_goal"),
        ("请选择最佳角度安装。", "tip"),
        ("“第一”牌台灯，光线柔和。", "trademark"),
        ("符合GB/T 1234国家标准的顶级光学等级。", "standard_grade"),
        ("据某某报告统计，2024年销量第一。", "sourced_fact"),
        ("本品不能治疗失眠。", "disclaimer"),
    ],
)
def test_a_context_that_may_allow_it_turns_a_block_into_a_warning(text: str, expected: str) -> None:
    hits = found(text)
    assert hits
    assert {severity for _, severity, _ in hits} == {WARN}
    assert expected in {exception for _, _, exception in hits}


@pytest.mark.parametrize(
    "text",
    ["最大承重五公斤。", "最好在通风处存放。", "第一次使用前清洗。", "招财猫摆件。", "最近上新。"],
)
def test_the_longest_match_lets_a_harmless_phrase_stand(text: str) -> None:
    assert found(text) == []


def test_a_self_comparison_excuses_only_its_own_sentence() -> None:
    hits = found("比上一代轻了半斤。这是最好的台灯。")
    assert ("absolute_terms", BLOCK, "") in hits


def test_the_name_of_the_product_is_masked_but_not_the_rest() -> None:
    settings: dict[str, Any] = {"title": "第一食品蛋糕", "language": "zh-hans"}
    settings |= {"facts": [Fact("brand", "第一食品")], "kind": "description"}
    texts = {
        finding.params["said"]
        for finding in check("第一食品蛋糕香甜，口味第一。", **settings)
        if finding.check == "banned"
    }
    assert texts == {"第一"}


@pytest.mark.parametrize(
    ("market", "text", "expected"),
    [
        ("eu", "A climate-positive mug.", ("offset_claims_en", BLOCK, "")),
        ("eu", "Rich in antioxidants.", ("health_claims_food", BLOCK, "")),
        ("eu", "Reduced from £30 to £20.", ("prior_price", BLOCK, "")),
        ("us", "Made in the USA.", ("made_in_usa", BLOCK, "")),
        ("us", "FDA approved for you.", ("disease_claims", BLOCK, "")),
        ("us", "Real results, says the label.", ("endorsements_ftc", WARN, "")),
    ],
)
def test_markets_have_rules_of_their_own(
    market: str, text: str, expected: tuple[str, str, str]
) -> None:
    assert expected in found(text, market, "en")
    other = {"eu": "us", "us": "eu"}[market]
    assert (expected in found(text, other, "en")) == (expected[0] == "offset_claims_en")


def test_a_finding_names_rule_law_category_and_hint_in_both_languages() -> None:
    (finding,) = [
        finding
        for finding in check(
            "这是全国第一的台灯，光线柔和，适合书桌。",
            facts=[],
            title="台灯",
            language="zh-hans",
            kind="description",
        )
        if finding.check == "banned"
    ]
    assert finding.rule == "absolute_terms"
    assert finding.category == "superlative"
    assert "第九条" in finding.law
    assert finding.signable
    assert finding.render(language="zh-hans")[1] == finding.hints["zh-hans"]
    assert finding.render()[1] == finding.hints["en"]


@pytest.mark.parametrize(
    ("text", "key", "value", "is_lifted"),
    [
        ("A mug made in the USA.", "origin", "USA", True),
        ("A mug made in the USA.", "country_of_origin", "United States", True),
        ("An American-made mug.", "origin", "USA", True),
        ("Made in U.S.A. of clay.", "origin", "USA", True),
        ("A mug made in the USA.", "origin", "China", False),
        ("A mug made in the USA.", "origin", "not USA", False),
        ("A mug made in the USA.", "style", "American", False),
    ],
)
def test_a_true_origin_may_be_told(text: str, key: str, value: str, is_lifted: bool) -> None:
    found = check(
        text, facts=[Fact(key, value)], title="Mug", language="en", kind="description",
        rules=builtin_rules("us"),
    )  # fmt: skip
    assert ("made_in_usa" not in {finding.rule for finding in found}) == is_lifted


def test_today_s_pick_is_a_harmless_headline() -> None:
    assert found("今日推荐：橡木台灯") == []
    assert found("达人今日推荐") != []


def test_a_market_follows_currency_and_language() -> None:
    assert default_market("zh-hans") == "cn"
    assert default_market("en", "CNY") == "cn"
    assert default_market("zh-hans", "EUR") == "eu"
    assert default_market("en", "USD") == default_market("en") == "us"
    with pytest.raises(ValueError, match="'mars'"):
        builtin_text("mars")


def test_json_that_does_not_parse_is_told_with_its_line() -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack('{"key": "x",\n"rules": [}')
    assert caught.value.errors[0].line == 2


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"key": "Shine!"}, "key", "small letters"),
        ({"category": "luck"}, "category", "“luck” is none of"),
        ({"severity": "stop"}, "severity", "block, warn"),
        ({"language": "fr"}, "language", "“fr” is none of"),
        ({"terms": []}, "terms", "at least one term"),
        ({"terms": "shiny"}, "terms", "list of texts"),
        ({"terms": ["shiny", " "]}, "terms", "empty"),
        ({"terms": ["s" * 90]}, "terms", "Longer than 80"),
        ({"patterns": ["(unclosed"]}, "patterns", "does not compile"),
        ({"patterns": ["a*"]}, "patterns", "matches nothing"),
        ({"patterns": [r"(\w)\1"]}, "patterns", "may not refer"),
        ({"patterns": [r"(?P<one>\w)(?P=one)"]}, "patterns", "may not refer"),
        ({"patterns": [r"(a)?b(?(1)c|d)"]}, "patterns", "may not refer"),
        ({"patterns": [r"a(?R)?b"]}, "patterns", "may not refer"),
        ({"patterns": ["(?x)shiny # a comment"]}, "patterns", "together"),
        ({"patterns": ["(" * 700 + "a" + ")" * 700]}, "patterns", "does not compile"),
        ({"patterns": ["(a+)+b"]}, "patterns", "too long"),
        ({"patterns": ["(?:a|aa)+[^a!]"]}, "patterns", "too long"),
        ({"exceptions": ["mood"]}, "exceptions", "“mood” is none of"),
        ({"hint": {"en": "x"}}, "hint", "Chinese"),
        ({"fact_lifts": "yes"}, "fact_lifts", "true or false"),
        ({"severty": "warn"}, "severty", "Unknown field"),
    ],
)
def test_a_mistake_is_named_with_line_rule_and_field(
    fields: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack(pack(rule(key="other", terms=["glossy"]), rule(**fields)))
    error = caught.value.errors[0]
    assert (error.line, error.field_name) == (5, field)
    assert error.rule == fields.get("key", "shine")
    assert message in error.render()


def test_an_escaped_backslash_before_a_digit_is_no_reference() -> None:
    assert read_pack(pack(rule(patterns=[r"a\\1", r"\d{2}x"])))


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("", 1, "Not JSON"),
        ("[]", 1, "object with a list"),
        ('{"rules":\n' + "[" * 100_000, 2, "Nested deeper"),
        ('{"rules":\n' + '{"a":' * 100_000, 2, "Nested deeper"),
        ('{"rules": [1' + "0" * 5_000 + "]}", 1, "Not JSON"),
    ],
)
def test_a_text_that_is_no_pack_is_told_where(text: str, line: int, message: str) -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack(text)
    assert caught.value.errors[0].line == line
    assert message in caught.value.errors[0].render()


def test_another_list_called_rules_does_not_confuse_the_lines() -> None:
    text = pack(rule(severity="x")).replace('"name":', '"more": {"rules": [{"x": 1}]},\n"name":')
    with pytest.raises(PackInvalid) as caught:
        read_pack(text)
    assert [(error.line, error.field_name) for error in caught.value.errors] == [
        (1, "more"),
        (5, "severity"),
    ]


def test_rules_that_do_not_compile_are_named() -> None:
    broken = Rule("broken", "price", BLOCK, "en", patterns=("(unclosed",), hint=HINT)
    with pytest.raises(ValueError, match="'broken'"):
        CompiledRules(RulePack("test", HINT, (broken,)))


def test_all_mistakes_are_told_at_once_and_doubles_among_them() -> None:
    with pytest.raises(PackInvalid) as caught:
        read_pack(pack(rule(), rule(severity="x"), rule(key="other", terms=["Shiny"])))
    assert [(error.line, error.field_name) for error in caught.value.errors] == [
        (5, "severity"),
        (5, "key"),
        (6, "terms"),
    ]


def test_an_edited_pack_is_used_at_once() -> None:
    rules = CompiledRules(read_pack(pack(rule(harmless=["shiny new"], patterns=["gl[io]ss"]))))
    said = "A shiny mug with gloss, a shiny new mug."
    hits = [said[hit.start : hit.end] for hit in rules.hits(said, "en")]
    assert hits == ["shiny", "gloss"]
    (finding,) = [
        finding
        for finding in check(
            "A shiny mug of oak for the desk.",
            facts=[Fact("material", "oak")],
            title="Mug",
            language="en",
            kind="description",
            rules=rules,
        )
        if finding.check == "banned"
    ]
    assert (finding.rule, finding.severity) == ("shine", BLOCK)


def test_a_pattern_that_takes_too_long_on_a_text_warns_instead_of_passing() -> None:
    slow = Rule("slow", "price", BLOCK, "en", patterns=("(?:b|bb)+[^b!]",), hint=HINT)
    (hit,) = CompiledRules(RulePack("test", HINT, (slow,))).hits("b" * 2_000 + "!", "en")
    assert (hit.timed_out, hit.severity) == (True, WARN)


def test_listed_words_are_found_inside_sentences(shared_data: Path) -> None:
    words = (shared_data / "copy" / "ad_law_words_zh.txt").read_text(encoding="utf-8")
    figures = measure_words(words.splitlines())
    assert figures["share_found"] > 0.95
    assert figures["share_blocked"] > 0.85


def test_human_copy_raises_few_alarms(shared_data: Path) -> None:
    figures = measure_human(shared_data / "copy" / "advertisegen_zh.jsonl")
    assert figures["share_with_blocked_wording"] <= 0.05


@pytest.mark.parametrize("half", ["dev", "held"])
@pytest.mark.parametrize("name", ["claims_en", "claims_zh"])
def test_labelled_sentences_are_told_apart(name: str, half: str) -> None:
    rows = read_sentences(Path(__file__).parent / "data" / f"{name}.jsonl")
    for figures in measure_sentences(rows, half, name).values():
        assert figures["precision"] >= 0.9
        assert figures["recall"] >= 0.9
