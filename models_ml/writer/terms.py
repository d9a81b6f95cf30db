"""Finding any of many terms in text: longest match, whole words in English, anywhere in Chinese."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0x2019: 0x27,
    0x2018: 0x27,
}
_PREFIX = 2


def fold(text: str) -> str:
    """Lower-case, half-width `text` of unchanged length, so that positions stay valid."""
    if text.isascii():
        return text.lower()
    plain = text.translate(_FULL_WIDTH)
    lowered = plain.lower()
    if len(lowered) == len(plain):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in plain)


def _joins(char: str) -> bool:
    """Whether `char` continues a word of an alphabet; Chinese characters do not."""
    return char.isalnum() and not "\u3400" <= char <= "\u9fff"


class Terms:
    """An index of terms, whatever their case and width; terms of letters match whole words."""

    def __init__(self, terms: Collection[str]) -> None:
        self._by_prefix: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for term in dict.fromkeys(term.strip() for term in terms):
            if term:
                self._by_prefix[fold(term)[:_PREFIX]].append((fold(term), term))
        for entries in self._by_prefix.values():
            entries.sort(key=lambda entry: len(entry[0]), reverse=True)

    def find(self, text: str, folded: str | None = None) -> Iterator[tuple[int, int, str]]:
        """Yield `(start, end, term)` from left to right, the longest at each place."""
        plain = fold(text) if folded is None else folded
        by_prefix, position = self._by_prefix, 0
        for start in range(len(plain)):
            if start < position:
                continue
            entries = by_prefix.get(plain[start : start + _PREFIX])
            single = by_prefix.get(plain[start])
            if entries or single:
                hit = self._at(plain, start, (*(entries or ()), *(single or ())))
                if hit:
                    position = start + len(hit[0])
                    yield start, position, hit[1]

    @staticmethod
    def _at(plain: str, start: int, entries: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
        for entry in entries:
            end = start + len(entry[0])
            if plain.startswith(entry[0], start) and _is_bounded(plain, start, end):
                return entry
        return None


def _is_bounded(plain: str, start: int, end: int) -> bool:
    if start and _joins(plain[start]) and _joins(plain[start - 1]):
        return False
    return not (end < len(plain) and _joins(plain[end - 1]) and _joins(plain[end]))


def places(text: str, term: str) -> Iterator[tuple[int, int]]:
    """Where `term` stands in `text`, by the same rules as `Terms`."""
    plain, wanted = fold(text), fold(term.strip())
    start = plain.find(wanted) if wanted else -1
    while start >= 0:
        if _is_bounded(plain, start, start + len(wanted)):
            yield start, start + len(wanted)
        start = plain.find(wanted, start + 1)


def contains(text: str, term: str) -> bool:
    """Whether `term` stands in `text`, by the same rules as `Terms`."""
    return next(places(text, term), None) is not None


@lru_cache(maxsize=64)
def _cached(terms: frozenset[str]) -> Terms:
    return Terms(terms)


def terms_of(terms: Collection[str] | Terms) -> Terms:
    """An index of `terms`, remembered for the next call with the same ones."""
    return terms if isinstance(terms, Terms) else _cached(frozenset(terms))
