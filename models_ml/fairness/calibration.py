"""Calibration: of lists to a shopper's own range of tastes, and of scores to what came of them."""

from typing import NamedTuple

import numpy as np

# How much of the shopper's own distribution is mixed into the list's, so that a category never
# shown keeps the divergence finite; Steck's own value.
SMOOTHING = 0.01
DECILES = 10


def miscalibration(own: np.ndarray, shown: np.ndarray, smoothing: float = SMOOTHING) -> np.ndarray:
    """Return KL(own || smoothed shown) in nats for each shopper, shape (shoppers,).

    Steck (Calibrated Recommendations, RecSys 2018): 0 is a list that covers the categories of the
    shopper's history in their own proportions. Both inputs (shoppers, categories), weights that
    need not add up to one but must not all be zero.
    """
    p = own / own.sum(axis=1, keepdims=True)
    q = shown / shown.sum(axis=1, keepdims=True)
    mixed = (1 - smoothing) * q + smoothing * p
    ratio = np.divide(p, mixed, out=np.ones_like(p), where=p > 0)
    return np.asarray((p * np.log(ratio)).sum(axis=1))


class ScoreBand(NamedTuple):
    """Items whose scores lie between two bounds, and how many were clicked and bought."""

    low: float
    high: float
    items: int
    clicked: int
    bought: int


def score_bands(
    scores: np.ndarray, clicked: np.ndarray, bought: np.ndarray, bands: int = DECILES
) -> list[ScoreBand]:
    """Return bands of about as many items each, the lowest scores first; inputs (items,).

    Equal scores stay in one band, so there may be fewer. Scores that predict make the rates rise
    from band to band.
    """
    if not len(scores):
        return []
    edges = np.unique(np.quantile(scores, np.arange(1, bands) / bands))
    places = np.searchsorted(edges, scores, side="right")
    found = []
    for band in range(len(edges) + 1):
        inside = places == band
        if inside.any():
            own = scores[inside]
            counts = (int(inside.sum()), int(clicked[inside].sum()), int(bought[inside].sum()))
            found.append(ScoreBand(float(own.min()), float(own.max()), *counts))
    return found
