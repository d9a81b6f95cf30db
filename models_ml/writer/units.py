"""Units of measure in English and Chinese, and how copy writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from models_ml.writer.lexicon import rows, words

CURRENCIES = frozenset({"GBP", "USD", "EUR", "CNY", "INR"})
_ASCII_LETTERS = "abcdefghijklmnopqrstuvwxyz."
_BEFORE_THE_NUMBER = frozenset({"spf", *"£$€¥￥₹"})


@dataclass(frozen=True)
class Unit:
    """A unit with its dimension; `factor` turns a value into the dimension's base unit."""

    name: str
    dimension: str
    factor: Fraction
    shown_en: tuple[str, ...]
    shown_zh: str

    def after(self, value: str, language: str) -> str:
        """`value` with this unit as copy in `language` writes it."""
        if language == "zh-hans":
            return f"{value}{self.shown_zh}"
        form = self.shown_en[0] if value in ("1", "0.5", "½") else self.shown_en[-1]
        return f"{value}{form}" if form in ("%", "°", "°C", "°F") else f"{value} {form}"


def _table() -> tuple[dict[str, Unit], dict[str, Unit], dict[str, Unit]]:
    by_name, english, chinese = {}, {}, {}
    for name, dimension, factor, forms_en, forms_zh, shown_en, shown_zh in rows("units"):
        size = Fraction(Decimal(factor))
        unit = Unit(name, dimension, size, words(shown_en) or (name,), shown_zh or name)
        by_name[name] = unit
        for form in words(forms_en):
            english[form.lower()] = unit
            english.setdefault(form.lower().replace(" ", ""), unit)
        for form in words(forms_zh):
            chinese[form.lower()] = unit
    return by_name, english, chinese


UNITS, ENGLISH_FORMS, CHINESE_FORMS = _table()
"""Units by name, and by the forms (lower case) in which text writes them."""


def _alternatives(forms: Iterable[str]) -> str:
    """The forms as one pattern, the longest first; one that ends in a letter ends a word."""
    return "|".join(
        re.escape(form).replace(r"\ ", r"[\s-]?")
        + ("(?![a-z])" if form[-1] in _ASCII_LETTERS else "")
        for form in sorted(forms, key=len, reverse=True)
    )


_AFTER = [form for form in ENGLISH_FORMS if form not in _BEFORE_THE_NUMBER]
UNIT_PATTERN = rf"(?:(?P<latin>{_alternatives(_AFTER)})|(?P<han>{_alternatives(CHINESE_FORMS)}))"
"""Any unit after its number, in folded text; the group tells the script."""
