"""Chinese sentences out of parts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.facts import has_han
from models_ml.writer.naming import Naming, untold
from models_ml.writer.phrases import Part, Written

_LEADS = {
    "measure": ("规格方面，", "尺寸与分量上，"),
    "care": ("日常养护上，", "打理时，"),
    "cut": ("款式上，", "细节上，", "设计上，"),
    "power": ("性能方面，", "使用上，"),
    "look": ("外观上，", "材质与外观上，"),
    "taste": ("品饮方面，",),
}
_LEAD_CHANCE = 0.3
_LINKS = ("", "", "", "", "", "同时，", "此外，", "另外，", "整体上，", "再看细节，", "与此同时，")
_BETWEEN_CLAUSES = ("，", "，", "，", "，同时", "，并", "，又", "，再", "，且")
_LONGEST_NOUN = 5
"""Characters of a noun that stands well after a long modifier."""
_FITS_BEFORE_NOUN = re.compile(
    r"^(?:采用|选用|以|由|饰有|带有|融入|搭配|配以|缀以|加入|呈现|演绎|来自|出自)"
)


def opening(
    parts: Sequence[Part], naming: Naming, rng: random.Random, most: int
) -> tuple[Written, list[Part]]:
    """The first sentence and the parts it leaves; it takes `most` parts beside the brand."""
    brand = next((part for part in parts if part.name == "brand"), None)
    by_name = bool(naming.name) and (not naming.noun or rng.random() < 0.35)
    called = naming.name if by_name else naming.noun
    keys = naming.name_keys if by_name else naming.noun_keys
    told = naming.name_tells if by_name else naming.noun_tells
    from_brand = brand if brand and not set(brand.keys) <= told else None
    told |= set(from_brand.keys) if from_brand else set()
    rest = untold(parts, told) or [part for part in parts if part is not brand][:1]
    kind = next((part for part in rest if part.name == "type"), None)
    rest = [part for part in rest if part is not kind]
    trait = _trait(rest, rng) if not called[:1].isascii() else None
    taken = [part for part in rest if part is not trait][: max(1, most - (trait is not None))]
    before = (
        f"{rng.choice(('来自{}的', '{}的', '{}')).format(from_brand.value)}" if from_brand else ""
    )
    words = _opening_words(called, before, kind, trait, [part.predicate for part in taken], rng)
    keys += tuple(
        key for part in (from_brand, kind, trait, *taken) if part is not None for key in part.keys
    )
    left = [part for part in rest if part is not trait and part not in taken]
    return (_finish(words), tuple(dict.fromkeys(keys))), left


def _trait(parts: Sequence[Part], rng: random.Random) -> Part | None:
    """A part to say before the noun."""
    fitting = [part for part in parts if part.modifier and has_han(part.modifier)]
    if len(parts) < 3 or not fitting or rng.random() > 0.5:
        return None
    return rng.choice(fitting)


def _opening_words(
    called: str,
    brand: str,
    kind: Part | None,
    trait: Part | None,
    clauses: list[str],
    rng: random.Random,
) -> str:
    """One of the sentence plans that fit."""
    front = ""
    if kind and called[:1].isascii():
        front = f"作为一款{kind.value}，"
    elif kind:
        called, front = rng.choice(
            ((f"{called}{kind.value}", ""), (called, f"作为一款{kind.value}，"))
        )
    modifier = trait.modifier if trait else ""
    linked = f"{modifier}{'的' if rng.random() < 0.5 else ''}" if modifier else ""
    plans = [f"{front}{brand}这款{modifier}{called}{_chain(clauses, rng)}"] * 2
    if not called[:1].isascii():
        if not front and not brand:
            plans.append(f"一款{linked}{called}，{_chain(clauses, rng)}")
            plans.append(f"这是一款{linked}{called}，{_chain(clauses, rng)}")
            plans.append(f"这款{linked}{called}，{_chain(clauses, rng)}")
        if clauses and _FITS_BEFORE_NOUN.match(clauses[0]) and "，" not in clauses[0]:
            rest = _chain(clauses[1:], rng)
            if rest:
                plans.append(f"{clauses[0]}，{front}{brand}这款{modifier}{called}{rest}")
            if rest and len(called) <= _LONGEST_NOUN and not brand and not front:
                plans.append(f"{clauses[0]}的{called}，{modifier and f'{modifier}，'}{rest}")
    return rng.choice(plans)


def follow_up(
    parts: Sequence[Part],
    naming: Naming,
    rng: random.Random,
    starts: Sequence[str],
    *,
    linked: bool = True,
) -> Written:
    """One more sentence that tells all of `parts`; not `linked` it stands on its own."""
    same = len({part.group for part in parts}) == 1 and len(parts) > 1
    leads = _LEADS.get(parts[0].group, ()) if same else ()
    lead = rng.choice(leads) if leads and rng.random() < _LEAD_CHANCE else rng.choice(_LINKS)
    if not linked or (lead and any(start.startswith(lead.strip("，")) for start in starts)):
        lead = ""
    return _finish(lead + _chain([part.predicate for part in parts], rng)), tuple(
        dict.fromkeys(key for part in parts for key in part.keys)
    )


def bare(naming: Naming) -> Written:
    """When the name tells all there is."""
    called = naming.noun or naming.name
    return _finish(f"这是一款{called}"), naming.noun_keys or naming.name_keys


def details(parts: Sequence[Part], rng: random.Random) -> list[Written]:
    """What reads badly in a sentence, side by side as in a table."""
    if not parts:
        return []
    keys = tuple(dict.fromkeys(key for part in parts for key in part.keys))
    return [(_finish("；".join(part.detail for part in parts)), keys)]


def line(part: Part, naming: Naming) -> Written:
    """One fact as a clause of its own."""
    return part.predicate, part.keys


def message(name: str, parts: Sequence[Part], naming: Naming) -> str:
    """The name and what is told of it."""
    return _finish("，".join([name, *(part.predicate for part in parts)]))


def one_sentence(parts: Sequence[Part], naming: Naming, rng: random.Random) -> Written:
    """The short description."""
    return opening(parts, naming, rng, 2)[0]


def _chain(clauses: Sequence[str], rng: random.Random) -> str:
    """All clauses in a row; a verb that comes a second time gives way to another."""
    said: list[str] = []
    for clause in clauses:
        if clause.startswith("采用") and any(before.startswith("采用") for before in said):
            clause = clause.replace("采用", "使用" if clause.endswith("制成") else "配以", 1)
        said.append(clause)
    if len(said) < 2:
        return "".join(said)
    link = rng.choice(_BETWEEN_CLAUSES)
    plain = link == "，" or not _FITS_BEFORE_NOUN.match(said[-1])
    return "，".join(said[:-1]) + ("，" if plain else link) + said[-1]


def _finish(sentence: str) -> str:
    return re.sub(r"，+", "，", sentence).strip("，") + "。"
