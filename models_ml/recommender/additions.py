"""Products that came after a training: what serving computes about them from what they say of
themselves. numpy only: web processes run it whenever the catalogue has changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models_ml.data.content import ContentMatrix, ItemFacts, Row, Vocabulary
from models_ml.recommender.artefacts import PARAMETERS, read_array, read_json, read_manifest
from models_ml.recommender.heirs import HEIRS_OF, Additions, Heirs

_ARRAYS = ("hashes", "idf", "starts", "columns", "values", "projection")
_FILES = [f"content_{name}.npy" for name in _ARRAYS]


@dataclass(frozen=True, slots=True)
class _One:
    """What is read of a single product: the most alike, how like they are, vector and bias."""

    neighbours: np.ndarray
    likeness: np.ndarray
    vector: np.ndarray


class ContentReader:
    """Reads new products as the training of one folder would have read them.

    What was computed is kept: a catalogue changes often, and few products with it.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        content: ContentMatrix,
        projection: np.ndarray,
        unknown_bias: float,
    ) -> None:
        self._vocabulary = vocabulary
        self._content = content
        self._projection = projection
        self._unknown_bias = unknown_bias
        self._read: dict[ItemFacts, _One] = {}

    @classmethod
    def open(cls, directory: Path) -> "ContentReader | None":
        """None for a folder that was trained without content. Raises `ArtefactError`."""
        manifest = read_manifest(directory, only=[PARAMETERS])
        if "content" not in manifest["policies"]:
            return None
        read_manifest(directory, only=_FILES)
        hashes, idf, starts, columns, values, projection = (
            read_array(directory / name) for name in _FILES
        )
        width = len(projection)
        parameters = read_json(directory / PARAMETERS)
        return cls(
            Vocabulary(hashes, idf, width - len(hashes), parameters.get("image_model", "")),
            ContentMatrix(starts, columns, values, width),
            projection,
            float(parameters["unknown_bias"]),
        )

    def read(self, items: Sequence[ItemFacts]) -> Additions:
        """What these products inherit and where the network places them."""
        self._read = {facts: self._read.get(facts) or self._read_one(facts) for facts in items}
        found = [self._read[facts] for facts in items]
        width = min(HEIRS_OF, len(self._content))
        vectors = _stack([one.vector for one in found], self._projection.shape[1])
        return Additions(
            skus=tuple(facts.item for facts in items),
            heirs=Heirs(
                _stack([one.neighbours for one in found], width).astype(np.int32),
                _stack([one.likeness for one in found], width),
            ),
            vectors=vectors[:, :-1],
            bias=vectors[:, -1] + np.float32(self._unknown_bias),
        )

    def _read_one(self, facts: ItemFacts) -> _One:
        row: Row = self._vocabulary.row(facts)
        likeness = self._content.likeness(row)
        order = np.argsort(-likeness, kind="stable")[:HEIRS_OF]
        return _One(
            neighbours=order,
            likeness=np.maximum(likeness[order], 0.0).astype(np.float32),
            vector=row.values @ self._projection[row.columns],
        )


def save_content(
    directory: Path, vocabulary: Vocabulary, content: ContentMatrix, projection: np.ndarray
) -> list[str]:
    """Write what `ContentReader.open` reads and return the names of the files."""
    arrays = (
        *(vocabulary.hashes, vocabulary.idf),
        *(content.starts, content.columns, content.values),
        projection.astype(np.float32),
    )
    for name, array in zip(_FILES, arrays, strict=True):
        np.save(directory / name, array)
    return _FILES


def _stack(rows: Sequence[np.ndarray], width: int) -> np.ndarray:
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, width), np.float32)
