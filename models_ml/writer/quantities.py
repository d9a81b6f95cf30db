"""Numbers with their units, found in English and Chinese text and made comparable.

"2.5 kg", "2,500 g", "２．５公斤" and "五斤" are the same quantity; "25 kg" is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from models_ml.writer.numerals import (
    CHINESE_DIGITS,
    chinese_number,
    english_number,
    english_number_pattern,
)
from models_ml.writer.terms import fold
from models_ml.writer.units import (
    CHINESE_FORMS,
    CURRENCIES,
    ENGLISH_FORMS,
    UNIT_PATTERN,
    UNITS,
    Unit,
)

_ROUNDING = Fraction(1, 100)
"""How far a conversion between units may round: 15 inches are 38.1 cm, and copy says 38."""
_CASED_UNITS = frozenset({"W", "V", "A", "J", "C", "F", "K"})
"""Units that are a word or a letter of prose in lower case ("24 a day", "5 k")."""
_NOT_IN_CHINESE = frozenset({"yd", "bar", "A", "den", "tc", "J", "deg"})
"""Units whose Chinese character, after a Chinese numeral, is mostly part of another word."""
_GRADES = frozenset({"十", "百", "千", "万", "百千"})
"""Numerals that before a classifier only say "very many"."""
_EVERYDAY_ONE = frozenset({"time", "calendar", "length"})
"""Dimensions in which 一 is mostly no count ("一年四季"), unless a promise stands beside it."""
_NO_TENTHS_AFTER = re.compile("[为人年就功品分本不型套双长立员色交果熟像批群片块]")
"""What makes 成 after a numeral part of a word or of a phrase: 一成不变, 七成熟, 分三成套."""
_PROMISE = re.compile(r"保修|质保|保质期|续航|待机|至少|长达")

_COUNTED = "件套个只支条片包盒瓶袋罐组双副对张块根枚颗粒把台层格档种款本册"
_UNIT_AFTER = re.compile(rf"(?:[^\S\n]|-)?{UNIT_PATTERN}(?P<half>半)?")
_CLASSIFIER_AFTER = re.compile(rf"[^\S\n]?(?:件套|[{_COUNTED}])")
_ORDINAL_AFTER = re.compile(r"(?:st|nd|rd|th)\b")
_WORD_AFTER = re.compile(r"[a-wyz]|x(?!\d)")
_CODE_AFTER = re.compile(r"[a-z0-9_.-]{0,40}[a-z0-9]")
_INCH_AS_WORD = re.compile(r"\s+in(?!\s*(?:[x×,;).]|by\b|long\b|wide\b|high\b|tall\b|deep\b|$))")
_CURRENCY_BEFORE = re.compile(r"(?:£|\$|€|¥|￥|₹|\brs\.?\s?|\bgbp\s|\busd\s|\beur\s|\bspf\s?)\s?$")
_AGES_BEFORE = re.compile(r"\bage[sd]?(?: of| from| range)?:?\s(?:\d+\s?(?:-|–|to)\s?)?$")
_LINK = re.compile(r"\s*(?:x|×|\*|-|–|—|~|至|到|to|and|or|、|和|或|by)\s*(?:[长宽高深厚直径]+\s*)?")

_FRACTION_SIGNS = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4)}
_MYRIADS = {"万": 10**4, "亿": 10**8}
_DIGITS = (
    r"\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,9})?|\d{1,9} \d/\d|\d{1,9}/\d{1,9}"
    r"|\d{1,15}(?:\.\d{1,9})?[½¼¾]?|[½¼¾]"
)
_HAN_NUMERAL = rf"百分之[{CHINESE_DIGITS}\d.]{{1,12}}|[{CHINESE_DIGITS}]{{1,20}}"
_NUMBER = re.compile(
    rf"(?P<digits>(?<![\d.])(?:{_DIGITS}))(?P<myriad>[万亿]?)"
    rf"|(?P<han>{_HAN_NUMERAL})|(?P<english>{english_number_pattern()})"
)


@dataclass(frozen=True)
class Quantity:
    """A number in text.

    `unit` is None for a bare number; `form` is "digits", "words" or "code" (as in "A4"); `counted`
    when a Chinese classifier follows; `decimals` are those written.
    """

    start: int
    end: int
    text: str
    value: Fraction
    unit: Unit | None
    form: str = "digits"
    counted: bool = False
    decimals: int = 0

    @property
    def base(self) -> Fraction:
        """The value in its dimension's base unit."""
        return self.value * self.unit.factor if self.unit else self.value

    @property
    def dimension(self) -> str:
        return self.unit.dimension if self.unit else ""


