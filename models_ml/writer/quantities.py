"""Numbers with their units, found in English and Chinese text and made comparable.

"2.5 kg", "2,500 g", "２．５公斤" and "五斤" are the same quantity; "25 kg" is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from models_ml.writer.lexicon import rows, words
from models_ml.writer.numerals import (
    CHINESE_DIGITS,
    chinese_number,
    english_number,
    english_number_pattern,
)
from models_ml.writer.terms import fold

CURRENCIES = frozenset({"GBP", "USD", "EUR", "CNY", "INR"})
_CASED_UNITS = frozenset(["W", "V", "A", "J", "C", "F", "K", "MP", "tc", "ct", "den"])
"""Units that read as a word or letter of prose in another case ("24 a day", "5 K")."""
_ROUNDING = Fraction(1, 100)
"""How far a conversion between units may round: 15 inches are 38.1 cm, and copy says 38."""


@dataclass(frozen=True)
class Unit:
    """A unit with its dimension; `factor` turns a value into the dimension's base unit."""

    name: str
    dimension: str
    factor: Fraction
    shown_en: tuple[str, ...]
    shown_zh: str


@dataclass(frozen=True)
class Quantity:
    """A number in text. `unit` is None for a bare number; `form` is "digits", "words" or "code" (as
    in "A4").
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


def _unit_table() -> tuple[dict[str, Unit], dict[str, Unit], dict[str, Unit]]:
    by_name, english, chinese = {}, {}, {}
    for name, dimension, factor, forms_en, forms_zh, shown_en, shown_zh in rows("units"):
        unit = Unit(
            name, dimension, Fraction(Decimal(factor)), words(shown_en) or (name,), shown_zh or name
        )
        by_name[name] = unit
        for form in words(forms_en):
            english[form.lower()] = unit
        for form in words(forms_zh):
            chinese[form.lower()] = unit
    return by_name, english, chinese


UNITS, _ENGLISH, _CHINESE = _unit_table()


def _alternatives(forms: Iterable[str]) -> str:
    """The forms as one pattern, the longest first; one that ends in a letter ends a word."""
    ordered = sorted(forms, key=len, reverse=True)
    return "|".join(
        re.escape(form).replace(r"\ ", r"[\s-]?") + ("(?![a-z])" if form[-1] in _LETTERS else "")
        for form in ordered
    )


_LETTERS = "abcdefghijklmnopqrstuvwxyz."
_BEFORE_THE_NUMBER = frozenset({"spf", *"£$€¥￥₹"})
_LATIN_FORMS = [form for form in _ENGLISH if form not in _BEFORE_THE_NUMBER]
_UNIT = rf"(?:(?P<latin>{_alternatives(_LATIN_FORMS)})|(?P<han>{_alternatives(_CHINESE)}))"
_UNIT_AFTER = re.compile(rf"[\s-]?{_UNIT}(?P<half>半)?")
_COUNTED = "件套件个只支条片包盒瓶袋罐组套双副对张块根枚颗粒把台层格档种款本册"
_CLASSIFIER_AFTER = re.compile(rf"\s?(?:件套|[{_COUNTED}])(?P<half>半)?")
_INCH_AS_WORD = re.compile(r"\s+in(?!\s*(?:[x×,;).]|by\b|long\b|wide\b|high\b|tall\b|deep\b|$))")
_CURRENCY_BEFORE = re.compile(r"(?:£|\$|€|¥|￥|₹|\brs\.?\s?|\bgbp\s|\busd\s|\beur\s|\bspf\s?)\s?$")
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\s\d/\d|\d+/\d+|\d+(?:\.\d+)?[½¼¾]?|[½¼¾]"
_HAN_NUMERAL = rf"百分之[{CHINESE_DIGITS}\d.]+|[{CHINESE_DIGITS}]+"
_NUMBER = re.compile(
    rf"(?P<digits>(?<![\d.])(?:{_DIGITS})(?P<wan>[万亿]?))|(?P<han>{_HAN_NUMERAL})|(?P<english>{english_number_pattern()})"
)
_SIGNS = {"½": Fraction(1, 2), "¼": Fraction(1, 4), "¾": Fraction(3, 4)}
_LINK = re.compile(
    r"\s*(?:x|×|\*|-|–|—|~|至|到|to|and|or|、|和|或|by)\s*(?:[长宽高深厚直径]+\s*)?$"
)
_AGES = re.compile(r"\bage[sd]?(?: of| from| range)?:?\s(?:\d+\s?(?:-|–|to)\s?)?$")
_EVERYDAY_ONE = frozenset(["time", "calendar", "length"])


def find_quantities(text: str) -> list[Quantity]:
    """Every number in `text` in order: digits, number words and Chinese numerals, with the unit
    that follows.

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


