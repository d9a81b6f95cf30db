"""What people changed in a text: how much, and which wordings again and again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

_ENGLISH = re.compile(r"\w+(?:['’.,-]\w+)*|[^\w\s]")
_CHINESE = re.compile(r"[A-Za-z0-9.%°]+|\S")
# A longer run is a sentence written anew, which no glossary could hold.
_LONGEST_WORDING = {"en": 4, "zh-hans": 8}


@dataclass(frozen=True)
class Replacement:
    """Editors wrote `new` where the writer had `old`, in `count` texts."""

    language: str
    old: str
    new: str
    count: int


def units(text: str, language: str) -> list[str]:
    """Return what edits are counted in: words in English, characters in Chinese; a number or a
    Latin word is one unit, a mark of punctuation too.
    """
    return (_ENGLISH if language == "en" else _CHINESE).findall(text)


def edit_distance(before: str, after: str, language: str) -> int:
    """Return how many units were inserted, taken out or replaced (Levenshtein, 1966)."""
    return Levenshtein.distance(units(before, language), units(after, language))


def edited_share(before: str, after: str, language: str) -> float:
    """Return the distance as a share of the longer text, 0 to 1."""
    return Levenshtein.normalized_distance(units(before, language), units(after, language))


def recurring_replacements(
    texts: Iterable[tuple[str, str, str]], least: int = 3
) -> list[Replacement]:
    """Return the wordings that were replaced in at least `least` texts, the most frequent first.

    `texts` are (language, as written, as published). A text counts once for each replacement, and
    numbers are left out: they are facts, not wordings.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for language, before, after in texts:
        found.update(set(_replaced(language, before, after)))
    often = [Replacement(*pair, count) for pair, count in found.items() if count >= least]
    return sorted(often, key=lambda one: (-one.count, one.language, one.old, one.new))


def _replaced(language: str, before: str, after: str) -> Iterable[tuple[str, str, str]]:
    old, new = units(before, language), units(after, language)
    longest = _LONGEST_WORDING[language]
    for step in Levenshtein.opcodes(old, new):
        if step.tag != "replace":
            continue
        was, became = old[step.src_start : step.src_end], new[step.dest_start : step.dest_end]
        if max(len(was), len(became)) <= longest and _is_wording(was) and _is_wording(became):
            between = " " if language == "en" else ""
            yield language, between.join(was).lower(), between.join(became).lower()


def _is_wording(said: Sequence[str]) -> bool:
    return any(unit.isalpha() for unit in said) and not any(
        char.isdigit() for unit in said for char in unit
    )
