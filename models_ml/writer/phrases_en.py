"""English: facts made sayable."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from functools import lru_cache

from models_ml.writer.english import decapitalise, with_article
from models_ml.writer.facts import Fact
from models_ml.writer.grammar import expand, join_list
from models_ml.writer.lexicon import rows
from models_ml.writer.localise import localise
from models_ml.writer.phrases import LENGTH_KEYS, NO, YES, Bundle, Part, bundle, split_list
from models_ml.writer.quantities import quantities_of
from models_ml.writer.special_en import SPECIAL, by_shape
from models_ml.writer.unknown_en import compound, compound_of, unknown, yes

_FORMS = {cells[0]: tuple(cells[1:]) for cells in rows("forms_en")}
_STANDING = {
    "care": "({x}|for care, {x}|care instructions: {x})",
    "storage": "({x}|for storage, {x})",
    "brewing": "(brew at {x}|to brew: {x})",
    "cooking": "to cook: {x}",
}
_IMPERATIVE = re.compile(
    r"(?:(?:hand|machine|surface|cold|warm|gentle|spot)[ -]?)?(?:wash|wipe|clean|dry|tumble|iron"
    r"|oil|rinse|soak|keep|store|eat|use|refrigerate|freeze|avoid|do|don't|never|brush|air|line|handle"
    r"|rub|polish|dust|shake|steam|bleach|vacuum)\b",
    re.IGNORECASE,
)
_KEEPS_CASE = re.compile(
    r"^(?:brand|series|origin|compatibility|connectivity|model|size)$"
    r"|name|character|collection|licen[cs]e|artist|author|team"
)
_AS_WRITTEN = frozenset({"care", "storage", "brewing", "cooking"})
"""Keys whose values are instructions: a comma in them separates no list."""


def parts(facts: Sequence[Fact], rng: random.Random, *, is_durable: bool) -> list[Part]:
    """Every sayable English fact as a part; length, width and height as one."""
    bundles = bundle(facts)
    dimensions = _dimensions(bundles, rng)
    made: list[Part | None] = [dimensions]
    by_stem: dict[str, list[tuple[str, Bundle]]] = {}
    for item in bundles.values():
        if dimensions and item.name in LENGTH_KEYS:
            continue
        pair = compound_of(item) if item.group == "other" and not _polar(item) else None
        if pair:
            by_stem.setdefault(pair[0], []).append((pair[1], item))
        else:
            made.append(_part(item, is_durable, rng))
    for stem, members in by_stem.items():
        made += compound(stem, members, _clean)
    return [part for part in made if part is not None and part.keys]


def _polar(item: Bundle) -> str:
    word = item.values[0].lower().strip() if len(item.values) == 1 else ""
    return "yes" if word in YES else "no" if word in NO else ""


@lru_cache(maxsize=4096)
def _clean(item: Bundle) -> str:
    keeps_case = bool(_KEEPS_CASE.search(item.name))
    values: list[str] = []
    for value in item.values:
        measured = localise(value, "en")
        said = (
            [measured] if measured else [value] if item.name in _AS_WRITTEN else split_list(value)
        )
        values += said if keeps_case or measured else [decapitalise(part) for part in said]
    values = [re.sub(r"[\s.;,]+$", "", value) for value in values]
    values = list(dict.fromkeys(value for value in values if value))
    return join_list(values, " and ") if values else ""


def _part(item: Bundle, is_durable: bool, rng: random.Random) -> Part | None:
    value = _clean(item)
    polar = _polar(item)
    if not value or polar == "no":
        return None
    if polar == "yes":
        return yes(item)
    if (
        item.name == "capacity"
        and not is_durable
        and quantities_of(value)[:1]
        and quantities_of(value)[0].dimension == "volume"
    ):
        return SPECIAL["size"](item, value, rng)  # type: ignore[return-value]  # of a size always a Part
    special = SPECIAL[item.name](item, value, rng) if item.name in SPECIAL else None
    if isinstance(special, Part):
        return special
    if special is None:
        shaped = by_shape(item, value)
        if shaped:
            return shaped
        if item.name in _STANDING and (item.group == "taste" or _IMPERATIVE.match(value)):
            return item.part(value, sentence=_fill(expand(_STANDING[item.name], rng), value))
    forms = _FORMS.get(item.name)
    if item.name in _STANDING:
        return item.part(value, sentence=f"{item.name}: {value}")
    if forms is None:
        return unknown(item, value, rng)
    said = special or value
    predicate, possessed, front, modifier = (_fill(expand(form, rng), said) for form in forms)
    return item.part(said, predicate, possessed=possessed, front=front, modifier=modifier)


def _fill(template: str, value: str) -> str:
    def put(match: re.Match[str]) -> str:
        noun = match["noun"] or ""
        ends = not noun or value.lower().rstrip("s").endswith(noun.rstrip("s").lower())
        phrase = value if ends else f"{value} {noun}"
        return with_article(phrase) if match["article"] else phrase

    return re.sub(r"\{(?P<article>a?)x(?:\+(?P<noun>[^}]+))?\}", put, template)


_SIDES = {"length": "long", "width": "wide", "height": "high", "depth": "deep"}


def _dimensions(bundles: dict[str, Bundle], rng: random.Random) -> Part | None:
    sides = [
        (name, localise(bundles[name].values[0], "en")) for name in LENGTH_KEYS if name in bundles
    ]
    if len(sides) < 2 or not all(value for _, value in sides):
        return None
    keys = tuple(key for name, _ in sides for key in bundles[name].keys)
    rng.shuffle(sides)
    adjectives = join_list([f"{value} {_SIDES[name]}" for name, value in sides], " and ")
    nouns = join_list([f"{value} in {name}" for name, value in sides], " and ")
    owned = join_list([f"a {name} of {value}" for name, value in sides], " and ")
    said, front = rng.choice(
        (
            (f"<is> {adjectives}", adjectives),
            (f"<measures> {adjectives}", f"measuring {adjectives}"),
            (f"<measures> {nouns}", f"measuring {nouns}"),
            (f"<has> {owned}", f"with {owned}"),
        )
    )
    return Part(keys, "dimensions", "measure", adjectives, said, front=front)
