"""Contexts excuse strong words that they govern, and none that only stand near."""

import pytest

from models_ml.writer.checks import BLOCK
from models_ml.writer.packs import builtin_rules


def found(text: str, market: str = "cn", language: str = "zh-hans") -> list[tuple[str, str, str]]:
    """Rule, severity and exception of each hit."""
    hits = builtin_rules(market).hits(text, language)
    return [(hit.rule.key, hit.severity, hit.exception) for hit in hits]


@pytest.mark.parametrize(
    "text",
    [
        "非常治愈失眠的枕头。",  # a part of a word is no denial
        "不可思议，治疗失眠。",
        "不得不说能治疗失眠。",
        "没有痛苦地治愈失眠。",
        "追求品质的人的最好选择。",
        "这是理想的首选。",
        "目标人群的首选。",
        "请认准全球领先的台灯。",
        "诚邀您，请选购最好的台灯。",
        "建议入手最好的台灯。",
        "国货品牌销量第一。",
        "这是最好的品牌。",
        "白菜价入手大牌包。",
        "“全国第一的台灯，值得拥有”，就在这里。",
        "这是“最好”的台灯。",
    ],
)
def test_a_trigger_that_does_not_govern_the_words_excuses_nothing(text: str) -> None:
    assert any(severity == BLOCK for _, severity, _ in found(text)), found(text)


@pytest.mark.parametrize(
    "text",
    [
        "With no fuss it cures insomnia.",
        "It not only cures insomnia.",
        "No doubt it relieves pain.",
        "Without effort it burns fat.",
        "You can't go wrong: it cures insomnia.",
        "Try the best lamp.",
        "Everyone wants the best lamp on the market.",
        "Whoever tries it calls it the best.",
        "We try every day and this is the best.",
        "Use the best lamp on the market.",
        "For the best lamp in town.",
        "Always the best.",
        "Best Quality lamps for the home.",
        "Get the Best Price today on lamps.",
        "As seen on TV.",
        'The "oak" lamp is the best "desk" lamp.',
        'It is the "best" lamp.',
    ],
)
def test_an_english_trigger_far_off_excuses_nothing(text: str) -> None:
    hits = found(text, "us", "en")
    assert any(severity == BLOCK for _, severity, _ in hits), hits


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("This tea is not intended to treat, cure or prevent disease.", "disclaimer"),
        ("It doesn't cure insomnia.", "disclaimer"),
        ("It is not made in the USA.", "disclaimer"),
        ("We aim to make the best lamps we can.", "stated_goal"),
        ("Our goal is to offer you the best lamps.", "stated_goal"),
        ("Turn the dial for the best viewing angle.", "tip"),
        ("Sold by Best Western to guests everywhere.", "trademark"),
        ("A lamp called “Best Light” by its maker.", "trademark"),
        ("Best® lamps in oak.", "trademark"),
    ],
)
def test_an_english_context_near_the_words_excuses_them(text: str, expected: str) -> None:
    assert {exception for _, _, exception in found(text, "us", "en")} == {expected}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("不能代替药品用于预防、诊断或治疗疾病。", "disclaimer"),
        ("我们的目标是让顾客得到最好的体验。", "stated_goal"),
        ("使用前请调到最佳角度。", "tip"),
        ("《最强大脑》同款积木。", "trademark"),
        ("品牌名为“极品工坊”的相框。", "trademark"),
    ],
)
def test_a_chinese_context_near_the_words_excuses_them(text: str, expected: str) -> None:
    assert {exception for _, _, exception in found(text)} == {expected}
