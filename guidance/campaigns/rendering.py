"""From a frame, a published text and an offer to the words that a shopper reads.

A frame is plain text with variables in braces; `VARIABLES` lists them. It is taken apart once and
filled in for each shopper. Pure: no rows are read.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_percent
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

VARIABLES = {
    "text": gettext_lazy("the published text"),
    "title": gettext_lazy("the product's title"),
    "price": gettext_lazy("the product's price today"),
    "offer": gettext_lazy("what the offer gives, with its code"),
    "code": gettext_lazy("the code alone"),
    "preferences": gettext_lazy("the address of the shopper's preferences"),
}
BLANK_LINES = re.compile(r"\n{3,}")


class BadFrame(ValueError):
    """A frame cannot be filled in; says which variable or brace is at fault."""


@dataclass(frozen=True)
class Frame:
    """A frame taken apart: texts and, after each, the name of a variable ('' for none)."""

    parts: tuple[tuple[str, str], ...]

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the words; a variable without a value leaves no empty lines behind."""
        words = "".join(text + values.get(name, "") for text, name in self.parts)
        return BLANK_LINES.sub("\n\n", words).strip()

    @property
    def variables(self) -> set[str]:
        return {name for _text, name in self.parts if name}


@lru_cache(maxsize=1024)
def parse_frame(frame: str) -> Frame:
    """Take a frame apart; raises BadFrame for an unknown variable or a brace that is left open."""
    try:
        found = list(Formatter().parse(frame))
    except ValueError:
        raise BadFrame(
            _("A brace is opened or closed alone; write two to show one: {{ or }}.")
        ) from None
    parts = []
    for text, name, form, conversion in found:
        if name is not None and (name not in VARIABLES or form or conversion):
            told = {"name": name or "{}", "known": ", ".join(VARIABLES)}
            raise BadFrame(_("“%(name)s” is no variable; there are: %(known)s.") % told)
        parts.append((text, name or ""))
    if "text" not in {name for _text, name in parts}:
        raise BadFrame(_("The frame must hold {text}, where the published text stands."))
    return Frame(tuple(parts))


def offer_line(*, kind: str, value: Decimal, currency: str, code: str, language: str) -> str:
    """Return what an offer gives in words of a language: "10% off with the code SPRING"."""
    locale = locale_of(language)
    if kind == "percent":
        amount = format_percent(value / 100, locale=locale, decimal_quantization=False)
    else:
        amount = money(value, currency, language)
    with translation.override(language):
        if not code:
            return _("%(amount)s off") % {"amount": amount}
        return _("%(amount)s off with the code %(code)s") % {"amount": amount, "code": code}


def money(value: Decimal | str, currency: str, language: str) -> str:
    """Return an amount as people of a language write it."""
    return format_currency(Decimal(value), currency, locale=locale_of(language))


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """Return Babel's locale of a language tag, English where it knows none."""
    try:
        return Locale.parse(language.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return Locale("en")
