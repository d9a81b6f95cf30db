"""Chinese sentences out of parts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.facts import has_han
from models_ml.writer.naming import Naming, untold
from models_ml.writer.phrases import Part, Written

BETWEEN = ""
_LEADS = {
    "measure": ("规格方面，", "尺寸与分量上，"),
    "care": ("日常养护上，", "打理时，"),
    "cut": ("款式上，", "细节上，"),
    "power": ("性能方面，", "使用上，"),
    "look": ("外观上，", "材质与外观上，"),
    "taste": ("品饮方面，",),
}
_LEAD_CHANCE = 0.3


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
    trait = _trait(rest, rng) if not by_name else None
    taken = [part for part in rest if part is not trait][: max(1, most - (trait is not None))]
    subject = _subject(called, from_brand, trait, by_name, rng)
    keys += tuple(
        key for part in (from_brand, trait, *taken) if part is not None for key in part.keys
    )
    left = [part for part in rest if part is not trait and part not in taken]
    return (_finish(subject + _clauses(taken)), tuple(dict.fromkeys(keys))), left


def _trait(parts: Sequence[Part], rng: random.Random) -> Part | None:
    """A part to say before the noun."""
    fitting = [part for part in parts if part.modifier and has_han(part.modifier)]
    if len(parts) < 3 or not fitting or rng.random() > 0.5:
        return None
    return fitting[0]


def _subject(
    called: str, brand: Part | None, trait: Part | None, by_name: bool, rng: random.Random
) -> str:
    before = rng.choice(("来自{}的", "{}的", "{}")).format(brand.value) if brand else ""
    this = "" if by_name and called[:1].isascii() else "这款"
    return f"{before}{this}{trait.modifier if trait else ''}{called}"


def follow_up(
    parts: Sequence[Part], naming: Naming, rng: random.Random, starts: Sequence[str]
) -> Written:
    """One more sentence that tells all of `parts`."""
    same = len({part.group for part in parts}) == 1 and len(parts) > 1
    leads = _LEADS.get(parts[0].group, ()) if same else ()
    lead = rng.choice(leads) if leads and rng.random() < _LEAD_CHANCE else ""
    return _finish(lead + _clauses(parts)), tuple(
        dict.fromkeys(key for part in parts for key in part.keys)
    )


def one_sentence(parts: Sequence[Part], naming: Naming, rng: random.Random) -> Written:
    """The short description."""
    return opening(parts, naming, rng, 2)[0]


def _clauses(parts: Sequence[Part]) -> str:
    """All parts as clauses; a verb that comes a second time gives way to another."""
    clauses: list[str] = []
    for part in parts:
        clause = part.predicate
        if clause.startswith("采用") and any(said.startswith("采用") for said in clauses):
            clause = clause.replace("采用", "使用" if clause.endswith("制成") else "配以", 1)
        clauses.append(clause)
    return "，".join(clauses)


def _finish(sentence: str) -> str:
    return re.sub(r"，+", "，", sentence).strip("，") + "。"
