"""English phrasing of facts whose keys the writer has never seen: from the key's own words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from models_ml.writer.english import countable, decapitalise, is_plural, with_article
from models_ml.writer.lexicon import words
from models_ml.writer.phrases import Bundle, Part
from models_ml.writer.special_en import is_adjectival

_LONGEST_CLAUSE = 4
"""Words of a value that still read well in "the ... is ..."; longer ones are left to the table."""
_LONGEST_COMPOUND = 5
_COMPOUND = re.compile(
    r"([a-z][a-z -]*?) (colou?r|material|shape|type|design|finish|pattern|style)"
)
_ORDER = words("shape|type|style|finish|pattern|design|color|colour|material")
_NOUNS_IN_AL = frozenset({"dial", "metal", "pedal", "medal", "manual", "terminal"})
_ADJECTIVE_KEY = re.compile(r"(?:ic|ous|able|ible|ed|al|ive)$")
_OFFICIAL = re.compile(
    r"warranty|service|requirement|other|novelty|sales|disclaimer|legal|compliance|certif"
    r"|importer|packer|code|number$|^id\b| for$|ideal"
)
"""Keys whose values are terms, codes or left-overs, not something to praise a product with."""


def compound_of(item: Bundle) -> tuple[str, str] | None:
    """For "strap colour": ("strap", "colour")."""
    match = _COMPOUND.fullmatch(item.name)
    if match is None:
        return None
    last = match.group(1).split()[-1]
    if _ADJECTIVE_KEY.search(last) and last not in _NOUNS_IN_AL:
        return None
    return match.group(1), match.group(2)


def compound(
    stem: str, members: Sequence[tuple[str, Bundle]], clean: Callable[[Bundle], str]
) -> list[Part]:
    """Strap colour and strap material together: "a brown leather strap"."""
    said: list[str] = []
    for _, item in sorted(members, key=lambda member: _ORDER.index(member[0])):
        value = re.sub(rf"\b{re.escape(stem)}\b", " ", clean(item), flags=re.IGNORECASE)
        said += [word for word in value.split() if word not in said]
    phrase = " ".join([*said, stem])
    if not said or len(said) > _LONGEST_COMPOUND:
        return [item.silent() for _, item in members]
    keys = tuple(key for _, item in members for key in item.keys)
    return [Part(keys, stem, "other", phrase, possessed=with_article(phrase))]


def yes(item: Bundle) -> Part:
    """A feature that the product has: "is dishwasher safe", "has a date display"."""
    name = _spoken(item)
    if name.endswith(" included"):
        return item.part(name, f"<comes> with {with_article(name.removesuffix(' included'))}")
    if is_adjectival(name) or (" " not in name and _ADJECTIVE_KEY.search(name)):
        return item.part(name, adjective=name)
    return item.part(name, possessed=countable(name))


def _spoken(item: Bundle) -> str:
    """The key as a word of a sentence, acronyms in capitals: "USB port"."""
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", item.keys[0].replace("_", " "))
    return decapitalise(" ".join(re.sub(r"[(\[].*?[)\]]", " ", plain).split()))


def unknown(item: Bundle, value: str, rng: random.Random) -> Part:
    """Key and value as a clause, where that reads well; otherwise side by side."""
    if not re.fullmatch(r"[a-z][a-z ]+", item.name) or _OFFICIAL.search(item.name):
        return item.silent()
    name = _spoken(item)
    counted = re.fullmatch(r"(?:number|no\.?) of (.+)", name)
    if counted:
        many = re.fullmatch(r"\d+", value) and int(value) > 1
        return item.part(value, possessed=f"{value} {counted.group(1)}") if many else item.silent()
    if value.lower().endswith(name):
        return item.part(value, possessed=with_article(value))
    if len(value.split()) > _LONGEST_CLAUSE:
        return item.silent()
    if value[:1].isdigit() and not is_plural(name) and rng.random() < 0.5:
        return item.part(value, possessed=f"{with_article(name)} of {value}")
    verb = "are" if is_plural(name) else "is"
    said = rng.choice((f"the {name} {verb} {value}", f"<its> {name} {verb} {value}"))
    return item.part(value, sentence=said)
