"""A second, independent reading of copy: what it states that neither facts nor title contain.

Plain patterns and word lists of its own. It shares no code and no table with the writer, its
claims or its checks, and it never ranks candidates: it can therefore find what they overlook.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_WORDS = Path(__file__).with_name("second_checker_words.txt").read_text("utf-8").split()
_MASKED_EN = re.compile(r"\bpark avenue\b|\bmade of\b", re.IGNORECASE)
_VERBS_ZH = re.compile(r"[彰尽凸]显")
"""Verbs whose second character begins other words: 彰显|高级."""
_NUMBER = re.compile(r"(?<![\w.])\d+(?:,\d{3})*(?:\.\d+)?")
_CODE = re.compile(r"\b(?=[A-Za-z-]*\d)(?=[\d-]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9-]{2,}\b")
_NUMBER_WORDS = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_COUNTED_WORD = re.compile(
    r"\b(two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]*dozen)\b"
)
_CHINESE_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"两": 2}
_CHINESE_COUNT = re.compile(
    r"(?<![第统单唯之])([两三四五六七八九])(?=[件套条片只双个瓶盒包层年月天厘米公斤升克])"
)
_NAME = re.compile(r"(?<=[a-z,;] )[A-Z][A-Za-z'’&-]+(?: [A-Z][A-Za-z'’&-]+)*")
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_LONG_WORD = 8
"""Letters from which a word with the same beginning is another form of it."""
_SCALES = (1000, 100, 10)
"""Units of one measure differ by these: 0.3 kg may be told as 300 g, 5 mm as 0.5 cm."""


class SecondChecker:
    """Reads one product's facts once, then any number of texts about it."""

    def __init__(self, statements: Iterable[str]) -> None:
        """`statements`: the title and each fact as "key value unit"."""
        self._known = " \n ".join(_plain(statement) for statement in statements)
        self._numbers = {_value(found) for found in _NUMBER.findall(_split_units(self._known))}
        self._numbers |= {
            float(number)
            for word, number in _NUMBER_WORDS.items()
            if re.search(rf"\b{word}\b", self._known)
        }
        self._numbers |= {
            float(number) for char, number in _CHINESE_DIGITS.items() if char in self._known
        }
        self._words = {_stem(word) for word in _WORD.findall(self._known)}
        self._squeezed = _squeeze(self._known)

    def unsupported(self, text: str) -> list[str]:
        """What `text` states without support, in no particular order, each statement once."""
        plain = _plain(text)
        found = [*self._numbers_in(plain), *self._codes_in(plain)]
        found += self._names_in(unicodedata.normalize("NFKC", text))
        found += self._english_in(plain)
        found += self._chinese_in(plain)
        return list(dict.fromkeys(found))

    def _numbers_in(self, plain: str) -> Iterator[str]:
        for said in _NUMBER.findall(_split_units(plain)):
            if not self._has_number(_value(said)):
                yield said
        for word in _COUNTED_WORD.findall(plain):
            number = 12 if word.endswith("dozen") else _NUMBER_WORDS[word]
            if word not in self._known and not self._has_number(number):
                yield word
        for char in _CHINESE_COUNT.findall(plain):
            if char not in self._known and not self._has_number(_CHINESE_DIGITS[char]):
                yield char

    def _has_number(self, number: float) -> bool:
        scaled = {number, *(number * scale for scale in _SCALES)}
        scaled |= {round(number / scale, 6) for scale in _SCALES}
        return not scaled.isdisjoint(self._numbers)

    def _codes_in(self, plain: str) -> Iterator[str]:
        for said in _CODE.findall(plain):
            squeezed = said.replace("-", "")
            if squeezed not in self._squeezed and not re.fullmatch(r"\d+(?:[a-z]+|-.*)", said):
                yield said

    def _names_in(self, text: str) -> Iterator[str]:
        for said in _NAME.findall(text):
            if _squeeze(said) not in self._squeezed:
                yield from (word for word in said.split() if not self._has_name(word))

    def _has_name(self, word: str) -> bool:
        plain = re.sub(r"['’]s?$", "", word.lower())
        if _stem(plain) in self._words or _squeeze(plain) in self._squeezed:
            return True
        return len(plain) >= _LONG_WORD and self._supports(plain)

    def _english_in(self, plain: str) -> Iterator[str]:
        for word in _WORD.findall(_MASKED_EN.sub(" ", plain)):
            if _stem(word) in _EN and not self._supports(word):
                yield word

    def _supports(self, word: str) -> bool:
        stem = _stem(word)
        if stem in self._words or stem.replace("-", "") in self._squeezed:
            return True
        return any(
            known.startswith(stem[:4]) and len(known) >= 4 and len(stem) >= 4
            for known in self._words
        )

    def _chinese_in(self, plain: str) -> Iterator[str]:
        position = 0
        plain = _VERBS_ZH.sub(" ", plain)
        while match := _ZH.search(plain, position):
            said, position = match.group(), match.end()
            root = said.removesuffix("色").removesuffix("领").removesuffix("袖")
            if said not in self._known and (len(root) < 1 or root not in self._known):
                yield said


def statements_of(title: str, facts: Iterable[tuple[str, str]]) -> Sequence[str]:
    """The title and "key value" of each fact, as `SecondChecker` takes them."""
    return [title, *(f"{key} {value}" for key, value in facts)]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _squeeze(text: str) -> str:
    return re.sub(r"[^\w]", "", text.lower())


def _split_units(plain: str) -> str:
    """ "30cm" and "x40" as numbers that stand alone."""
    return re.sub(r"(?<=\d)(?=[a-z])|(?<=[x×])(?=\d)|(?<=\d)(?=[x×])", " ", plain)


def _value(number: str) -> float:
    return float(number.replace(",", ""))


def _stem(word: str) -> str:
    for ending in ("'s", "ies", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word.removesuffix(ending) + ("y" if ending == "ies" else "")
    return word


_EN = frozenset(_stem(word) for word in _WORDS if word.isascii())
_ZH = re.compile("|".join(sorted((w for w in _WORDS if not w.isascii()), key=len, reverse=True)))
