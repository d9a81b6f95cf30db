"""The builtin writer: a grammar over facts. It says nothing that no fact says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from models_ml.writer import compose_en, compose_zh, kinds, phrases_en, phrases_zh, plan
from models_ml.writer.checks.injection import poisoned
from models_ml.writer.checks.lengths import LENGTHS, measure
from models_ml.writer.checks.wording import is_harmless
from models_ml.writer.english import american
from models_ml.writer.experience import first_person_experience
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


_LEAST_PARTS = {"description": 2, "guide": 2} | {kind: n for kind, (n, _) in kinds.COUNTS.items()}
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
    voice: str = "",
    market: str = "",
    channel: str = "",
    most: int = 0,
) -> Draft:
    """Write `kind` in `language` from facts; the same seed and facts give the same text.

    With `from_few_facts` they are too thin only where they leave nothing to tell. A `voice` moves
    the stress ("gift", "value", "expert"), never what is said; the `market` "US" spells English its
    way. A push is written for a `channel`, in at most `most` characters. Raises NotEnoughFacts when
    the facts are too thin, ValueError for an unknown kind, language, voice or channel, and
    `kinds.TooShort` when nothing fits.
    """
    return write_wordings(
        kind,
        title=title,
        facts=facts,
        language=language,
        seeds=[seed],
        from_few_facts=from_few_facts,
        voice=voice,
        market=market,
        channel=channel,
        most=most,
    )[0]


def write_wordings(
    kind: str,
    *,
    title: str,
    facts: Sequence[Fact],
    language: str,
    seeds: Sequence[int],
    from_few_facts: bool = False,
    voice: str = "",
    market: str = "",
    channel: str = "",
    most: int = 0,
) -> list[Draft]:
    """Write as `write` does with each of the seeds, each text once, the first seed's first.

    What the seeds share is worked out once. Raises like `write` for the first seed; another that
    comes to nothing is left out.
    """
    missing = missing_facts(kind, facts, language, title)
    if missing and not from_few_facts:
        raise NotEnoughFacts(missing)
    usable = [fact for fact in claimable(facts, language) if _is_quotable(fact, language)]
    naming = name_product(title, usable, language)
    brief = Brief(kind, usable, language, voice, channel, most, naming)
    stated = [kind, language, title, *_stated(usable)]
    drafts: dict[str, Draft] = {}
    for seed in seeds:
        rng = random.Random("|".join([str(seed), *stated]))
        try:
            written = _realise(brief, rng, from_few_facts)
        except (NotEnoughFacts, kinds.TooShort):
            if not drafts:
                raise
            continue
        if market.upper() == "US" and language == "en":
            written = [(american(text), keys) for text, keys in written]
        draft = _draft(written, kinds.between(kind, language))
        drafts.setdefault(draft.text, draft)
    return list(drafts.values())


def _is_quotable(fact: Fact, language: str) -> bool:
    """Whether copy may repeat the value: no banned word, no instruction, nobody's experience."""
    if not is_harmless(fact.value, language) or poisoned([fact]):
        return False
    return is_brand(fact) or not first_person_experience(fact.value, language)


@dataclass(frozen=True)
class Brief:
    """What is to be written, about which facts."""

    kind: str
    facts: Sequence[Fact]
    language: str
    voice: str
    channel: str
    most: int
    naming: Naming


def _realise(brief: Brief, rng: random.Random, from_few_facts: bool) -> list[Written]:
    kind, language, naming = brief.kind, brief.language, brief.naming
    phrases, compose = _GRAMMARS[language]
    untold = [fact for fact in brief.facts if is_brand(fact) or not naming.says(fact)]
    is_durable = any(key_info(fact.key).name == "material" for fact in brief.facts)
    parts = phrases.parts(untold, rng, is_durable=is_durable)
    parts = plan.by_weight(parts, rng, plan.stress(brief.voice))
    prose = [part for part in parts if part.is_prose]
    tellable = sum(1 for part in prose if part.name != "brand")
    if tellable < _LEAST_PARTS.get(kind, 1) and not (from_few_facts and brief.facts):
        raise NotEnoughFacts(wanted_facts(brief.facts, language, NEEDED[kind] - tellable))
    if kind in kinds.KINDS:
        return _of_other_kind(brief, kinds.Telling(parts, naming, language, compose, rng))
    if kind == "short_description" and prose:
        written = [compose.one_sentence(prose, naming, rng)]
    else:
        written = _describe(prose, naming, rng, compose) if prose else [compose.bare(naming)]
    if kind == "description":
        written += compose.details([part for part in parts if not part.is_prose], rng)
    return _fitting(written, LENGTHS[kind, language].most, language)


def _of_other_kind(brief: Brief, telling: kinds.Telling) -> list[Written]:
    if brief.kind == "push":
        return kinds.push(telling, brief.channel, brief.most)
    written = kinds.COMPOSED[brief.kind](telling)
    least = _LEAST_PARTS.get(brief.kind, 1)
    if len(written) < least:
        raise NotEnoughFacts(wanted_facts(brief.facts, brief.language, least - len(written)))
    return written


def _stated(facts: Sequence[Fact]) -> list[str]:
    """Products of one name differ in their facts, and should in their wording."""
    return [f"{fact.key}={fact.text}" for fact in facts]


def _fitting(written: Sequence[Written], most: int, language: str) -> list[Written]:
    """As many sentences as fit the page; the last ones tell what a table tells as well."""
    kept: list[Written] = []
    size = 0
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
