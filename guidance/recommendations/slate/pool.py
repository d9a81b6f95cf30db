"""The candidates of one surface as arrays, and how their scores become comparable."""

from dataclasses import dataclass

import numpy as np

# Relevance 0 is the score of the 200th best; the list is built from at least so many.
SCALE_DEPTH = 200
# Below this relevance the scale bends, so that whatever a policy scores stays above zero, in its
# order, and a boost can lift it.
BEND = 0.1


@dataclass(frozen=True)
class Pool:
    """Candidates, the best first; every array has shape (rows,).

    `families`, `categories` and `brands` are numbers, equal where the thing is the same; a
    negative category or brand is none. `vectors` (rows, dim) holds unit vectors, zeros where the
    model has none.
    """

    relevance: np.ndarray
    families: np.ndarray
    categories: np.ndarray
    brands: np.ndarray
    vectors: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.relevance)

    def take(self, rows: np.ndarray) -> "Pool":
        """Return the pool of these rows alone."""
        vectors = None if self.vectors is None else self.vectors[rows]
        return Pool(
            self.relevance[rows],
            self.families[rows],
            self.categories[rows],
            self.brands[rows],
            vectors,
        )


def relevance(scores: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return scores on a scale that rules can multiply: 1 at `high`, near 0 at `low`, never 0.

    Linear down to BEND, then exponential with the same slope, so the order stays whatever the
    policy's scale: counts, evidence or logits. 1 everywhere where high equals low.
    """
    if not high > low:
        return np.ones(len(scores))
    linear = (scores - low) / (high - low)
    bent = BEND * np.exp(np.minimum(linear - BEND, 0.0) / BEND)
    return np.where(linear >= BEND, linear, np.maximum(bent, np.finfo(np.float64).tiny))


def tail(count: int, below: float) -> np.ndarray:
    """Return the relevance of `count` candidates that a policy did not score, in their order."""
    return below * 0.9 / (1.0 + np.arange(count))
