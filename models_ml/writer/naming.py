"""How copy refers to the product: by its name, or as "this lamp"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models_ml.writer.facts import TITLE_KEY, Fact, title_speaks
from models_ml.writer.phrases import Part, bundle
from models_ml.writer.phrases_en import decapitalise, is_plural
from models_ml.writer.terms import Terms, fold

_TAIL = re.compile(r"\s*(?:[,，(（\[|]|\s[-–—/]\s|:\s).*$")
_SMALL = frozenset("a an and as at but by for from in of on or the to with".split())


@dataclass(frozen=True)
class Naming:
    """What the product is called. `name` is "" when the title cannot be said in this language.

    `named` are the facts whose values the name already tells; they need not be said again next to it.
    """

    name: str
    noun: str
    plural: bool
    named: frozenset[str]
    noun_keys: tuple[str, ...]

    @property
    def name_keys(self) -> tuple[str, ...]:
        return (TITLE_KEY, *sorted(self.named - {TITLE_KEY}))


def name_product(title: str, facts: Sequence[Fact], language: str) -> Naming:
    """Derive the naming from title and the type fact."""
    name = display_name(title) if title_speaks(title, language) else ""
    kinds = bundle(facts).get("type")
    noun = kinds.values[0] if kinds else ""
    if language == "en":
        noun = decapitalise(noun)
        plural = is_plural(noun or name)
    else:
        plural = False
    named = frozenset(
        fact.key
        for fact in facts
        if len(fact.value) > 1
        and any(True for _ in Terms((fact.value,)).find(fold(name), fold(name)))
    )
    return Naming(name, noun, plural, named, kinds.keys if kinds and noun else ())


def display_name(title: str) -> str:
    """The title as running text calls it: without what follows a comma or bracket, and never in capitals."""
    title = " ".join(title.split())
    short = _TAIL.sub("", title)
    title = short if len(short.split()) > 1 or (short and not short.isascii()) else title
    letters = [char for char in title if char.isalpha() and char.isascii()]
    if letters and all(char.isupper() for char in letters) and len(letters) > 4:
        words = title.lower().split()
        title = " ".join(
            word if index and word in _SMALL else _capital(word) for index, word in enumerate(words)
        )
    return title.strip(" ,.-")


def _capital(word: str) -> str:
    return "-".join(piece[:1].upper() + piece[1:] for piece in word.split("-"))


def unnamed(parts: Sequence[Part], naming: Naming) -> list[Part]:
    """The parts that the name does not tell already."""
    return [part for part in parts if not set(part.keys) <= naming.named]
