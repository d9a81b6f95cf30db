"""Picks the best of many scores."""

import numpy as np


def top_items(scores: np.ndarray, k: int) -> np.ndarray:
    """The numbers of the k highest finite scores, best first; equal scores in the order of item
    numbers.
    """
    k = min(k, len(scores))
    best = np.argpartition(-scores, k - 1)[:k]
    best = best[np.lexsort((best, -scores[best]))]
    return best[np.isfinite(scores[best])]