def _as_age(plain: str, found: Quantity) -> Quantity:
    """ "for ages 3-6" counts years."""
    before = plain[max(found.start - 24, 0) : found.start]
    if found.unit is None and found.form == "digits" and _AGES.search(before):
        return replace(found, unit=UNITS["year"])
    return found


def _read(text: str, plain: str, match: re.Match[str]) -> Quantity | None:
    start, end = match.span()
    if match["digits"]:
        return _read_digits(text, plain, match)
    if match["english"]:
        return _read_english(text, plain, start, end)
    return _read_han(text, plain, start, end)


def _read_digits(text: str, plain: str, match: re.Match[str]) -> Quantity | None:
    start, end = match.span()
    before = plain[start - 1 : start]
    currency = _CURRENCY_BEFORE.search(plain[max(start - 6, 0) : start])
    value, decimals = _decimal(match["digits"])
    value *= {"万": 10**4, "亿": 10**8}.get(match["wan"], 1)
    if _is_negative(plain, start):
        start, value = start - 1, -value
    if currency:
        sign = currency.group().strip()
        return Quantity(
            start - len(currency.group()),
            end,
            text[start - len(currency.group()) : end],
            value,
            _ENGLISH[sign],
            decimals=decimals,
        )
    times = before == "x" and plain[start - 2 : start - 1].isdigit()
    if before.isascii() and (before.isalpha() or before == "_") and not times:
        return _code(text, plain, start)
    unit, unit_end, half = _unit_after(text, plain, end)
    if re.match(r"(?:st|nd|rd|th)\b", plain[end:]):
        return None
    if unit is None and re.match(r"[a-wyz]|x(?!\d)", plain[end:]):
        return _code(text, plain, start)
    counted = unit is None and bool(_CLASSIFIER_AFTER.match(plain, end))
    return Quantity(
        start, unit_end, text[start:unit_end], value + half, unit, "digits", counted, decimals
    )


def _is_negative(plain: str, start: int) -> bool:
    """Whether a minus stands before the number, rather than a hyphen or the dash of a range."""
    if plain[start - 1 : start] not in ("-", "−"):
        return False
    before = plain[: start - 1]
    stripped = before[-8:].rstrip()
    return not stripped or (
        not stripped[-1].isdigit() and (stripped != before[-8:] or not stripped[-1].isascii())
    )


def _code(text: str, plain: str, start: int) -> Quantity:
    while start and re.match(r"[a-z0-9_.-]", plain[start - 1]):
        start -= 1
    end = start + len(re.match(r"[a-z0-9_.-]*[a-z0-9]", plain[start:]).group())  # type: ignore[union-attr]
    return Quantity(start, end, text[start:end], Fraction(0), None, "code")


def _read_english(text: str, plain: str, start: int, end: int) -> Quantity | None:
    value = english_number(plain[start:end])
    unit, unit_end, _ = _unit_after(text, plain, end)
    if unit is None and value <= 1:
        return None
    return Quantity(start, unit_end, text[start:unit_end], value, unit, "words")