def find_quantities(text: str) -> list[Quantity]:
    """Every number in `text` in order: digits, number words and Chinese numerals, with their units.

    Numerals that only grade or refer ("一款", "十分", "百搭", "one of") are no quantities.
    """
    plain = fold(text)
    found: list[Quantity] = []
    position = 0
    while match := _NUMBER.search(plain, position):
        quantity = _read(text, plain, match)
        position = max(match.end(), quantity.end if quantity else 0)
        if quantity:
            found.append(quantity)
    return [_as_age(plain, quantity) for quantity in _share_units(plain, found)]


@lru_cache(maxsize=8192)
def quantities_of(text: str) -> tuple[Quantity, ...]:
    """`find_quantities`, remembered: the facts of a product are read many times."""
    return tuple(find_quantities(text))


def agree(said: Quantity, known: Quantity) -> bool:
    """Whether `said` states `known`: equal in one unit, or equal after rounding a conversion."""
    if said.form == "code" or known.form == "code":
        return said.form == known.form and said.text.lower() == known.text.lower()
    if {said.dimension, known.dimension} == {"temperature", "fahrenheit"}:
        degrees = {quantity.dimension: quantity.value for quantity in (said, known)}
        return abs(degrees["temperature"] * 9 / 5 + 32 - degrees["fahrenheit"]) <= 1
    if said.dimension != known.dimension:
        return False
    if said.base == known.base:
        return True
    if said.unit is None or said.unit == known.unit or said.dimension in CURRENCIES:
        return False
    step = Fraction(1, 10**said.decimals) * said.unit.factor / 2
    return abs(said.base - known.base) <= min(step, abs(known.base) * _ROUNDING)


def _read(text: str, plain: str, match: re.Match[str]) -> Quantity | None:
    if match["digits"]:
        return _read_digits(text, plain, match)
    if match["english"]:
        return _read_english(text, plain, *match.span())
    return _read_han(text, plain, *match.span())


def _read_digits(text: str, plain: str, match: re.Match[str]) -> Quantity | None:
    start, end = match.span()
    value, decimals = _decimal(match["digits"])
    value *= _MYRIADS.get(match["myriad"], 1)
    currency = _CURRENCY_BEFORE.search(plain[max(start - 6, 0) : start])
    if currency:
        money = ENGLISH_FORMS[currency.group().strip()]
        start -= len(currency.group())
        return Quantity(start, end, text[start:end], value, money, decimals=decimals)
    if _is_inside_word(plain, start) or _ORDINAL_AFTER.match(plain, end):
        return None if _ORDINAL_AFTER.match(plain, end) else _code(text, plain, start, end)
    unit, unit_end, half = _unit_after(text, plain, end)
    if unit is None and _WORD_AFTER.match(plain, end):
        return _code(text, plain, start, end)
    if _is_negative(plain, start):
        start, value = start - 1, -value
    counted = unit is None and bool(_CLASSIFIER_AFTER.match(plain, end))
    said = text[start:unit_end]
    return Quantity(start, unit_end, said, value + half, unit, "digits", counted, decimals)


def _is_inside_word(plain: str, start: int) -> bool:
    """Whether letters stand before the number ("WM64"), other than the x of "4x6"."""
    before = plain[start - 1 : start]
    times = before == "x" and plain[start - 2 : start - 1].isdigit()
    return before.isascii() and (before.isalpha() or before == "_") and not times


def _is_negative(plain: str, start: int) -> bool:
    """Whether a minus stands before the number, rather than a hyphen or the dash of a range."""
    if plain[start - 1 : start] not in ("-", "−"):
        return False
    before = plain[max(start - 9, 0) : start - 1]
    stripped = before.rstrip()
    if not stripped:
        return True
    return not stripped[-1].isdigit() and (stripped != before or not stripped[-1].isascii())


def _code(text: str, plain: str, start: int, end: int) -> Quantity:
    while start and (
        plain[start - 1] in "_.-" or (plain[start - 1].isascii() and plain[start - 1].isalnum())
    ):
        start -= 1
    rest = _CODE_AFTER.match(plain, end)
    end = rest.end() if rest else end
    return Quantity(start, end, text[start:end], Fraction(0), None, "code")


