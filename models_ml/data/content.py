"""What a product says about itself, as sparse features: the same lines run in a training and in a
web process. numpy only.

A product is a bag of weighted features - words and pieces of its titles in any language, its
category and every category above it, its brand, its attributes, the size of its price - weighed by
how rare they are (TF-IDF, Spärck Jones 1972) and scaled to length one, so that the dot product of
two products is the cosine of their likeness. An image vector, where the shop has one, joins as
further numbers of the same row.
"""

import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# How much one field counts beside a word of the title. On Online Retail, which tells titles and
# prices alone, half or twice the weight of pieces or price changed the validation window's NDCG@10
# over a tenth of the products, held out, by less than .01 of .18; the others are guesses.
_WORD, _PIECE, _CATEGORY, _BRAND, _ATTRIBUTE, _PRICE = 1.0, 0.4, 1.0, 1.0, 0.7, 0.5
_PIECE_LENGTH = 4
# Prices in steps of a factor of 1.5.
_PRICE_STEP = np.log(1.5)
# A row's share, squared, that is the image's where there is one.
_IMAGE_SHARE = 0.5
_NUMBER = np.dtype("<f4")
# The most frequent features are kept; a catalogue of 100,000 titles has fewer that repeat.
MOST_FEATURES = 60_000


class ItemFacts(NamedTuple):
    """One product. `category` is a path with ' > ' between its steps; `attributes` are pairs of
    key and value; `image` is a vector in float32, little endian, or None, and `image_model` names
    the network that made it: only vectors of one network and one length can be compared.
    """

    item: str
    titles: tuple[str, ...] = ()
    category: str = ""
    brand: str = ""
    price: float | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    image: bytes | None = None
    image_model: str = ""

    @property
    def image_kind(self) -> tuple[str, int]:
        """The network and how many numbers it told; 0 where there is no image."""
        return self.image_model, len(self.image or b"") // _NUMBER.itemsize


@dataclass(frozen=True, slots=True)
class Row:
    """A product's features: `columns` (n,) rising and `values` (n,) float32 of length one; both
    empty where the product says nothing.
    """

    columns: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The features a shop's products share, `hashes` (features,) uint32 rising, with the weight of
    each, `idf` (features,). The columns after them belong to image vectors of length `image`, made
    by `image_model`.
    """

    hashes: np.ndarray
    idf: np.ndarray
    image: int = 0
    image_model: str = ""

    @property
    def width(self) -> int:
        """How many columns a row may have."""
        return len(self.hashes) + self.image

    def row(self, facts: ItemFacts) -> Row:
        """A product's features; what no product of the training shared is left out."""
        features = weigh(facts)
        keys = np.fromiter(features.keys(), np.uint32, len(features))
        values = np.fromiter(features.values(), np.float32, len(features))
        places = np.searchsorted(self.hashes, keys)
        places = np.minimum(places, max(len(self.hashes) - 1, 0))
        known = self.hashes[places] == keys if len(self.hashes) else np.zeros(len(keys), bool)
        columns, values = places[known], (values[known] * self.idf[places[known]])
        order = np.argsort(columns)
        columns, values = columns[order], _unit(values[order])
        image = self._image(facts)
        if image is not None:
            share = _IMAGE_SHARE if len(columns) else 1.0
            columns = np.concatenate([columns, len(self.hashes) + np.arange(self.image)])
            values = np.concatenate([values * np.sqrt(1.0 - share), image * np.sqrt(share)])
        return Row(columns.astype(np.int32), values.astype(np.float32))

    def _image(self, facts: ItemFacts) -> np.ndarray | None:
        if facts.image is None or facts.image_kind != (self.image_model, self.image):
            return None
        image = np.nan_to_num(np.frombuffer(facts.image, _NUMBER))
        return _unit(image) if image.any() else None