def _read_han(text: str, plain: str, start: int, end: int) -> Quantity | None:
    spelled = plain[start:end]
    if spelled.startswith("百分之"):
        value = chinese_number(spelled[3:])
        return (
            None
            if value is None
            else Quantity(start, end, text[start:end], value, UNITS["%"], "words")
        )
    if len(spelled) > 1 and spelled.endswith("两") and "斤" not in plain[end : end + 1]:
        end -= 1
        spelled = spelled[:-1]
    value = chinese_number(spelled)
    if value is None:
        return None
    unit, unit_end, half = _unit_after(text, plain, end)
    if unit and unit.name in ("yd", "bar", "A", "den", "tc", "J", "deg"):
        unit = None
    if unit:
        everyday = value == 1 and unit.dimension in _EVERYDAY_ONE and not half
        if everyday and not re.search(
            r"保修|质保|保质期|续航|待机|至少|长达", plain[max(start - 6, 0) : unit_end + 3]
        ):
            return None
        return Quantity(start, unit_end, text[start:unit_end], value + half, unit, "words")
    classifier = _CLASSIFIER_AFTER.match(plain, end)
    if not classifier or value <= 1 or plain[start - 1 : start] in tuple("第几多数无每"):
        return None
    if spelled in ("十", "百", "千", "万", "百千"):
        return None
    return Quantity(
        start, classifier.end(), text[start : classifier.end()], value, None, "words", True
    )


def _unit_after(text: str, plain: str, end: int) -> tuple[Unit | None, int, Fraction]:
    match = _UNIT_AFTER.match(plain, end)
    if not match:
        return None, end, Fraction(0)
    form = re.sub(r"[\s-]+", " ", match["latin"] or match["han"])
    unit = _CHINESE.get(form) if match["han"] else _ENGLISH.get(form)
    if unit is None:
        unit = next(
            (
                known
                for key, known in _ENGLISH.items()
                if key.replace(" ", "") == form.replace(" ", "")
            ),
            None,
        )
    spaced = plain[end : end + 1] in (" ", "-")
    written = text[match.start("latin") : match.end("latin")] if match["latin"] else ""
    if unit is None or (form == "in" and _INCH_AS_WORD.match(plain, end)):
        return None, end, Fraction(0)
    if len(written) == 1 and (
        (unit.name in _CASED_UNITS and not written.isupper()) or (written == "s" and not spaced)
    ):
        return None, end, Fraction(0)
    if match["han"] and form == "月" and not plain[match.end() :].startswith(("龄", "保", "内")):
        return None, end, Fraction(0)
    half = Fraction(1, 2) if match["half"] else Fraction(0)
    return unit, match.end(), half


def _decimal(digits: str) -> tuple[Fraction, int]:
    digits = digits.replace(",", "")
    extra = _SIGNS.get(digits[-1], Fraction(0))
    if extra:
        digits = digits[:-1] or "0"
    if "/" in digits:
        whole, _, part = digits.rpartition(" ")
        over, under = part.split("/")
        return Fraction(int(whole or 0)) + Fraction(int(over), int(under) or 1), 2
    return Fraction(Decimal(digits)) + extra, len(digits.partition(".")[2]) or (2 if extra else 0)


def _share_units(plain: str, found: list[Quantity]) -> list[Quantity]:
    """In "30 x 40 cm" and "3 to 6 years" the first number means the last one's unit; in "2 x 150
    ml" it counts.
    """
    for index in range(len(found) - 2, -1, -1):
        here, after = found[index], found[index + 1]
        if here.unit is None and after.unit and here.form != "code" and not here.counted:
            link = plain[here.end : after.start]
            times = link.strip() in ("x", "×", "*")
            if _LINK.fullmatch(link) and (after.unit.dimension == "length" or not times):
                found[index] = replace(here, unit=after.unit)
    return found


