"""Near-duplicates among many texts: MinHash over shingles with banded look-up (Broder 1997).

Two texts whose shingles overlap by 80 % share a band with a probability of .98, by 50 % of .4;
what shares one is compared in full.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Hashable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models_ml.writer.terms import fold

ALIKE = 0.8
"""Share of common shingles (Jaccard) from which two texts say nearly the same."""
BANDS, ROWS = 8, 4
_PRIME = np.uint64(4_294_967_291)
_TOKEN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]|[^\W_]+")
_SHINGLE = 3
_random = np.random.default_rng(20)
_A = _random.integers(1, 2**31, BANDS * ROWS, dtype=np.uint64)[:, None]
_B = _random.integers(0, 2**31, BANDS * ROWS, dtype=np.uint64)[:, None]


@dataclass(frozen=True)
class Neighbour:
    """A text that is nearly the same: its key in the index, and the share of common shingles."""

    key: Hashable
    likeness: float
    label: str = ""


def shingles(text: str) -> frozenset[int]:
    """The hashes of every three tokens in a row; a token is a word or a Chinese character."""
    tokens = _TOKEN.findall(fold(text))
    count = max(len(tokens) - _SHINGLE + 1, 1)
    return frozenset(zlib.crc32(" ".join(tokens[i : i + _SHINGLE]).encode()) for i in range(count))


def band_keys(found: frozenset[int]) -> list[int]:
    """One signed 64-bit key per band; texts that share a key are worth comparing."""
    values: NDArray[np.uint64] = np.fromiter(found, np.uint64, len(found))
    least = ((_A * values + _B) % _PRIME).min(axis=1).reshape(BANDS, ROWS)
    return [
        int.from_bytes(
            zlib.crc32(band.tobytes()).to_bytes(4) + zlib.adler32(band.tobytes()).to_bytes(4),
            signed=True,
        )
        ^ number
        for number, band in enumerate(least)
    ]


def likeness(first: frozenset[int], second: frozenset[int]) -> float:
    """Share of common shingles, from 0 to 1."""
    return len(first & second) / (len(first | second) or 1)


class DuplicateIndex:
    """Texts by key, to which more are added while others are compared with them."""

    def __init__(self) -> None:
        self._shingles: dict[Hashable, frozenset[int]] = {}
        self._bands: dict[int, list[Hashable]] = defaultdict(list)

    def add(self, key: Hashable, text: str) -> None:
        """Add a text; a key that is there already is left as it is."""
        if key not in self._shingles:
            found = self._shingles[key] = shingles(text)
            for band in band_keys(found):
                self._bands[band].append(key)

    def nearest(self, text: str, besides: Collection[Hashable] = ()) -> Neighbour | None:
        """The text most like this one, none where nothing reaches `ALIKE`; leaves out `besides`."""
        said = shingles(text)
        candidates = {key for band in band_keys(said) for key in self._bands.get(band, ())}
        best = max(
            ((likeness(said, self._shingles[key]), key) for key in candidates.difference(besides)),
            key=lambda found: found[0],
            default=(0.0, None),
        )
        return Neighbour(best[1], best[0]) if best[0] >= ALIKE else None
