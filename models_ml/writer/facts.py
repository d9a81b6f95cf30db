"""What a product's copy may claim: facts, their keys, and whether there are enough of them."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from models_ml.writer.lexicon import rows, words

LANGUAGES = ("en", "zh-hans")
KINDS = (
    "short_description",
    "description",
    "title",
    "bullets",
    "faq",
    "guide",
    "campaign",
    "push",
)
TITLE_KEY = "title"
"""The key under which a sentence cites the product's title."""

LONGEST_VALUE = 80
"""Longer values are prose of someone else: they are evidence, but are not woven in."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN_WORD = re.compile(r"[A-Za-z]{2,}")
_EMPTY = frozenset(("", *words("na|n/a|nil|none|null|-|--|?|other|others|无|暂无|其他")))
_NOTHING = re.compile(r"(?:n/?a|nil)(?:\s+\w{1,6})?|0+(?:\.0+)?\s*[a-z.\"']{0,6}", re.IGNORECASE)
_PARENTHESES = re.compile(r"\s*[(（\[][^)）\]]*[)）\]]\s*")
_MARKUP = re.compile(r"[<>{}\[\]\x00-\x08\x0b-\x1f]|https?:|www\.|@|\d{7,}", re.IGNORECASE)


@dataclass(frozen=True)
class Fact:
    """One attribute of a product; `language` is "" when the value reads the same in each."""

    key: str
    value: str
    unit: str = ""
    language: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        if self.language and self.language not in LANGUAGES:
            raise ValueError(
                f"fact {self.key!r}: language {self.language!r} is none of {', '.join(LANGUAGES)}"
            )

    @cached_property
    def hash(self) -> str:
        """SHA-256 over what the fact says; the source is left out, for it changes nothing said."""
        said = json.dumps([self.key, self.value, self.unit, self.language], ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()

    @property
    def text(self) -> str:
        """Value and unit as one would read them out."""
        return f"{self.value} {self.unit}".strip()


class KeyInfo(NamedTuple):
    """What the writer knows of a fact's key; `group` is "other" for a key it has never seen."""

    name: str
    group: str
    traits: frozenset[str]
    label_en: str
    label_zh: str


def _key_table() -> tuple[dict[str, KeyInfo], dict[str, KeyInfo]]:
    by_name: dict[str, KeyInfo] = {}
    by_alias: dict[str, KeyInfo] = {}
    for name, group, traits, english, chinese, label_en, label_zh in rows("keys"):
        info = KeyInfo(name, group, frozenset(traits.split()), label_en, label_zh)
        by_name[name] = info
        for alias in (name.replace("_", " "), *words(english), *words(chinese)):
            by_alias.setdefault(alias, info)
    return by_name, by_alias


_BY_NAME, _BY_ALIAS = _key_table()


@lru_cache(maxsize=4096)
def key_info(key: str) -> KeyInfo:
    """Read a key in any spelling: "Country of Origin", "country_of_origin" and "原产国" are one."""
    plain = unicodedata.normalize("NFKC", key).strip()
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain)
    plain = _PARENTHESES.sub(" ", plain).replace("_", " ").replace("-", " ")
    plain = " ".join(plain.lower().split())
    known = _BY_ALIAS.get(plain)
    return known or KeyInfo(plain, "other", frozenset(), plain, plain)


def has_han(text: str) -> bool:
    """Whether `text` holds a Chinese character."""
    return bool(_HAN.search(text))


def is_brand(fact: Fact) -> bool:
    """Whether the fact names the product's brand."""
    return key_info(fact.key).name == "brand"


def speaks(fact: Fact, language: str) -> bool:
    """Whether the fact can be said in `language`.

    A fact without a language counts by its script, unless its key is one whose values are names or
    measures; one that is called English and holds Chinese is neither.
    """
    if fact.language:
        return fact.language == language and not (language == "en" and has_han(fact.value))
    if has_han(fact.value):
        return language == "zh-hans"
    info = key_info(fact.key)
    if language == "zh-hans":
        return "neutral" in info.traits or (
            info.group != "other" and not _LATIN_WORD.search(fact.value)
        )
    return not has_han(fact.key)


