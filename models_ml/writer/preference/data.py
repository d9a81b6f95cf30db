"""Texts that people decided, and other wordings of the same facts that nobody saw."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.facts import Fact, is_brand
from models_ml.writer.realiser import NotEnoughFacts, write_wordings
from models_ml.writer.terms import Terms

SEED_STEP = 1_000_000_007
"""Between the seeds of candidates: no product's numbers reach so far."""
HELD_OUT_SHARE = 0.25
"""Of all products: no model learns from them, and every model is measured on them."""
KEPT_BACK_SHARE = 0.15
"""Of all products: language models learn nothing from them. They say when such a model is good, and
what its word counts beside the house's taste: of texts that it learned it thinks too well."""

LEAST_PROSE = 50
"""Texts of copy that a language model must have to learn from. On the generated shop 25 of them,
with titles and facts, saved 0.11 bits a piece on held-out products in 250 steps (95 % interval 0.05
to 0.16), and 106 of them 0.14 in 454 steps (0.10 to 0.18): twice the fewer is on the safe side."""


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
        return is_held_out(self.product)


@dataclass(frozen=True)
class ShopText:
    """Something a shop says of a product: copy as it was approved or came in (`is_prose`), or a
    title or attributes.
    """

    product: str
    text: str
    is_prose: bool


@dataclass(frozen=True)
class Subject:
    """A product to write about, without any text."""

    product: str
    language: str
    title: str
    facts: tuple[Fact, ...]


def is_held_out(product: str) -> bool:
    """Whether it is one of the products that measure."""
    return _place(product) < HELD_OUT_SHARE


def is_kept_back(product: str) -> bool:
    """Whether language models learn nothing from it although it is not held out."""
    return HELD_OUT_SHARE <= _place(product) < HELD_OUT_SHARE + KEPT_BACK_SHARE


def _place(product: str) -> float:
    """Where its key alone puts it between 0 and 1, in every version's data."""
    return int.from_bytes(hashlib.sha256(product.encode()).digest()[:4]) / 2**32


def candidate_seeds(seed: int, count: int) -> list[int]:
    """Return the seeds of `count` wordings, `seed` itself first."""
    return [seed + SEED_STEP * number for number in range(count)]


def other_texts(row: Decided, count: int) -> list[str]:
    """Return wordings of the same facts that the person did not see, each once; may be fewer."""
    seed = int.from_bytes(hashlib.sha256(row.product.encode()).digest()[4:8])
    try:
        written = write_wordings(
            row.kind,
            title=row.title,
            facts=row.facts,
            language=row.language,
            seeds=candidate_seeds(seed, count),
        )
    except NotEnoughFacts:
        return []
    return [one.text for one in written if one.text != row.written]


def brands_of(rows: Sequence[Decided] | Sequence[Subject]) -> Terms:
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
