"""Counting what people changed in a text, and finding what they change again and again."""

from models_ml.writer.edits import (
    Replacement,
    edit_distance,
    edited_share,
    recurring_replacements,
)


def test_edits_are_words_in_english_and_characters_in_chinese() -> None:
    assert edit_distance("It holds 350 ml.", "It has room for 350 ml.", "en") == 3
    assert edit_distance("产自中国，重350克。", "产自中国。", "zh-hans") == 4
    assert edit_distance("A mug.", "A mug.", "en") == 0


def test_a_number_is_one_unit_so_that_a_corrected_one_is_one_edit() -> None:
    assert edit_distance("It weighs 1.06 kg.", "It weighs 1.08 kg.", "en") == 1
    assert edit_distance("重3.01公斤。", "重3.02公斤。", "zh-hans") == 1


def test_the_edited_share_is_of_the_longer_text() -> None:
    assert edited_share("a b c d", "a b", "en") == 0.5


def test_a_wording_that_editors_replace_in_three_texts_is_found_with_its_count() -> None:
    texts = [("en", f"It holds {n} ml and shines.", f"It fits {n} ml and shines.") for n in "123"]
    texts += [("zh-hans", f"采用{n}号木材。", f"使用{n}号木材。") for n in "1234"]
    assert recurring_replacements(texts) == [
        Replacement("zh-hans", "采", "使", 4),
        Replacement("en", "holds", "fits", 3),
    ]


def test_numbers_and_sentences_written_anew_are_no_wordings_to_replace() -> None:
    numbers = [("en", "It weighs 5 g.", "It weighs 6 g.")] * 3
    anew = [("en", "One two three four five six", "Seven eight nine ten eleven twelve")] * 3
    assert recurring_replacements([*numbers, *anew]) == []


def test_a_text_counts_once_for_a_replacement_it_holds_twice() -> None:
    text = ("en", "holds one, holds two", "fits one, fits two")
    assert recurring_replacements([text, text]) == []
    assert recurring_replacements([text, text], least=2)[0].count == 2
