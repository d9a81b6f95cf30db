"""What both grammars share: a fact made sayable as parts of a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from models_ml.writer.facts import Fact, key_info

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
}


@dataclass(frozen=True)
class Part:
    """One or more facts as pieces of a sentence; an empty piece means that it cannot be said that way.

    `predicate` follows a subject, `possessed` stands in a list after "has", `adjective` in a list after "is",
    `front` opens a sentence, `modifier` attaches to the noun, `sentence` stands alone.
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


def bundle(facts: Iterable[Fact]) -> dict[str, Bundle]:
    """Group facts by canonical key, in their order."""
    grouped: dict[str, list[Fact]] = {}
    for fact in facts:
        grouped.setdefault(key_info(fact.key).name, []).append(fact)
    return {
        name: Bundle(
            name,
            key_info(members[0].key).group,
            tuple(dict.fromkeys(fact.key for fact in members)),
            tuple(fact.text for fact in members),
        )
        for name, members in grouped.items()
    }


def split_list(value: str) -> list[str]:
    """The members of a listed value such as "red, yellow and blue"; a phrase with a comma in it may be one too."""
    parts = [part.strip() for part in re.split(r"\s*[,;、，；]\s*|\s*\|\s*", value)]
    return [part for part in dict.fromkeys(parts) if part]
