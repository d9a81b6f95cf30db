"""What tells one wording from another: n-grams, openings, the order of facts, sentences' length.

Whatever a fact says becomes a slot named after the fact's key, so that "made of oak" and "made of
linen" are one wording: a house style shows in few texts then.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from scipy.sparse import csr_matrix

from models_ml.writer.claims import claims, sentence_spans
from models_ml.writer.facts import Fact, key_info

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
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for text in texts:
        counts: Counter[int] = Counter()
        for name in _names(_slotted(text, facts, title, language), language):
            counts[_column(f"{language}|{name}")] += 1
        columns += counts.keys()
        # A wording said twice is no twice as strong sign of a style.
        values += np.sqrt(list(counts.values())).tolist()
        ends.append(len(columns))
    shape = (len(texts), DIMENSIONS)
    return csr_matrix((values, columns, ends), shape=shape, dtype=np.float64)


def _slotted(text: str, facts: Sequence[Fact], title: str, language: str) -> list[list[str]]:
    """Return the sentences of a text as units, with slots in place of what facts say."""
    found = claims(text, facts, title, language)
    pattern = _ENGLISH if language == "en" else _CHINESE
    sentences = []
    for start, end in sentence_spans(text):
        said, position = [], start
        for claim in found:
            if start <= claim.start and claim.end <= end and claim.is_supported:
                said += [text[position : claim.start], f" <{_slot(claim.fact_keys)}> "]
                position = claim.end
        plain = "".join([*said, text[position:end]]).lower()
        sentences.append(pattern.findall(plain))
    return sentences


def _slot(fact_keys: Sequence[str]) -> str:
    """Words of title and brand alike are the title's: what is named, not what is told of it."""
    return "title" if "title" in fact_keys else key_info(fact_keys[0]).name


def _names(sentences: Sequence[Sequence[str]], language: str) -> Iterator[str]:
    first: dict[str, int] = {}
    for place, sentence in enumerate(sentences):
        framed = ["^", *sentence, "$"]
        for size in range(1, _LONGEST_NGRAM + 1):
            for start in range(len(framed) - size + 1):
                yield " ".join(framed[start : start + size])
        yield f"opens {min(place, _LAST_PLACE)} {' '.join(sentence[:2])}"
        for unit in sentence:
            if unit.startswith("<"):
                first.setdefault(unit, place)
        for most in _LONG[language]:
            if len(sentence) > most:
                yield f"longer than {most}"
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
