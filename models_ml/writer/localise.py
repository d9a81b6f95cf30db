"""Measures written the way copy in each language writes them."""

from __future__ import annotations

import re
from fractions import Fraction

from models_ml.writer.quantities import Quantity, quantities_of
from models_ml.writer.terms import fold
from models_ml.writer.units import UNITS, Unit

_NUMBER = re.compile(r"[-−]?[\d.,/½¼¾ ]*[\d½¼¾]")
_LINKING = re.compile(r"\b(?:to|by|x|and|or)\b|[\s×x*~\-–—/+,.、至到和或]")
_LATIN_UNIT = re.compile(r"[A-Za-z°℃℉%\"]")
_SMALLER = {"kg": "g", "l": "ml", "m": "cm"}


def localise(text: str, language: str) -> str | None:
    """A value such as "30 x 40 cm" or "3-6 years" written for `language`.

    None when words are left over: only for what is nothing but quantities and what links them.
    """
    found = quantities_of(text)
    rest, pieces, position = "", [], 0
    for index, quantity in enumerate(found):
        link = text[position : quantity.start]
        number = _number(quantity)
        if not number or quantity.form == "code" or (index and not link.strip()):
            return None
        rest += link
        shares = _shares_unit(quantity, found[index + 1] if index + 1 < len(found) else None)
        pieces.append(_link(link, language))
        pieces.append(number if shares else show(number, quantity.unit, language, len(found) == 1))
        position = quantity.end
    leftover = _LINKING.sub("", (rest + text[position:]).lower())
    return None if leftover or not found else "".join(pieces).strip()


def localise_within(text: str, language: str) -> str:
    """`text` with each Latin-written quantity in it written for `language`; words around stay."""
    pieces, position = [], 0
    for quantity in quantities_of(text):
        number = _number(quantity)
        written_unit = quantity.text.removeprefix(number).strip()
        if quantity.unit and quantity.form == "digits" and _LATIN_UNIT.match(written_unit):
            pieces += [
                text[position : quantity.start],
                show(number, quantity.unit, language, False),
            ]
            position = quantity.end
    return "".join(pieces) + text[position:]


def show(value: str, unit: Unit | None, language: str, may_shrink: bool) -> str:
    """A number with its unit: no idle zeros, and "50 g" for 0.05 kg where `may_shrink`."""
    if re.fullmatch(r"\d+\.\d*0", value):
        value = value.rstrip("0").rstrip(".")
    if unit is None:
        return value
    if may_shrink and re.fullmatch(r"0\.\d{1,3}", value) and unit.name in _SMALLER:
        smaller = UNITS[_SMALLER[unit.name]]
        amount = Fraction(value) * unit.factor / smaller.factor
        if amount.denominator == 1:
            return smaller.after(str(amount), language)
    return unit.after(value, language)


def _number(quantity: Quantity) -> str:
    match = _NUMBER.match(fold(quantity.text))
    return match.group() if match else ""


def _shares_unit(quantity: Quantity, follows: Quantity | None) -> bool:
    """Whether the unit stands only behind the next number, as in "30 x 40 cm"."""
    bare = quantity.text.strip().replace(".", "").isdigit()
    return follows is not None and follows.unit == quantity.unit and bare


def _link(link: str, language: str) -> str:
    plain = link.strip().lower()
    if plain in ("x", "×", "*", "by"):
        return " × " if language == "en" else "×"
    if plain in ("-", "–", "—", "~", "to", "至", "到"):
        return "–" if language == "en" else "至"
    if plain in ("/", "、", "and", "和", ","):
        return " / " if language == "en" else "/"
    return ""