def is_claimable(fact: Fact, language: str) -> bool:
    """Whether the realiser may weave this fact into copy in `language`."""
    value = fact.value.strip()
    return (
        value.lower() not in _EMPTY
        and len(value) <= LONGEST_VALUE
        and not _MARKUP.search(value)
        and not _NOTHING.fullmatch(value)
        and key_info(fact.key).group != "silent"
        and speaks(fact, language)
    )


def claimable(facts: Iterable[Fact], language: str) -> list[Fact]:
    """The facts that copy in `language` may state, in their order, each statement once."""
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is none of {', '.join(LANGUAGES)}")
    seen: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        if is_claimable(fact, language):
            seen.setdefault((key_info(fact.key).name, fact.text.lower()), fact)
    return list(seen.values())


NEEDED = {
    "short_description": 2,
    "description": 3,
    "title": 1,
    "bullets": 3,
    "push": 1,
    "campaign": 2,
    "faq": 3,
    "guide": 4,
}
"""Distinct facts, besides brand, type and category, that each kind needs."""

_WANTED = {
    "food": ("flavour", "quantity", "ingredients", "origin", "storage"),
    "beauty": ("scent", "quantity", "skin_type", "ingredients", "suitable_for"),
    "clothing": ("material", "colour", "fit", "care", "size"),
    "electric": ("power", "battery_life", "colour", "weight", "warranty"),
    "toy": ("age_range", "material", "pack_count", "dimensions", "colour"),
    "": ("material", "colour", "dimensions", "suitable_for", "origin", "weight", "care"),
}
_DEPARTMENTS = (
    (
        "food",
        "food(?! storage)|tea|coffee|chocolate|snack|grocery|drink|sweet"
        "|食品|零食|茶|咖啡|饮料|巧克力",
    ),
    ("beauty", "beauty|skin|cosmetic|perfume|make-?up|soap|shampoo|护肤|美妆|彩妆|香水|洗发|个护"),
    ("clothing", "cloth|apparel|fashion|dress|shirt|shoe|wear|jacket|服|裙|裤|衫|鞋|衣"),
    ("electric", "electr|computer|phone|audio|appliance|camera|lamp|电器|电子|数码|手机|耳机|灯"),
    ("toy", "toy|game|puzzle|baby|kids|玩具|积木|拼图|婴|童"),
)


def missing_facts(
    kind: str, facts: Sequence[Fact], language: str, title: str | None = None
) -> list[str]:
    """The keys still wanted before `kind` can be written in `language`.

    Empty when there are enough; supplying all of them is enough. With `title` given, a title in
    another language asks for the product's type. Raises ValueError for an unknown kind or language.
    """
    if kind not in NEEDED:
        raise ValueError(f"kind {kind!r} is none of {', '.join(NEEDED)}")
    usable = claimable(facts, language)
    present = {key_info(fact.key).name for fact in usable}
    told = {key_info(fact.key).name for fact in usable if key_info(fact.key).group != "identity"}
    missing = wanted_facts(facts, language, NEEDED[kind] - len(told))
    if title is not None and "type" not in present and not title_speaks(title, language):
        missing.insert(0, "type")
    return missing


def wanted_facts(facts: Sequence[Fact], language: str, count: int) -> list[str]:
    """The `count` keys that would help copy in `language` most and that no claimable fact has."""
    present = {key_info(fact.key).name for fact in claimable(facts, language)}
    return [key for key in _wanted_for(facts) if key not in present][: max(count, 0)]


def title_speaks(title: str, language: str) -> bool:
    """Whether `title` can name the product in `language`."""
    return (
        has_han(title)
        if language == "zh-hans"
        else bool(_LATIN_WORD.search(title)) and not has_han(title)
    )


def _wanted_for(facts: Sequence[Fact]) -> list[str]:
    identity = " ".join(
        fact.value for fact in facts if key_info(fact.key).name in ("type", "category")
    ).lower()
    for department, pattern in _DEPARTMENTS:
        if re.search(pattern, identity):
            return list(dict.fromkeys(_WANTED[department] + _WANTED[""]))
    return list(_WANTED[""])


def label(key: str, language: str) -> str:
    """What a person calls this key in `language`; an unknown key stays as it is."""
    info = key_info(key)
    return info.label_zh if language == "zh-hans" else info.label_en
