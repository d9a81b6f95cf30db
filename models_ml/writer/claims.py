"""The claims a text makes, each with the facts that carry it, for text of any author."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from models_ml.writer.concepts import KINDS_OF_CONCEPT, concept_table
from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import Fact
from models_ml.writer.quantities import find_quantities
from models_ml.writer.terms import Terms, fold, terms_of

_SENTENCE = re.compile(r"[^.!?。！？\n]+(?:\.(?=\d)[^.!?。！？\n]*)*(?:[.!?。！？]+[\"”’]?|\n|$)")


@dataclass(frozen=True)
class Claim:
    """`text[start:end]` states something. Without `fact_keys` nothing supports it.

    `kind` is "quantity", "brand", "material", "colour", "origin" or "value" (the words of some
    fact).
    """

    start: int
    end: int
    text: str
    fact_keys: tuple[str, ...]
    kind: str

    @property
    def is_supported(self) -> bool:
        return bool(self.fact_keys)


@dataclass(frozen=True)
class SentenceClaims:
    """One sentence of a text with its claims; `fact_keys` are those of all its claims, in order."""

    start: int
    end: int
    claims: tuple[Claim, ...]

    @property
    def fact_keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key for claim in self.claims for key in claim.fact_keys))

    @property
    def unsupported(self) -> tuple[Claim, ...]:
        return tuple(claim for claim in self.claims if not claim.fact_keys)


def claims(
    text: str,
    facts: Sequence[Fact],
    title: str,
    language: str,
    brands: Collection[str] | Terms = (),
) -> list[Claim]:
    """The claims in `text`, left to right; where two overlap the longer one stands.

    Words of a fact in another language count too: a Chinese text may carry an English brand.
    Among a claim's keys those of facts in `language` come first.
    """
    evidence = Evidence(facts, title)
    folded = fold(text)
    found = [
        *_quantities(text, evidence),
        *_values(text, folded, evidence),
        *_brands(text, folded, evidence, terms_of(brands)),
        *_concepts(text, folded, evidence),
    ]
    chosen: list[Claim] = []
    taken = bytearray(len(text))
    for claim in sorted(found, key=lambda claim: (claim.start - claim.end, not claim.fact_keys)):
        if not any(taken[claim.start : claim.end]):
            taken[claim.start : claim.end] = b"\x01" * (claim.end - claim.start)
            chosen.append(claim)
    own = {fact.key for fact in facts if fact.language in ("", language)}
    return [_own_first(claim, own) for claim in sorted(chosen, key=lambda claim: claim.start)]


def _own_first(claim: Claim, own: set[str]) -> Claim:
    keys = tuple(sorted(claim.fact_keys, key=lambda key: key not in own))
    return Claim(claim.start, claim.end, claim.text, keys, claim.kind)


def sentence_claims(text: str, found: Sequence[Claim]) -> list[SentenceClaims]:
    """The sentences of `text`, each with the claims that lie in it."""
    return [
        SentenceClaims(start, end, tuple(claim for claim in found if start <= claim.start < end))
        for start, end in sentence_spans(text)
    ]


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Start and end of each sentence or line, without the white space around it."""
    spans = []
    for match in _SENTENCE.finditer(text):
        sentence = match.group()
        start = match.start() + len(sentence) - len(sentence.lstrip())
        if sentence.strip():
            spans.append((start, start + len(sentence.strip())))
    return spans


def _quantities(text: str, evidence: Evidence) -> Iterator[Claim]:
    for said in find_quantities(text):
        support = evidence.support(said)
        keys = support.keys if support.status == "stated" else ()
        yield Claim(said.start, said.end, said.text, keys, "quantity")


def _values(text: str, folded: str, evidence: Evidence) -> Iterator[Claim]:
    for start, end, value in evidence.value_terms.find(text, folded):
        yield Claim(start, end, text[start:end], evidence.keys_of_value(value), "value")


def _brands(text: str, folded: str, evidence: Evidence, known: Terms) -> Iterator[Claim]:
    for start, end, brand in known.find(text, folded):
        said = text[start:end]
        if not (said.islower() and not brand.islower()):
            yield Claim(start, end, said, evidence.keys_containing(said), "brand")


def _concepts(text: str, folded: str, evidence: Evidence) -> Iterator[Claim]:
    for kind in KINDS_OF_CONCEPT:
        for mention in concept_table(kind).find(text, folded):
            keys = evidence.keys_of_concept(kind, mention.concept)
            if keys or not mention.doubtful:
                said = text[mention.start : mention.end]
                yield Claim(mention.start, mention.end, said, keys, kind)