@dataclass(frozen=True, slots=True)
class ContentMatrix:
    """Rows of many products in compressed form: row i is `starts[i]:starts[i + 1]` of `columns` and
    `values`.
    """

    starts: np.ndarray
    columns: np.ndarray
    values: np.ndarray
    width: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @classmethod
    def of(cls, rows: Sequence[Row], width: int) -> "ContentMatrix":
        lengths = [len(row.columns) for row in rows]
        starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        empty = Row(np.zeros(0, np.int32), np.zeros(0, np.float32))
        rows = rows or [empty]
        columns = np.concatenate([row.columns for row in rows])
        return cls(starts, columns, np.concatenate([row.values for row in rows]), width)

    def likeness(self, row: Row) -> np.ndarray:
        """The cosine of one product with each of these, shape (items,)."""
        dense = np.zeros(self.width, np.float32)
        dense[row.columns] = row.values
        sums = np.concatenate([[0.0], np.cumsum(self.values * dense[self.columns])])
        return (sums[self.starts[1:]] - sums[self.starts[:-1]]).astype(np.float32)


def read_vocabulary(items: Sequence[ItemFacts]) -> Vocabulary:
    """The features that at least two of the products share, the most frequent first to stay."""
    counts: Counter[int] = Counter()
    for facts in items:
        counts.update(weigh(facts).keys())
    kept = [key for key, count in counts.most_common(MOST_FEATURES) if count > 1]
    hashes = np.array(sorted(kept), np.uint32)
    frequencies = np.array([counts[key] for key in hashes.tolist()], np.float64)
    idf = np.log1p(len(items) / np.maximum(frequencies, 1.0)).astype(np.float32)
    kinds = Counter(facts.image_kind for facts in items if facts.image)
    model, length = kinds.most_common(1)[0][0] if kinds else ("", 0)
    return Vocabulary(hashes, idf, length, model)


def weigh(facts: ItemFacts) -> dict[int, float]:
    """Every feature of a product, hashed, with its weight before rarity."""
    found: dict[int, float] = {}
    for name, weight in _features(facts):
        key = zlib.crc32(name.encode())
        found[key] = max(found.get(key, 0.0), weight)
    return found


def _features(facts: ItemFacts) -> Iterable[tuple[str, float]]:
    for title in facts.titles:
        yield from _pieces("t", title, 1.0)
    path = ""
    for part in filter(None, (part.strip() for part in facts.category.split(">"))):
        path = f"{path}>{part.casefold()}"
        yield f"c:{path}", _CATEGORY
    if facts.brand.strip():
        yield f"b:{facts.brand.strip().casefold()}", _BRAND
    for key, value in facts.attributes:
        yield f"a:{key.casefold()}={value.strip().casefold()}", _ATTRIBUTE
        yield from _pieces("t", value, _ATTRIBUTE / 2)
    if facts.price is not None and np.isfinite(facts.price) and facts.price > 0:
        step = int(np.floor(np.log(facts.price) / _PRICE_STEP))
        # Two steps each, so that neighbours share one.
        yield f"p:{step}", _PRICE
        yield f"p:{step + 1}", _PRICE


def _pieces(prefix: str, text: str, weight: float) -> Iterable[tuple[str, float]]:
    """Words, pieces of long words (so that 'hearts' meets 'heart'), and for scripts without spaces
    single characters and pairs.
    """
    for word in _words(text):
        if unicodedata.category(word[0]) == "Lo":
            for character in word:
                yield f"{prefix}:{character}", weight * _PIECE
            for pair in pairwise(word):
                yield f"{prefix}:{''.join(pair)}", weight * _WORD
            continue
        yield f"{prefix}:{word}", weight * _WORD
        if len(word) > _PIECE_LENGTH:
            for start in range(len(word) - _PIECE_LENGTH + 1):
                yield f"{prefix}~{word[start : start + _PIECE_LENGTH]}", weight * _PIECE


def _words(text: str) -> list[str]:
    """Runs of letters of one kind of script, and runs of digits."""
    words: list[str] = []
    kind = ""
    for character in unicodedata.normalize("NFKC", text).casefold():
        category = unicodedata.category(character)
        if category[0] == "M" and kind:
            words[-1] += character
            continue
        new = "o" if category == "Lo" else category[0] if category[0] in "LN" else ""
        if new and new == kind:
            words[-1] += character
        elif new:
            words.append(character)
        kind = new
    return words


def _unit(values: np.ndarray) -> np.ndarray:
    norm = float(np.linalg.norm(values))
    return values / norm if norm else values
