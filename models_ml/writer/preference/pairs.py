"""What each decision prefers to what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, hstack, vstack

from models_ml.writer.edits import edit_distance
from models_ml.writer.preference.data import Decided, is_kept_back
from models_ml.writer.preference.features import feature_rows
from models_ml.writer.preference.model import Fluency

OTHERS_WEIGHT = 1.0
"""Of all pairs with texts that nobody saw together; between 0.25 and 4 hardly any difference."""


@dataclass(frozen=True)
class Pairs:
    """Preferred minus other, one row of features each and the fluency as the last column, shape
    (pairs, DIMENSIONS + 1).

    `edits` says how many units an editor changed to come from the other to the preferred, 0 where
    nobody did; there `weights` says how much the preference counts. Both of shape (pairs,).
    """

    differences: csr_matrix
    weights: np.ndarray
    edits: np.ndarray

    def __len__(self) -> int:
        return len(self.weights)


def pairs_of(row: Decided, others: Sequence[str], fluency: Fluency | None = None) -> Pairs:
    """Return what one decision says, `others` being wordings of the same facts that nobody saw.

    What was published beats what an editor replaced, by as much as was changed; weakly it beats the
    others as well, and so does what was approved as it stood. A rejected text loses weakly to the
    others. The `fluency` is left out for a text that its language model may have learned.
    """
    texts = [row.written, row.published or row.written, *others]
    words = feature_rows(texts, facts=row.facts, title=row.title, language=row.language)
    told = fluency(texts) if fluency and is_kept_back(row.product) else np.zeros(len(texts))
    rows = hstack([words, told[:, None]], format="csr")
    found = list(_preferences(row, len(others)))
    if not found:
        return Pairs(rows[:0], np.empty(0), np.empty(0))
    better, worse, weights, edits = (np.array(column) for column in zip(*found, strict=True))
    differences = (rows[better] - rows[worse]).tocsr()
    return Pairs(differences, weights.astype(float), edits.astype(float))


def _preferences(row: Decided, others: int) -> Iterator[tuple[int, int, float, int]]:
    """Yield (better, worse, weight, edits); 0 is what was written, 1 what was published."""
    places = range(2, 2 + others)
    weakly = OTHERS_WEIGHT / max(others, 1)
    if row.published is None:
        yield from ((place, 0, weakly, 0) for place in places)
        return
    if row.is_edited:
        yield 1, 0, 1.0, edit_distance(row.written, row.published, row.language)
    yield from ((1, place, weakly, 0) for place in places)


def all_pairs(found: Sequence[Pairs]) -> Pairs:
    """Return the pairs of many decisions as one; raises ValueError where there is none."""
    kept = [one for one in found if len(one)]
    if not kept:
        raise ValueError("no decision prefers one text to another")
    differences = vstack([one.differences for one in kept], format="csr")
    return Pairs(
        differences,
        np.concatenate([one.weights for one in kept]),
        np.concatenate([one.edits for one in kept]),
    )
