"""Picks the best of many scores."""

import numpy as np


def top_items(scores: np.ndarray, k: int) -> np.ndarray:
    """The numbers of the k highest finite scores, best first; equal scores in the order of item
    numbers, so that a shorter list is the beginning of a longer one.
    """
    k = min(k, len(scores))
    threshold = np.partition(scores, len(scores) - k)[len(scores) - k]
    candidates = np.flatnonzero((scores >= threshold) & np.isfinite(scores))
    return candidates[np.argsort(-scores[candidates], kind="stable")][:k]
