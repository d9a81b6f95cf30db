"""What both grammars share: a fact made sayable as parts of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from models_ml.writer.facts import Fact, has_han, key_info

YES = frozenset({"yes", "true", "y", "是", "有", "支持", "可以", "可"})
NO = frozenset({"no", "false", "n", "否", "没有", "不支持", "不可"})
LENGTH_KEYS = ("length", "width", "height", "depth")
GROUPS = ("identity", "look", "cut", "measure", "power", "taste", "other", "use", "pack", "care")
"""The order in which copy tells things."""

_WEIGHT = {
    "material": 3.0,
    "colour": 2.5,
    "suitable_for": 2.5,
    "feature": 2.5,
    "type": 0.0,
    "category": 0.0,
}
_GROUP_WEIGHT = {
    "look": 2.0,
    "measure": 2.0,
    "power": 2.0,
    "taste": 2.5,
    "use": 2.0,
    "cut": 1.8,
    "pack": 1.5,
    "other": 0.5,
}


Written = tuple[str, tuple[str, ...]]
"""A sentence and the keys of the facts it tells."""


@dataclass(frozen=True)
class Part:
    """One or more facts as pieces of a sentence; an empty piece cannot be said that way.

    `predicate` follows a subject, `possessed` stands in a list after "has", `adjective` in one
    after "is", `front` opens a sentence, `modifier` attaches to the noun, `sentence` stands alone.
    A part with nothing but a `detail` is told only where copy owes every fact.
    """

    keys: tuple[str, ...]
    name: str
    group: str
    value: str = ""
    predicate: str = ""
    possessed: str = ""
    adjective: str = ""
    front: str = ""
    modifier: str = ""
    sentence: str = ""
    detail: str = ""

    @property
    def is_prose(self) -> bool:
        """Whether the fact reads well in a sentence."""
        return bool(
            self.predicate or self.possessed or self.adjective or self.modifier or self.sentence
        )

    @property
    def weight(self) -> float:
        """How much a shopper misses it when there is no room for everything."""
        return _WEIGHT.get(self.name, _GROUP_WEIGHT.get(self.group, 1.0))


@dataclass(frozen=True)
class Bundle:
    """The facts of one canonical key, with their values as the grammar cleaned them."""

    name: str
    group: str
    keys: tuple[str, ...]
    values: tuple[str, ...]

    def part(self, value: str, predicate: str = "", **pieces: str) -> Part:
        """These facts as a part that says `value`."""
        return Part(self.keys, self.name, self.group, value, predicate, **pieces)

    def silent(self, detail: str = "") -> Part:
        """A part that no sentence of praise would tell: "no warranty", "pack of 1"."""
        return Part(self.keys, self.name, self.group, detail=detail or self.listed)

    @property
    def listed(self) -> str:
        """Key and values side by side, as in a table."""
        key = re.sub(r"\s+", " ", self.keys[0].replace("_", " ")).strip()
        values = ", ".join(value.strip(" .,;") for value in self.values)
        return f"{key}：{values}" if has_han(key) else f"{key.lower()}: {values}"


def bundle(facts: Iterable[Fact]) -> dict[str, Bundle]:
    """Group facts by key, in their order, under the canonical name.

    Where a catalogue has two keys of one meaning ("contents", "packed"), the second comes under
    "name 2", unless it
    only says the same again.
    """
    grouped: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        grouped.setdefault((key_info(fact.key).name, fact.key), []).append(fact)
    bundles: dict[str, Bundle] = {}
    for (name, key), members in grouped.items():
        values = tuple(fact.text for fact in members)
        same = [other for other in bundles.values() if other.name == name]
        if any(set(map(str.lower, values)) <= set(map(str.lower, other.values)) for other in same):
            continue
        label = f"{name} {len(same) + 1}" if same else name
        bundles[label] = Bundle(name, key_info(key).group, (key,), values)
    return bundles


def split_list(value: str) -> list[str]:
    """The members of a listed value such as "red, yellow, blue"."""
    parts = [part.strip() for part in re.split(r"\s*[,;、，；]\s*|\s*\|\s*", value)]
    return [part for part in dict.fromkeys(parts) if part]
