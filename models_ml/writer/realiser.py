"""The builtin writer: a grammar over facts. It says nothing that no fact says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer import compose_en, compose_zh, phrases_en, phrases_zh
from models_ml.writer.checks.wording import is_harmless
from models_ml.writer.facts import Fact, claimable, missing_facts
from models_ml.writer.naming import Naming, name_product
from models_ml.writer.phrases import GROUPS, Part

WRITER = "builtin"
VERSION = "1"
"""Raised with every change of the grammar that changes what a seed writes."""

_MOST_SENTENCES = 4
_MOST_TOLD = 12
"""Facts in one description; past that a shopper reads a table better than prose."""


class NotEnoughFacts(Exception):
    """The facts are too thin for this kind; `missing` are the keys that would be enough."""

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"facts wanted: {', '.join(missing)}")
        self.missing = tuple(missing)


@dataclass(frozen=True)
class Sentence:
    """`Draft.text[start:end]` with the keys of the facts it tells ("title" for the product's title)."""

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


def write(kind: str, *, title: str, facts: Sequence[Fact], language: str, seed: int) -> Draft:
    """Write `kind` in `language` from facts; the same seed and facts give the same text.

    Raises NotEnoughFacts when they are too thin, ValueError for an unknown kind or language.
    """
    missing = missing_facts(kind, facts, language, title)
    if missing:
        raise NotEnoughFacts(missing)
    usable = [fact for fact in claimable(facts, language) if is_harmless(fact.value, language)]
    rng = random.Random(f"{seed}|{kind}|{language}|{title}")
    naming = name_product(title, usable, language)
    grammar, composer = (
        (phrases_zh, compose_zh) if language == "zh-hans" else (phrases_en, compose_en)
    )
    parts = grammar.parts(usable, rng)
    if kind == "short_description":
        written = [composer.one_sentence(_by_weight(parts, rng), naming, rng)]
    else:
        written = _describe(_by_weight(parts, rng)[:_MOST_TOLD], naming, rng, composer)
    return _draft(written, "" if language == "zh-hans" else " ")


def _by_weight(parts: Sequence[Part], rng: random.Random) -> list[Part]:
    return sorted(parts, key=lambda part: -part.weight * rng.uniform(0.7, 1.3))


def _describe(
    parts: Sequence[Part], naming: Naming, rng: random.Random, composer
) -> list[compose_en.Written]:
    told = len([part for part in parts if part.name != "brand"])
    first, rest = composer.opening(parts, naming, rng, 1 if told <= 3 else 2)
    written, starts = [first], {first[0].split()[0].lower()}
    for group in _sentences(rest, rng):
        sentence = composer.follow_up(group, naming, rng, starts)
        starts.add(sentence[0].split()[0].lower())
        written.append(sentence)
    return written


def _sentences(parts: Sequence[Part], rng: random.Random) -> list[list[Part]]:
    """Distribute parts over the sentences that are left, neighbours in telling order together."""
    ordered = sorted(parts, key=lambda part: (bool(part.sentence), GROUPS.index(part.group)))
    if not ordered:
        return []
    room = min(_MOST_SENTENCES - 1, max(1, -(-len(ordered) // 3)))
    groups: list[list[Part]] = []
    for part in ordered:
        fits = (
            groups and len(groups[-1]) < 3 and bool(groups[-1][0].sentence) == bool(part.sentence)
        )
        if fits and (
            len(groups) >= room or groups[-1][0].group == part.group or rng.random() < 0.5
        ):
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups[: _MOST_SENTENCES - 1]


def _draft(written: Sequence[compose_en.Written], between: str) -> Draft:
    sentences, position = [], 0
    for text, keys in written:
        sentences.append(Sentence(text, position, position + len(text), keys))
        position += len(text) + len(between)
    return Draft(between.join(text for text, _ in written), tuple(sentences))