def _decimal(digits: str) -> tuple[Fraction, int]:
    """The value of "1,200.5", "1 1/2" or "2½", and how many decimals it is written with."""
    digits = digits.replace(",", "")
    extra = _FRACTION_SIGNS.get(digits[-1], Fraction(0))
    if extra:
        digits = digits[:-1] or "0"
    if "/" in digits:
        whole, _, part = digits.rpartition(" ")
        over, under = part.split("/")
        return int(whole or 0) + Fraction(int(over), int(under) or 1), 2
    return Fraction(Decimal(digits)) + extra, 2 if extra else len(digits.partition(".")[2])


def _read_english(text: str, plain: str, start: int, end: int) -> Quantity | None:
    value = english_number(plain[start:end])
    unit, unit_end, _ = _unit_after(text, plain, end)
    if unit is None and value <= 1:
        return None
    return Quantity(start, unit_end, text[start:unit_end], value, unit, "words")


def _read_han(text: str, plain: str, start: int, end: int) -> Quantity | None:
    spelled = plain[start:end]
    percent = spelled.startswith("百分之")
    if len(spelled) > 1 and spelled.endswith("两"):
        end, spelled = end - 1, spelled[:-1]
    value = chinese_number(spelled.removeprefix("百分之"))
    if value is None:
        return None
    if percent:
        return Quantity(start, end, text[start:end], value, UNITS["%"], "words")
    unit, unit_end, half = _unit_after(text, plain, end)
    if unit and unit.name not in _NOT_IN_CHINESE:
        around = plain[max(start - 6, 0) : unit_end + 3]
        if (
            value == 1
            and not half
            and unit.dimension in _EVERYDAY_ONE
            and not _PROMISE.search(around)
        ):
            return None
        return Quantity(start, unit_end, text[start:unit_end], value + half, unit, "words")
    classifier = _CLASSIFIER_AFTER.match(plain, end)
    vague = value <= 1 or spelled in _GRADES or plain[start - 1 : start] in tuple("第几多数无每")
    if not classifier or vague:
        return None
    end = classifier.end()
    return Quantity(start, end, text[start:end], value, None, "words", counted=True)


def _unit_after(text: str, plain: str, end: int) -> tuple[Unit | None, int, Fraction]:
    """The unit after a number, where it ends, and the half that Chinese adds behind it (一斤半)."""
    nothing = None, end, Fraction(0)
    match = _UNIT_AFTER.match(plain, end)
    if not match:
        return nothing
    form = re.sub(r"[\s-]+", " ", match["latin"] or match["han"])
    unit = CHINESE_FORMS[form] if match["han"] else _english_unit(form)
    written = text[match.start("latin") : match.end("latin")] if match["latin"] else ""
    if form == "in" and _INCH_AS_WORD.match(plain, end):
        return nothing
    if len(written) == 1 and unit.name in _CASED_UNITS and written.islower():
        return nothing
    if written == "s" and plain[end] not in " -":
        return nothing
    if form == "成" and _NO_TENTHS_AFTER.match(plain, match.end()):
        return nothing
    if form == "月" and not plain.startswith(("龄", "保", "内"), match.end()):
        return nothing
    return unit, match.end(), Fraction(1, 2) if match["half"] else Fraction(0)


def _english_unit(form: str) -> Unit:
    return ENGLISH_FORMS.get(form) or ENGLISH_FORMS[form.replace(" ", "")]


def _share_units(plain: str, found: list[Quantity]) -> list[Quantity]:
    """In "30 x 40 cm" the first number means the last one's unit; in "2 x 150 ml" it counts."""
    for index in range(len(found) - 2, -1, -1):
        here, after = found[index], found[index + 1]
        if here.unit is None and after.unit and here.form != "code" and not here.counted:
            link = plain[here.end : after.start]
            times = link.strip() in ("x", "×", "*")
            if _LINK.fullmatch(link) and (after.unit.dimension == "length" or not times):
                found[index] = replace(here, unit=after.unit)
    return found


def _as_age(plain: str, found: Quantity) -> Quantity:
    """ "for ages 3-6" counts years."""
    before = plain[max(found.start - 24, 0) : found.start]
    if found.unit is None and found.form == "digits" and _AGES_BEFORE.search(before):
        return replace(found, unit=UNITS["year"])
    return found
