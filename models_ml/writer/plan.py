"""Which parts a description tells, and in which sentence."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from models_ml.writer.lexicon import rows
from models_ml.writer.phrases import GROUPS, Part

_PER_SENTENCE = 3
VOICES: dict[str, dict[str, float]] = {}
"""How customer segments differ in what they want to read first: factors on a part's weight."""
for _voice, _key, _factor in rows("voices"):
    VOICES.setdefault(_voice, {})[_key] = float(_factor)


def stress(voice: str) -> Mapping[str, float]:
    """By how much a voice raises the weight of a key or of a group of keys.

    Raises ValueError for an unknown voice; "" is the plain one.
    """
    if voice and voice not in VOICES:
        raise ValueError(f"voice {voice!r} is none of {', '.join(VOICES)}")
    return VOICES.get(voice, {})


def by_weight(
    parts: Sequence[Part], rng: random.Random, stressed: Mapping[str, float] | None = None
) -> list[Part]:
    """The parts a shopper misses most first, shuffled so that products do not read alike."""
    raised = stressed or {}

    def weight(part: Part) -> float:
        return part.weight * raised.get(part.name, raised.get(part.group, 1.0))

    return sorted(parts, key=lambda part: -weight(part) * rng.uniform(0.6, 1.4))


def first_share(parts: Sequence[Part]) -> int:
    """How many parts the first sentence takes, so that something is left for a second one."""
    running = sum(1 for part in parts if not part.sentence and part.name != "brand")
    return 1 if running <= 3 else 2


def sentences(parts: Sequence[Part], rng: random.Random) -> list[list[Part]]:
    """Distribute `parts` over the sentences after the first."""
    running = sorted((part for part in parts if not part.sentence), key=_telling_order)
    standing = [[part] for part in parts if part.sentence and part.group != "other"]
    clauses = [part for part in parts if part.sentence and part.group == "other"]
    standing += [clauses[index : index + 2] for index in range(0, len(clauses), 2)]
    count = max(-(-len(running) // _PER_SENTENCE), 1)
    if len(running) == 2 * (count + 1) and rng.random() < 0.4:
        count += 1
    return _chunks(running, count) + standing


def _telling_order(part: Part) -> int:
    return GROUPS.index(part.group)


def _chunks(parts: list[Part], count: int) -> list[list[Part]]:
    """`parts` cut into `count` runs of nearly equal length, without empty ones."""
    size, extra = divmod(len(parts), count)
    chunks, position = [], 0
    for index in range(count):
        end = position + size + (index < extra)
        chunks.append(parts[position:end])
        position = end
    return [chunk for chunk in chunks if chunk]
