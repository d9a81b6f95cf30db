"""The builtin writer: a grammar over facts. It says nothing that no fact says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from models_ml.writer import compose_en, compose_zh, phrases_en, phrases_zh, plan
from models_ml.writer.checks.form import LENGTHS, measure
from models_ml.writer.checks.wording import is_harmless
from models_ml.writer.facts import (
    NEEDED,
    Fact,
    claimable,
    is_brand,
    key_info,
    missing_facts,
    wanted_facts,
)
from models_ml.writer.naming import Naming, name_product
from models_ml.writer.phrases import Part, Written

WRITER = "builtin"
VERSION = "2"
"""Raised with every change of the grammar that changes what a seed writes."""


class NotEnoughFacts(Exception):
    """The facts are too thin for this kind; `missing` are the keys that would be enough."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"facts wanted: {', '.join(missing)}")
        self.missing = tuple(missing)


@dataclass(frozen=True)
class Sentence:
    """`Draft.text[start:end]` with the keys of the facts it tells, "title" for the title."""

    text: str
    start: int
    end: int
    fact_keys: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """Copy as one writer wrote it."""

    text: str
    sentences: tuple[Sentence, ...]
    writer: str = WRITER
    version: str = VERSION


_LEAST_PARTS = {"short_description": 1, "description": 2}
"""What must be left to tell after facts that say nothing in prose ("pack of 1", "no warranty")."""
_GRAMMARS = {"en": (phrases_en, compose_en), "zh-hans": (phrases_zh, compose_zh)}


def write(
    kind: str,
    *,
    title: str,
    facts: Sequence[Fact],
    language: str,
    seed: int,
    from_few_facts: bool = False,
) -> Draft:
    """Write `kind` in `language` from facts; the same seed and facts give the same text.

    Raises NotEnoughFacts when they are too thin, ValueError for an unknown kind or language. With
    `from_few_facts` they are too thin only where they leave nothing to tell.
    """
    missing = missing_facts(kind, facts, language, title)
    if missing and not from_few_facts:
        raise NotEnoughFacts(missing)
    usable = [fact for fact in claimable(facts, language) if is_harmless(fact.value, language)]
    rng = random.Random("|".join([str(seed), kind, language, title, *_stated(usable)]))
    naming = name_product(title, usable, language)
    phrases, compose = _GRAMMARS[language]
    untold = [fact for fact in usable if is_brand(fact) or not naming.says(fact)]
    is_durable = any(key_info(fact.key).name == "material" for fact in usable)
    parts = plan.by_weight(phrases.parts(untold, rng, is_durable=is_durable), rng)
    prose = [part for part in parts if part.is_prose]
    tellable = sum(1 for part in prose if part.name != "brand")
    least = _LEAST_PARTS[kind]
    if tellable < least and not (from_few_facts and usable):
        raise NotEnoughFacts(wanted_facts(facts, language, NEEDED[kind] - tellable))
    if kind == "short_description" and prose:
        written = [compose.one_sentence(prose, naming, rng)]
    else:
        written = _describe(prose, naming, rng, compose) if prose else [compose.bare(naming)]
    if kind == "description":
        written += compose.details([part for part in parts if not part.is_prose], rng)
    return _draft(_fitting(written, LENGTHS[kind, language].most, language), compose.BETWEEN)


def _stated(facts: Sequence[Fact]) -> list[str]:
    """Products of one name differ in their facts, and should in their wording."""
    return [f"{fact.key}={fact.text}" for fact in facts]


def _fitting(written: Sequence[Written], most: int, language: str) -> list[Written]:
    """As many sentences as fit the page; the last ones tell what a table tells as well."""
    kept, size = [], 0
    for text, keys in written:
        size += measure(text, language)
        if kept and size > most:
            break
        kept.append((text, keys))
    return kept


def _describe(
    parts: Sequence[Part], naming: Naming, rng: random.Random, compose: ModuleType
) -> list[Written]:
    first, rest = compose.opening(parts, naming, rng, plan.first_share(parts))
    written, starts = [first], [first[0].split()[0].lower()]
    for group in plan.sentences(rest, rng):
        sentence = compose.follow_up(group, naming, rng, starts)
        starts.append(sentence[0].split()[0].lower())
        written.append(sentence)
    return written


def _draft(written: Sequence[Written], between: str) -> Draft:
    sentences, position = [], 0
    for text, keys in written:
        sentences.append(Sentence(text, position, position + len(text), keys))
        position += len(text) + len(between)
    return Draft(between.join(text for text, _ in written), tuple(sentences))
