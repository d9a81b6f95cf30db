"""Guards the line between copy and reviews: invented first-person experience is never generated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from models_ml.writer.facts import has_han
from models_ml.writer.lexicon import rows
from models_ml.writer.terms import fold


@cache
def _pattern(table: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{cells[0]})" for cells in rows(table)))


def first_person_experience(
    text: str, language: str, known: Iterable[str] = ()
) -> list[tuple[int, int]]:
    """Where `text` speaks as somebody who bought or used the product; empty when nowhere.

    Text of any writer in either language; quotes count too. `known` are the product's own names
    ("I Love Mum" on a mug), which say nothing of their own.
    """
    plain = fold(text)
    for name in sorted(known, key=len, reverse=True):
        if len(name) > 1:
            plain = re.sub(re.escape(fold(name)), lambda found: " " * len(found[0]), plain)
    tables = ["experience_zh"] if language == "zh-hans" or has_han(text) else []
    tables += ["experience_en"]
    found = [match.span() for table in tables for match in _pattern(table).finditer(plain)]
    return sorted(found)
