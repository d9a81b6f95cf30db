"""Chinese sentences out of parts."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from models_ml.writer.compose_en import Written
from models_ml.writer.naming import Naming, unnamed
from models_ml.writer.phrases import Part
from models_ml.writer.phrases_zh import join_zh

_LEADS = {
    "measure": ("规格方面，", "尺寸与规格上，", ""),
    "care": ("日常养护方面，", "使用与养护上，", ""),
    "use": ("", "使用上，", ""),
    "cut": ("款式上，", "细节上，", "设计上，"),
    "pack": ("包装方面，", ""),
    "power": ("性能方面，", "使用上，", ""),
    "look": ("外观上，", ""),
    "taste": ("", ""),
}


def opening(
    parts: Sequence[Part], naming: Naming, rng: random.Random, most: int
) -> tuple[Written, list[Part]]:
    """The first sentence and the parts it leaves; `most` bounds how many parts it takes."""
    brand = next((part for part in parts if part.name == "brand"), None)
    by_name = bool(naming.name) and (not naming.noun or rng.random() < 0.4)
    rest = [part for part in (unnamed(parts, naming) if by_name else parts) if part is not brand]
    pool = sorted(rest, key=lambda part: -part.weight * rng.uniform(0.6, 1.4))
    keys: tuple[str, ...] = naming.name_keys if by_name else naming.noun_keys
    called = naming.name if by_name else naming.noun
    before: list[str] = []
    if brand and not (by_name and set(brand.keys) <= naming.named):
        before.append(rng.choice(("来自{}的", "{}的")).format(brand.value))
        keys += brand.keys
    trait = next((part for part in pool if part.modifier), None)
    if trait and len(pool) > 1 and not by_name and rng.random() < 0.5:
        pool.remove(trait)
        before.append(f"{trait.modifier}{called}")
        called = ""
        keys += trait.keys
    else:
        trait = None
    taken = pool[:most] if trait is None else pool[: max(1, most - 1)]
    this = "这款" if not by_name and not (before and rng.random() < 0.3) else ""
    subject = (
        (before[0] if len(before) > 1 or (before and trait is None) else "")
        + this
        + "".join(before[-1:] if trait else [])
        + called
    )
    sentence = _finish(f"{subject}{_clauses(taken)}")
    keys += tuple(key for part in taken for key in part.keys)
    return (sentence, tuple(dict.fromkeys(keys))), [
        part for part in rest if part not in taken and part is not trait
    ]


def follow_up(
    parts: Sequence[Part], naming: Naming, rng: random.Random, starts: set[str]
) -> Written:
    """One more sentence that tells all of `parts`; `starts` are the leads used so far."""
    leads = [lead for lead in _LEADS.get(parts[0].group, ("",)) if not lead or lead not in starts]
    same = all(part.group == parts[0].group for part in parts)
    lead = rng.choice(leads) if leads and same and len(parts) > 1 else ""
    starts.add(lead)
    return _finish(lead + _clauses(parts)), tuple(
        dict.fromkeys(key for part in parts for key in part.keys)
    )


def one_sentence(parts: Sequence[Part], naming: Naming, rng: random.Random) -> Written:
    """The short description."""
    return opening(parts, naming, rng, 2)[0]


def _clauses(parts: Sequence[Part]) -> str:
    clauses = [part.predicate for part in parts if part.predicate]
    listed = [part.possessed for part in parts if part.possessed and not part.predicate]
    if listed:
        clauses.append(f"采用{join_zh(listed)}设计")
    return "，".join(clauses)


def _finish(sentence: str) -> str:
    return re.sub(r"，+", "，", sentence).strip("，") + "。"
