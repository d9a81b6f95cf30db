"""Guards the line between copy and reviews: invented first-person experience is never generated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from models_ml.writer.facts import has_han
from models_ml.writer.lexicon import rows
from models_ml.writer.terms import fold

PRONOUN, PERHAPS = "pronoun", "perhaps"


class Experience(NamedTuple):
    """`text[start:end]` speaks as a buyer.

    `doubt` is PRONOUN for a mere "I", which a shopper's question has too, PERHAPS for what facts
    may say as well ("after two weeks"), "" for what only a buyer says.
    """

    start: int
    end: int
    doubt: str


@cache
def _patterns(table: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    by_doubt: dict[str, list[str]] = {}
    for pattern, doubt in rows(table):
        by_doubt.setdefault(doubt, []).append(f"(?:{pattern})")
    return tuple((doubt, re.compile("|".join(any_of))) for doubt, any_of in by_doubt.items())


def experiences(text: str, language: str) -> list[Experience]:
    """Where `text` speaks as somebody who bought or used the product, left to right.

    Text of any writer in either language; quotes count too.
    """
    tables = ["experience_zh"] if language == "zh-hans" or has_han(text) else []
    plain = fold(text)
    return sorted(
        Experience(*match.span(), doubt)
        for table in [*tables, "experience_en"]
        for doubt, pattern in _patterns(table)
        for match in pattern.finditer(plain)
    )


def first_person_experience(
    text: str, language: str, known: Iterable[str] = ()
) -> list[tuple[int, int]]:
    """Where `text` speaks as a buyer, whatever the doubt; empty when nowhere.

    `known` are the product's own names ("I Love Mum" on a mug), which say nothing of their own.
    """
    plain = fold(text)
    for name in sorted(known, key=len, reverse=True):
        if len(name) > 1:
            plain = re.sub(re.escape(fold(name)), lambda found: " " * len(found[0]), plain)
    return [(found.start, found.end) for found in experiences(plain, language)]
