"""Which products can stand in for each other: by what they are, and by how they are bought. numpy
only: web processes ask it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models_ml.recommender.artefacts import read_array, read_manifest

# What counts as much as what, where both products tell it: the shelf most, then what they are
# called and made of, the maker least. The shares define the order; nothing was tuned on them.
_CATEGORY, _WORDS, _ATTRIBUTES, _BRAND = 0.4, 0.3, 0.2, 0.1
# Vectors and facts count alike where a product has both.
_VECTORS = 0.5


class Traits(NamedTuple):
    """What a product tells of itself: words of its title, pairs of attribute and value."""

    category: object = None
    words: frozenset[str] = frozenset()
    attributes: frozenset[tuple[str, str]] = frozenset()
    brand: str = ""


def likeness(one: Traits, other: Traits) -> float:
    """How like two products are, 0 to 1, by what both tell; 0 where they tell nothing in common."""
    parts: list[tuple[float, float]] = []
    if one.category is not None and other.category is not None:
        parts.append((_CATEGORY, float(one.category == other.category)))
    if one.words and other.words:
        parts.append((_WORDS, _overlap(one.words, other.words)))
    if one.attributes and other.attributes:
        parts.append((_ATTRIBUTES, _overlap(one.attributes, other.attributes)))
    if one.brand and other.brand:
        parts.append((_BRAND, float(one.brand == other.brand)))
    total = sum(weight for weight, _ in parts)
    return sum(weight * value for weight, value in parts) / total if total else 0.0


def blended(facts: float, cosine: float | None) -> float:
    """Facts alone, or half facts and half the cosine of the vectors where both have one."""
    return facts if cosine is None else (1.0 - _VECTORS) * facts + _VECTORS * max(cosine, 0.0)


@dataclass(frozen=True, slots=True)
class ItemSpace:
    """The network's item vectors (items, dim): near each other are products that the same people
    buy at the same point of their histories.
    """

    places: dict[str, int]
    skus: Sequence[str]
    units: np.ndarray

    def cosines(self, sku: str) -> np.ndarray | None:
        """Cosine with every item, shape (items,); None for a product that came later."""
        place = self.places.get(sku)
        return None if place is None else self.units @ self.units[place]


def load_space(directory: Path) -> ItemSpace:
    """Open a trained folder's vectors; raises `ArtefactError`."""
    read_manifest(directory, only=["items.npy", "item_vectors.npy"])
    skus = read_array(directory / "items.npy").tolist()
    vectors = np.nan_to_num(read_array(directory / "item_vectors.npy"))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = vectors / np.where(lengths > 0, lengths, 1.0)
    return ItemSpace({sku: place for place, sku in enumerate(skus)}, skus, units)


def _overlap(one: frozenset, other: frozenset) -> float:
    return len(one & other) / len(one | other)
