"""One place's draw: mostly the best row, sometimes another, and the exact probability of it."""

import numpy as np

# An exploring draw looks no further than the 50 best rows that may stand at the place, and the
# best of them is e times as likely as one whose value is a quarter lower.
EXPLORED = 50
TEMPERATURE = 0.25


def draw(
    values: np.ndarray, eligible: np.ndarray, exploration: float, random: np.random.Generator | None
) -> tuple[int, float]:
    """Return the row for a place and the probability with which this draw returns it.

    The policy is that of `chances_at`. `random` may be None where nothing is explored.
    """
    if exploration <= 0 or random is None:
        return int(np.where(eligible, values, -np.inf).argmax()), 1.0
    rows, chances = chances_at(values, eligible, exploration)
    sums = np.cumsum(chances)
    place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
    place = min(place, len(rows) - 1)
    return int(rows[place]), float(chances[place] / sums[-1])


def chances_at(
    values: np.ndarray, eligible: np.ndarray, exploration: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that may be drawn for a place and the probability of each, two (drawn,).

    The policy: with probability 1 - `exploration` the eligible row of highest value, the first of
    equals; otherwise one of the EXPLORED best eligible rows by a softmax of their values. The
    probability of a row is the sum over both ways. `eligible` (rows,) must hold a True.
    """
    best = int(np.where(eligible, values, -np.inf).argmax())
    if exploration <= 0:
        return np.array([best]), np.ones(1)
    rows = np.flatnonzero(eligible)
    if len(rows) > EXPLORED:
        rows = rows[np.argsort(-values[rows], kind="stable")[:EXPLORED]]
    weights = np.exp((values[rows] - values[best]) / TEMPERATURE)
    chances = exploration * weights / weights.sum()
    chances[np.flatnonzero(rows == best)] += 1.0 - exploration
    return rows, chances
