"""Texts that people decided, and other wordings of the same facts that nobody saw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.facts import Fact, is_brand
from models_ml.writer.realiser import NotEnoughFacts, write
from models_ml.writer.terms import Terms

CANDIDATES = 32
"""Texts to choose among, which take 40 ms. The third version of three scripted styles left 4.4, 2.3
and 3.4 edits a text with 16 of them, 3.9, 1.4 and 3.1 with 32."""
SEED_STEP = 1_000_000_007
"""Between the seeds of candidates: no product's numbers reach so far."""
HELD_OUT_SHARE = 0.25


@dataclass(frozen=True)
class Decided:
    """One text that a person decided: `published` is None for a rejected one.

    `product` is whatever tells products apart; it says which of them measure.
    """

    product: str
    kind: str
    language: str
    title: str
    facts: tuple[Fact, ...]
    written: str
    published: str | None

    @property
    def is_edited(self) -> bool:
        return self.published is not None and self.published != self.written

    @property
    def is_held_out(self) -> bool:
        """Whether its product is one of those that measure; the same in every version's data."""
        digest = hashlib.sha256(self.product.encode()).digest()
        return int.from_bytes(digest[:4]) / 2**32 < HELD_OUT_SHARE


def candidate_seeds(seed: int, count: int) -> list[int]:
    """Return the seeds of `count` wordings, `seed` itself first."""
    return [seed + SEED_STEP * number for number in range(count)]


def other_texts(row: Decided, count: int) -> list[str]:
    """Return wordings of the same facts that the person did not see, each once; may be fewer."""
    seed = int.from_bytes(hashlib.sha256(row.product.encode()).digest()[4:8])
    texts: dict[str, None] = {}
    for one in candidate_seeds(seed, count):
        try:
            written = write(
                row.kind, title=row.title, facts=row.facts, language=row.language, seed=one
            )
        except NotEnoughFacts:
            return []
        texts[written.text] = None
    texts.pop(row.written, None)
    return list(texts)


def brands_of(rows: Sequence[Decided]) -> Terms:
    """Return every brand in the data: a brand that a product has not is a claim nothing carries."""
    return Terms(
        {fact.value for row in rows for fact in row.facts if is_brand(fact) and len(fact.value) > 1}
    )


def count_decisions(rows: Sequence[Decided]) -> dict[str, int]:
    """Return how many texts and products there are, and what people decided."""
    return {
        "texts": len(rows),
        "products": len({row.product for row in rows}),
        "approved": sum(row.published == row.written for row in rows),
        "edited": sum(row.is_edited for row in rows),
        "rejected": sum(row.published is None for row in rows),
    }
