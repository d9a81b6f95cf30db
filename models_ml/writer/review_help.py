"""Help for a verified buyer who writes a review: questions and headings; the words stay theirs.

Nothing here may speak as somebody who used the product: invented reviews are unlawful.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.checks.wording import is_harmless
from models_ml.writer.experience import first_person_experience
from models_ml.writer.facts import Fact, claimable, key_info
from models_ml.writer.lexicon import rows
from models_ml.writer.naming import name_product

MOST_QUESTIONS = 5
_LONGEST_VALUE = 40


@dataclass(frozen=True)
class ReviewHelp:
    """Questions about what was bought, each with the key of its fact, and headings to fill."""

    product: str
    questions: tuple[str, ...]
    fact_keys: tuple[str, ...]
    outline: tuple[str, ...]


def review_help(title: str, facts: Sequence[Fact], language: str, seed: int = 0) -> ReviewHelp:
    """Questions and an outline from what was bought; the same seed asks the same questions.

    Raises ValueError for an unknown language.
    """
    chinese = language == "zh-hans"
    asked = {key: told[chinese] for key, *told in rows("review_questions")}
    usable = {
        key_info(fact.key).name: fact
        for fact in reversed(claimable(facts, language))
        if len(fact.text) <= _LONGEST_VALUE
        and is_harmless(fact.value, language)
        and not first_person_experience(fact.text, language)
    }
    names = [name for name in asked if name in usable]
    random.Random(f"{seed}|{title}").shuffle(names)
    chosen = names[:MOST_QUESTIONS]
    questions = [asked[name].format(value=usable[name].text) for name in chosen]
    naming = name_product(title, list(usable.values()), language)
    return ReviewHelp(
        product=naming.name or naming.noun,
        questions=tuple(questions),
        fact_keys=tuple(usable[name].key for name in chosen),
        outline=tuple(row[chinese] for row in rows("review_outline")),
    )
