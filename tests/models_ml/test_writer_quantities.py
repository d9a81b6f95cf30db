"""Numbers and units in both languages."""

from fractions import Fraction

import pytest

from models_ml.writer.localise import localise
from models_ml.writer.quantities import agree, find_quantities


def read(text: str) -> list[tuple[str, str]]:
    """Value in the base unit and dimension of each quantity."""
    return [(str(quantity.base), quantity.dimension) for quantity in find_quantities(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.5 kg", [("2500", "mass")]),
        ("2,500 g", [("2500", "mass")]),
        ("２．５公斤", [("2500", "mass")]),
        ("五斤", [("2500", "mass")]),
        ("四斤半", [("2250", "mass")]),
        ("二两", [("100", "mass")]),
        ("两百五十克", [("250", "mass")]),
        ("三点五升", [("3500", "volume")]),
        ("1½ pints", [(str(Fraction("1.5") * Fraction("568.26125")), "volume")]),
        ("two litres", [("2000", "volume")]),
        ("two and a half kg", [("2500", "mass")]),
        ("12-month warranty", [("12", "calendar")]),
        ("one year", [("12", "calendar")]),
        ("100%", [("100", "percent")]),
        ("百分之九十五", [("95", "percent")]),
        ("£5.99", [("599/100", "GBP")]),
        ("52 g/m²", [("52", "grammage")]),
        ("a dozen", [("12", "")]),
        ("twenty-five mugs", [("25", "")]),
        ("at -5 °C", [("-5", "temperature")]),
        ("30℃机洗", [("30", "temperature")]),
        ("5 - 6 cm", [("5", "length"), ("6", "length")]),
        ("30 x 40 cm", [("30", "length"), ("40", "length")]),
        ("3 to 6 years", [("36", "calendar"), ("72", "calendar")]),
        ("ages 3–6", [("36", "calendar"), ("72", "calendar")]),
        ("2 x 150 ml", [("2", ""), ("150", "volume")]),
        ("3 in 1", [("3", ""), ("1", "")]),
        ("5 in wide", [(str(5 * Fraction("2.54")), "length")]),
        ("24 a day", [("24", "")]),
    ],
)
def test_a_quantity_is_read_with_its_unit(text: str, expected: list[tuple[str, str]]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "一款百搭的裙子",
        "十分好看",
        "一年四季",
        "七分裤",
        "百褶裙",
        "一字领",
        "one of them",
        "the 1st",
        "万能搭配",
    ],
)
def test_words_that_only_grade_or_refer_are_no_quantities(text: str) -> None:
    assert find_quantities(text) == []


def test_a_promise_of_one_year_is_a_quantity_where_one_year_in_passing_is_none() -> None:
    assert read("保修一年") == [("12", "calendar")]
    assert read("一年的时光") == []


def test_letters_and_digits_in_one_word_are_a_code() -> None:
    codes = [
        quantity.text
        for quantity in find_quantities("A4 paper, WM64 and 802.11n")
        if quantity.form == "code"
    ]
    assert codes == ["A4", "WM64", "802.11n"]


@pytest.mark.parametrize(
    ("said", "known", "same"),
    [
        ("2.5 kg", "2500 g", True),
        ("五斤", "2.5 kg", True),
        ("25 kg", "2.5 kg", False),
        ("38 cm", "15 inches", True),
        ("40 cm", "15 inches", False),
        ("2.5 kg", "2.45 kg", False),
        ("86 °F", "30 °C", True),
        ("5 °C", "-5 °C", False),
        ("12 months", "1 year", True),
        ("6", "6 kg", False),
        ("£5", "€5", False),
    ],
)
def test_quantities_agree_across_units_but_not_across_amounts(
    said: str, known: str, same: bool
) -> None:
    assert agree(find_quantities(said)[0], find_quantities(known)[0]) is same


@pytest.mark.parametrize(
    ("value", "english", "chinese"),
    [
        ("30 x 40 cm", "30 × 40 cm", "30×40厘米"),
        ("3-6 years", "3–6 years", "3至6年"),
        ("1 L", "1 litre", "1升"),
        ("1.5 L", "1.5 litres", "1.5升"),
        ("0.30 kg", "300 g", "300克"),
        ("3.10 kg", "3.1 kg", "3.1公斤"),
        ("0.30 x 0.40 m", "0.30 × 0.4 m", "0.30×0.4米"),
        ("about 25 hours", None, None),
        ("Pack of 2", None, None),
        ("4D", None, None),
    ],
)
def test_a_measure_is_written_as_the_language_writes_it(
    value: str, english: str | None, chinese: str | None
) -> None:
    assert localise(value, "en") == english
    assert localise(value, "zh-hans") == chinese
