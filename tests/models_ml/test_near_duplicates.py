"""Near-duplicates: what counts as nearly the same, in both languages, and among many."""

import random

from models_ml.writer.checks import WARN, check
from models_ml.writer.duplicates import DuplicateIndex, Neighbour

WORDS = [f"word{number}" for number in range(900)]
MUG = "这款马克杯选用陶瓷材质，容量为350毫升，可放入洗碗机清洗，杯身为黑色，适合办公室日常使用。"


def texts(count: int, length: int = 60) -> list[str]:
    rng = random.Random(3)
    return [" ".join(rng.choices(WORDS, k=length)) for _ in range(count)]


def index_of(found: list[str]) -> DuplicateIndex:
    index = DuplicateIndex()
    for number, text in enumerate(found):
        index.add(number, text)
    return index


def test_a_text_with_one_word_changed_is_found_among_many() -> None:
    many = texts(400)
    copy = many[123].replace(many[123].split()[30], "changed", 1)
    found = index_of(many).nearest(copy)
    assert found
    assert found.key == 123


def test_texts_of_other_words_are_no_duplicates() -> None:
    first, *others = texts(400)
    assert index_of(others).nearest(first) is None


def test_chinese_is_compared_by_characters_whatever_the_punctuation() -> None:
    found = index_of([MUG]).nearest(MUG.replace("黑色", "白色").replace("，", ","))
    assert found
    assert 0.8 <= found.likeness < 1


def test_short_texts_are_compared_as_they_are() -> None:
    assert index_of(["Oak lamp", "Elm lamp"]).nearest("oak lamp!") == Neighbour(0, 1.0)


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