def agree(said: Quantity, known: Quantity) -> bool:
    """Whether `said` states `known`: equal in one unit, or equal after rounding a conversion."""
    if said.form == "code" or known.form == "code":
        return said.form == known.form and said.text.lower() == known.text.lower()
    if {said.dimension, known.dimension} == {"temperature", "fahrenheit"}:
        celsius = {q.dimension: q.value for q in (said, known)}
        return abs(celsius["temperature"] * 9 / 5 + 32 - celsius["fahrenheit"]) <= 1
    if said.dimension != known.dimension:
        return False
    if said.base == known.base:
        return True
    if said.unit is None or said.unit == known.unit or said.unit.dimension in CURRENCIES:
        return False
    step = Fraction(1, 10**said.decimals) * said.unit.factor / 2
    return abs(said.base - known.base) <= min(step, abs(known.base) * _ROUNDING)


@lru_cache(maxsize=8192)
def quantities_of(text: str) -> tuple[Quantity, ...]:
    """`find_quantities`, remembered: the facts of a product are read many times."""
    return tuple(find_quantities(text))


_SMALLER = {"kg": "g", "l": "ml", "m": "cm"}


def show(value: str, unit: Unit | None, language: str) -> str:
    """A number with its unit as copy in `language` writes it: no idle zeros, and "50 g" for 0.05
    kg.
    """
    if re.fullmatch(r"\d+\.\d*0", value):
        value = value.rstrip("0").rstrip(".")
    if unit is None:
        return value
    if re.fullmatch(r"0\.\d{1,3}", value) and unit.name in _SMALLER:
        smaller = UNITS[_SMALLER[unit.name]]
        amount = Fraction(value) * unit.factor / smaller.factor
        value, unit = (str(amount), smaller) if amount.denominator == 1 else (value, unit)
    if language == "zh-hans":
        return f"{value}{unit.shown_zh}"
    form = unit.shown_en[0] if value in ("1", "0.5", "½") else unit.shown_en[-1]
    return f"{value}{form}" if form in ("%", "°", "°C", "°F") else f"{value} {form}"


def localise(text: str, language: str) -> str | None:
    """A value such as "30 x 40 cm" or "3-6 years" written for `language`; None when words are left
    over.

    Only for text that is nothing but quantities and what links them.
    """
    found = quantities_of(text)
    rest, pieces, position = "", [], 0
    for index, quantity in enumerate(found):
        link = text[position : quantity.start]
        rest += link
        follows = found[index + 1] if index + 1 < len(found) else None
        shares = (
            follows
            and follows.unit == quantity.unit
            and quantity.text.strip().replace(".", "").isdigit()
        )
        number = re.match(r"[-−]?[\d.,/½¼¾ ]*[\d½¼¾]", fold(quantity.text))
        if number is None or quantity.form == "code" or (index and not link.strip()):
            return None
        pieces += [
            _link(link, language),
            number.group() if shares else show(number.group(), quantity.unit, language),
        ]
        position = quantity.end
    rest += text[position:]
    leftover = re.sub(r"\b(?:to|by|x|and|or)\b|[\s×x*~\-–—/+,.、至到和或]", "", rest.lower())
    return None if leftover or not found else "".join(pieces).strip()


def localise_within(text: str, language: str) -> str:
    """`text` with each quantity in it written for `language`; the words around stay."""
    pieces, position = [], 0
    for quantity in quantities_of(text):
        number = re.match(r"[-−]?[\d.,]*\d", quantity.text)
        if number is None or quantity.unit is None or quantity.form != "digits":
            continue
        if not quantity.text.removeprefix(number.group()).strip().isascii():
            continue
        if quantity.text.strip() == number.group():
            continue
        pieces += [text[position : quantity.start], show(number.group(), quantity.unit, language)]
        position = quantity.end
    return "".join(pieces) + text[position:]


def _link(link: str, language: str) -> str:
    plain = link.strip().lower()
    if plain in ("x", "×", "*", "by"):
        return " × " if language == "en" else "×"
    if plain in ("-", "–", "—", "~", "to", "至", "到"):
        return "–" if language == "en" else "至"
    if plain in ("/", "、", "and", "和", ","):
        return {"en": " / ", "zh-hans": "/"}[language]
    return ""
