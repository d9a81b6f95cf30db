"""How evenly a catalogue is shown."""

import numpy as np


def gini(exposures: np.ndarray) -> float | None:
    """Return Gini's index of exposures, shape (products,), those never shown as zeros.

    0: all are shown alike; towards 1: one product has everything. None without any exposure.
    """
    total = float(exposures.sum())
    n = len(exposures)
    if total <= 0:
        return None
    ranks = np.arange(1, n + 1)
    return float(2 * (ranks @ np.sort(exposures)) / (n * total) - (n + 1) / n)


def coverage(exposures: np.ndarray) -> float | None:
    """Return the share of products, shape (products,), that had any exposure; None for none."""
    return float((exposures > 0).mean()) if len(exposures) else None


def lorenz(exposures: np.ndarray, points: int = 50) -> tuple[list[float], list[float]]:
    """Return the share of products, least shown first, and the share of exposure they have."""
    shares = np.concatenate([[0.0], np.cumsum(np.sort(exposures))])
    total = shares[-1] or 1.0
    places = np.unique(np.linspace(0, len(exposures), points + 1).round().astype(int))
    wide = max(len(exposures), 1)
    return (places / wide).tolist(), (shares[places] / total).tolist()
