"""What tells one wording from another: n-grams, openings, the order of facts, sentences' length.

Whatever a fact says becomes a slot named after the fact's key, so that "made of oak" and "made of
linen" are one wording: a house style shows in few texts then.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from models_ml.writer.claims import sentence_spans
from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import Fact, key_info
from models_ml.writer.quantities import find_quantities

DIMENSIONS = 1 << 14
_LONGEST_NGRAM = 3
_ENGLISH = re.compile(r"<[^>]*>|\w+(?:['’]\w+)?|[^\w\s]")
_CHINESE = re.compile(r"<[^>]*>|[A-Za-z0-9]+|\S")
_LONG = {"en": (6, 9, 12, 15, 18), "zh-hans": (10, 15, 20, 25, 35)}
_LAST_PLACE = 3


def feature_rows(
    texts: Sequence[str], *, facts: Sequence[Fact], title: str, language: str
) -> csr_matrix:
    """Return one row of hashed features per text, shape (len(texts), DIMENSIONS)."""
    reader = _Reader(facts, title, language)
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for text in texts:
        counts = reader.counts(text)
        columns += counts.keys()
        # A wording said twice is no twice as strong sign of a style.
        values += np.sqrt(list(counts.values())).tolist()
        ends.append(len(columns))
    shape = (len(texts), DIMENSIONS)
    return csr_matrix((values, columns, ends), shape=shape, dtype=np.float64)


@dataclass(frozen=True)
class _Sentence:
    """A sentence's columns wherever it stands, its first words and the slots it tells, in order."""

    columns: tuple[int, ...]
    opening: str
    slots: tuple[str, ...]


class _Reader:
    """Reads the texts about one product; many share sentences, and each is read once."""

    def __init__(self, facts: Sequence[Fact], title: str, language: str) -> None:
        self._evidence = Evidence(facts, title)
        self._own = {fact.key for fact in facts if fact.language in ("", language)}
        self._language = language
        self._known: dict[str, _Sentence] = {}

    def counts(self, text: str) -> Counter[int]:
        """Return how often each column's feature shows."""
        sentences = [self._sentence(text[start:end]) for start, end in sentence_spans(text)]
        counts: Counter[int] = Counter()
        for sentence in sentences:
            counts.update(sentence.columns)
        counts.update(self._column(name) for name in _names_of_order(sentences))
        return counts

    def _column(self, name: str) -> int:
        return _column(f"{self._language}|{name}")

    def _sentence(self, said: str) -> _Sentence:
        if said not in self._known:
            units = self._units(said)
            self._known[said] = _Sentence(
                columns=tuple(map(self._column, _names_of_words(units, self._language))),
                opening=" ".join(units[:2]),
                slots=tuple(dict.fromkeys(unit for unit in units if unit.startswith("<"))),
            )
        return self._known[said]

    def _units(self, said: str) -> list[str]:
        """Return the words of a sentence, with slots in place of what facts say."""
        parts, position = [], 0
        for start, end, keys in self._told(said):
            if start >= position:
                parts += [said[position:start], f" <{self._slot(keys)}> "]
                position = end
        pattern = _ENGLISH if self._language == "en" else _CHINESE
        found: list[str] = pattern.findall("".join([*parts, said[position:]]).lower())
        return found

    def _told(self, said: str) -> list[tuple[int, int, Sequence[str]]]:
        """Return what facts tell in a sentence, from left to right, the longer first."""
        told: list[tuple[int, int, Sequence[str]]] = [
            (start, end, self._evidence.keys_of_value(value))
            for start, end, value in self._evidence.value_terms.find(said)
        ]
        for quantity in find_quantities(said):
            support = self._evidence.support(quantity)
            if support.status == "stated":
                told.append((quantity.start, quantity.end, support.keys))
        return sorted((one for one in told if one[2]), key=lambda one: (one[0], -one[1]))

    def _slot(self, keys: Sequence[str]) -> str:
        """Words of title and brand alike are the title's: what is named, not what is told."""
        if "title" in keys:
            return "title"
        return key_info(min(keys, key=lambda key: key not in self._own)).name


def _names_of_words(units: Sequence[str], language: str) -> Iterator[str]:
    framed = ["^", *units, "$"]
    for size in range(1, _LONGEST_NGRAM + 1):
        for start in range(len(framed) - size + 1):
            yield " ".join(framed[start : start + size])
    for most in _LONG[language]:
        if len(units) > most:
            yield f"longer than {most}"


def _names_of_order(sentences: Sequence[_Sentence]) -> Iterator[str]:
    first: dict[str, int] = {}
    for place, sentence in enumerate(sentences):
        yield f"opens {min(place, _LAST_PLACE)} {sentence.opening}"
        for slot in sentence.slots:
            first.setdefault(slot, place)
    slots = list(first)
    for number, slot in enumerate(slots):
        yield f"place {min(first[slot], _LAST_PLACE)} {slot}"
        yield f"place {min(len(sentences) - 1 - first[slot], _LAST_PLACE)} from the end {slot}"
        for later in slots[number + 1 :]:
            yield f"{slot} before {later}"
    yield f"sentences {min(len(sentences), 8)}"


@lru_cache(maxsize=1 << 16)
def _column(name: str) -> int:
    return zlib.crc32(name.encode()) % DIMENSIONS
