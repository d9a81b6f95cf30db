"""Finding any of many terms in text: longest match, whole words in English, anywhere in Chinese."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import lru_cache

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {
    0x3000: 0x20,
    0x2019: 0x27,
    0x2018: 0x27,
}
_PREFIX = 2


def fold(text: str) -> str:
    """Lower-case, half-width `text` of unchanged length, so that positions stay valid."""
    plain = text.translate(_FULL_WIDTH)
    lowered = plain.lower()
    if len(lowered) == len(plain):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in plain)


def _joins(char: str) -> bool:
    """Whether `char` continues a word of an alphabet; Chinese characters do not."""
    return char.isalnum() and not "\u3400" <= char <= "\u9fff"


class Terms:
    """An index of terms. Matching ignores case and width; terms made of letters match whole words
    only.
    """

    def __init__(self, terms: Collection[str]) -> None:
        self._by_prefix: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for term in dict.fromkeys(term.strip() for term in terms):
            if term:
                self._by_prefix[fold(term)[:_PREFIX]].append((fold(term), term))
        for entries in self._by_prefix.values():
            entries.sort(key=lambda entry: len(entry[0]), reverse=True)

    def find(self, text: str, folded: str | None = None) -> Iterator[tuple[int, int, str]]:
        """Yield `(start, end, term)` from left to right, the longest at each place, without
        overlaps.
        """
        plain = fold(text) if folded is None else folded
        start = 0
        while start < len(plain):
            hit = self._at(plain, start)
            if hit:
                yield start, start + len(hit[0]), hit[1]
                start += len(hit[0])
            else:
                start += 1

    def _at(self, plain: str, start: int) -> tuple[str, str] | None:
        entries = self._by_prefix.get(plain[start : start + _PREFIX]) or ()
        single = self._by_prefix.get(plain[start : start + 1]) or ()
        for entry in (*entries, *single):
            term = entry[0]
            if plain.startswith(term, start) and _is_bounded(plain, start, start + len(term)):
                return entry
        return None


def _is_bounded(plain: str, start: int, end: int) -> bool:
    if start and _joins(plain[start]) and _joins(plain[start - 1]):
        return False
    return not (end < len(plain) and _joins(plain[end - 1]) and _joins(plain[end]))


@lru_cache(maxsize=64)
def _cached(terms: frozenset[str]) -> Terms:
    return Terms(terms)


def terms_of(terms: Collection[str] | Terms) -> Terms:
    """An index of `terms`, remembered for the next call with the same ones."""
    return terms if isinstance(terms, Terms) else _cached(frozenset(terms))
