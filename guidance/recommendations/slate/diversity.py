"""Maximal marginal relevance (Carbonell and Goldstein 1998) over what a shop knows of products."""

import numpy as np

from guidance.recommendations.slate.pool import Pool

# What counts as alike: the shelf most, the maker less, the model's vectors where it has them.
# Variants of one family never meet in a slate. The shares define the dial; they are not tuned.
SAME_CATEGORY, SAME_BRAND, VECTORS = 0.5, 0.2, 0.3


class Diversity:
    """Keeps how much every row resembles the most alike of the rows chosen so far."""

    def __init__(self, pool: Pool, dial: float) -> None:
        self.dial = min(max(dial, 0.0), 1.0)
        self._pool = pool
        self._alike = np.zeros(len(pool))
        self._known = None
        if self.dial and pool.vectors is not None:
            self._known = np.einsum("rd,rd->r", pool.vectors, pool.vectors) > 0

    def values(self, values: np.ndarray) -> np.ndarray:
        """Return (1 - dial) * value - dial * likeness, shape (rows,)."""
        if not self.dial:
            return values
        return (1.0 - self.dial) * values - self.dial * self._alike

    def choose(self, row: int) -> None:
        """Remember that a row stands in the slate."""
        if self.dial:
            self._alike = np.maximum(self._alike, similarity(self._pool, row, self._known))


def similarity(pool: Pool, row: int, known: np.ndarray | None) -> np.ndarray:
    """Return how much every row resembles one, 0 to 1, shape (rows,).

    `known` (rows,) says which rows have a vector; None where the pool holds none.
    """
    category, brand = pool.categories[row], pool.brands[row]
    shared = SAME_CATEGORY * ((pool.categories == category) & (category >= 0))
    shared = shared + SAME_BRAND * ((pool.brands == brand) & (brand >= 0))
    without = shared / (SAME_CATEGORY + SAME_BRAND)
    if pool.vectors is None or known is None or not known[row]:
        return without
    near = np.clip(pool.vectors @ pool.vectors[row], 0.0, 1.0)
    return np.where(known, shared + VECTORS * near, without)
