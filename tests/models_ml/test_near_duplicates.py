"""Near-duplicates: what counts as nearly the same, in both languages, and among many."""

import random

from models_ml.writer.checks import WARN, check
from models_ml.writer.duplicates import DuplicateIndex, near_duplicates

WORDS = [f"word{number}" for number in range(900)]
MUG = "这款马克杯选用陶瓷材质，容量为350毫升，可放入洗碗机清洗，杯身为黑色，适合办公室日常使用。"


def texts(count: int, length: int = 60) -> list[str]:
    rng = random.Random(3)
    return [" ".join(rng.choices(WORDS, k=length)) for _ in range(count)]


def test_a_text_with_one_word_changed_is_found_among_many() -> None:
    many = texts(400)
    copy = many[123].replace(many[123].split()[30], "changed", 1)
    assert [(pair[0], pair[1]) for pair in near_duplicates([*many, copy])] == [(123, 400)]


def test_texts_of_other_words_are_no_duplicates() -> None:
    assert near_duplicates(texts(400)) == []


def test_chinese_is_compared_by_characters_whatever_the_punctuation() -> None:
    (pair,) = near_duplicates([MUG, MUG.replace("黑色", "白色").replace("，", ",")])
    assert pair[:2] == (0, 1)
    assert 0.8 <= pair[2] < 1


def test_short_texts_are_compared_as_they_are() -> None:
    assert near_duplicates(["Oak lamp", "oak lamp!", "Elm lamp"]) == [(0, 1, 1.0)]


def test_a_draft_too_much_like_another_is_told_which() -> None:
    index = DuplicateIndex()
    index.add("mug-1", MUG)
    index.add("mug-2", MUG)
    found = check(
        MUG,
        facts=[],
        title="马克杯",
        language="zh-hans",
        kind="description",
        neighbours=lambda text: index.nearest(text, besides=["mug-2"]),
    )
    (finding,) = [finding for finding in found if finding.check == "near_duplicate"]
    assert finding.severity == WARN
    assert finding.params["share"] == 100
    assert index.nearest(MUG, besides=["mug-2"]).key == "mug-1"  # type: ignore[union-attr]
