"""Facts under one name that say different things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from models_ml.writer.facts import Fact, claimable, key_info
from models_ml.writer.phrases import NO, YES
from models_ml.writer.quantities import agree, quantities_of


@dataclass(frozen=True)
class Contradiction:
    """Two facts under one name that say different things; `is_certain` where both cannot hold."""

    first: Fact
    second: Fact
    is_certain: bool

    @property
    def keys(self) -> frozenset[str]:
        return frozenset((self.first.key, self.second.key))


def contradictions(facts: Sequence[Fact], language: str) -> list[Contradiction]:
    """Pairs of claimable facts whose keys mean the same and whose values differ.

    Different measures and yes beside no are certain; two colours may both be true.
    """
    by_name: dict[str, list[Fact]] = defaultdict(list)
    for fact in claimable(facts, language):
        by_name[key_info(fact.key).name].append(fact)
    return list(_pairs(by_name.values()))


def _pairs(groups: Iterable[list[Fact]]) -> Iterator[Contradiction]:
    for group in groups:
        for first, second in combinations(group, 2):
            one, other = first.text.casefold(), second.text.casefold()
            if one in other or other in one or _measures_agree(first, second):
                continue
            certain = _are_yes_and_no(one, other) or _are_measures(first, second)
            yield Contradiction(first, second, certain)


def _are_measures(first: Fact, second: Fact) -> bool:
    pairs = [(a, b) for a in quantities_of(first.text) for b in quantities_of(second.text)]
    return any(a.dimension == b.dimension and "code" not in (a.form, b.form) for a, b in pairs)


def _measures_agree(first: Fact, second: Fact) -> bool:
    pairs = [(a, b) for a in quantities_of(first.text) for b in quantities_of(second.text)]
    return any(agree(a, b) for a, b in pairs)


def _are_yes_and_no(one: str, other: str) -> bool:
    return (one in YES and other in NO) or (one in NO and other in YES)
