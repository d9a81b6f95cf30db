"""From scores or draws of arms to the probability of each."""

import numpy as np

# The share of decisions drawn evenly, which keeps every propensity at `share / arms` or more:
# without it an arm once given up is never tried again, and a log says nothing about it. MABWiser's
# default for epsilon-greedy; not tuned on any shop.
EXPLORATION = 0.05


def best_of(scores: np.ndarray) -> np.ndarray:
    """Return all probability on the highest score, shared evenly by equals; shape (arms,)."""
    best = scores == scores.max()
    return np.asarray(best / best.sum())


def share_of_wins(draws: np.ndarray) -> np.ndarray:
    """Return how often each arm had the highest draw; `draws` (draws, arms), result (arms,)."""
    return np.bincount(draws.argmax(axis=1), minlength=draws.shape[1]) / len(draws)


def mixed(chances: np.ndarray, exploration: float) -> np.ndarray:
    """Return `chances` with a share of `exploration` spread evenly; shape (arms,)."""
    return np.asarray((1 - exploration) * chances + exploration / len(chances))
