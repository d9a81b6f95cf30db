"""Which facts copy should tell, and whether a text tells them: read off the text alone."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from models_ml.bench.writer_cases import Case
from models_ml.writer.checks.wording import is_harmless
from models_ml.writer.facts import LONGEST_VALUE, Fact, is_claimable, key_info, speaks
from models_ml.writer.lexicon import words

_NO = frozenset({"no", "false", "n", "none", "否", "无", "没有", "不支持"})
_YES = frozenset({"yes", "true", "y", "是", "有", "支持"})
_HAN = re.compile(r"[\u3400-\u9fff]")
_TOKEN = re.compile(r"\d+(?:\.\d+)?|[a-z\u00c0-\u024f]+|[\u3400-\u9fff]+")
_LIST = re.compile(r"[,;/|、，；]|\s+(?:and|or)\s+")
_FUNCTION = frozenset(
    words(
        "a|an|the|and|or|of|for|in|on|to|with|by|from|is|are|be|it|its|this|that|as|at|not|no|x"
        "|each|per|s|type|only|upto|up|included"
    )
)
_UNITS = frozenset(
    words(
        "g|gm|gms|gram|grams|kg|kgs|mm|cm|cms|m|mtr|mtrs|inch|inches|in|ft|l|ml|ltr|litre"
        "|litres|liter|w|watt|watts|v|volt|volts|mah|a|hr|hrs|hour|hours|year|years|yrs|month"
        "|months|day|days|pc|pcs|piece|pieces|set"
    )
)
_SMALLER = 1000
"""Copy tells 0.3 kg as 300 g."""
_PREFIX = 4
"""Letters that two forms of one word share: "wood" and "wooden", "multicolor" and its adjective."""


def left_out(fact: Fact, language: str) -> str:
    """Why copy does not owe this fact; "" when it does."""
    value = fact.value.strip()
    if key_info(fact.key).group == "silent":
        return "identifier or price"
    if not speaks(fact, language):
        return "other language"
    if value.lower() in _NO or re.match(r"no\s+\w+$", value.lower()):
        return "absent feature"
    if len(value) > LONGEST_VALUE:
        return "prose of the maker"
    if not is_claimable(fact, language):
        return "empty or markup"
    return "" if is_harmless(value, language) else "banned words"


def slots(case: Case) -> Iterator[Fact]:
    """The facts that copy for `case` owes its reader."""
    for fact in case.facts:
        if not left_out(fact, case.language):
            yield fact


class Reader:
    """A text, read once for many facts."""

    def __init__(self, text: str) -> None:
        self._text = _fold(text)
        self._tokens = set(_TOKEN.findall(self._text))
        self._numbers = {float(token) for token in self._tokens if token[0].isdigit()}
        self._words = [token for token in self._tokens if token[0].isalpha()]

    def tells(self, fact: Fact) -> bool:
        """Whether every word and number of the value, or of the key of a "yes", is in the text."""
        value = _fold(fact.text)
        if fact.value.strip().lower() in _YES:
            value = _fold(fact.key)
        return all(self._says(member) for member in _LIST.split(value) if member.strip())

    def _says(self, member: str) -> bool:
        if member.strip() in self._text:
            return True
        return all(self._has(token) for token in _TOKEN.findall(member))

    def _has(self, token: str) -> bool:
        if token[0].isdigit():
            number = float(token)
            return number in self._numbers or round(number * _SMALLER, 6) in self._numbers
        if _HAN.match(token):
            return token in self._text or _without_unit(token) in self._text
        if token in _FUNCTION or token in _UNITS or token in self._tokens:
            return True
        return any(_same_word(token, word) for word in self._words)


def _fold(text: str) -> str:
    return (
        unicodedata.normalize("NFKC", text)
        .lower()
        .replace("grey", "gray")
        .replace("color", "colour")
    )


def _without_unit(token: str) -> str:
    return re.sub(r"(?:公斤|千克|毫升|厘米|毫米|克|升|米|年|岁|件|个)$", "", token)


def _same_word(one: str, other: str) -> bool:
    short, long = sorted((one.removesuffix("s"), other.removesuffix("s")), key=len)
    return short == long or (len(short) >= _PREFIX and long.startswith(short))
