"""One place's draw: mostly the best row, sometimes another, and the exact probability of it."""

from typing import NamedTuple

import numpy as np

from guidance.recommendations.slate.types import NONE, Explorer

# An exploring draw looks no further than the 50 best rows that may stand at the place, and the
# best of them is e times as likely as one whose value is a quarter lower.
EXPLORED = 50
TEMPERATURE = 0.25
# Where a bandit chooses a source, chance chooses among so many of its best rows.
OF_A_SOURCE = 10


class Drawn(NamedTuple):
    """The row for a place, the probability with which this draw returns it, the rows that it may
    return, (drawn,), and the source that a bandit chose, NONE where it did not."""

    row: int
    propensity: float
    drawable: np.ndarray
    source: int = NONE


def draw(
    values: np.ndarray,
    eligible: np.ndarray,
    exploration: float,
    random: np.random.Generator | None,
    explorer: Explorer | None = None,
) -> Drawn:
    """Draw the row for a place by the policy of `chances_at`.

    `random` may be None where nothing is explored.
    """
    if exploration <= 0 or random is None:
        best = int(np.where(eligible, values, -np.inf).argmax())
        return Drawn(best, 1.0, np.array([best]))
    rows, chances = chances_at(values, eligible, exploration, explorer)
    sums = np.cumsum(chances)
    place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
    place = min(place, len(rows) - 1)
    row, chance = int(rows[place]), float(chances[place])
    source = NONE
    if explorer is not None and len(rows) > 1:
        # What stands alone was chosen by nobody.
        if _is_explored(row, chance, values, eligible, exploration, random):
            source = int(explorer.sources[row])
    return Drawn(row, float(chance / sums[-1]), rows, source)


def chances_at(
    values: np.ndarray,
    eligible: np.ndarray,
    exploration: float,
    explorer: Explorer | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows that may be drawn for a place and the probability of each, two (drawn,).

    The policy: with probability 1 - `exploration` the eligible row of highest value, the first of
    equals; otherwise one of the EXPLORED best eligible rows by a softmax of their values or, with
    an `explorer`, one of the OF_A_SOURCE best of the source that it chooses, likewise. The
    probability of a row is the sum over both ways. `eligible` (rows,) must hold a True.
    """
    best = int(np.where(eligible, values, -np.inf).argmax())
    if exploration <= 0:
        return np.array([best]), np.ones(1)
    rows = np.flatnonzero(eligible)
    if explorer is not None:
        rows, shares = _by_source(values, rows, explorer)
    else:
        if len(rows) > EXPLORED:
            rows = rows[np.argsort(-values[rows], kind="stable")[:EXPLORED]]
        weights = np.exp((values[rows] - values[best]) / TEMPERATURE)
        shares = weights / weights.sum()
    chances = exploration * shares
    chances[np.flatnonzero(rows == best)] += 1.0 - exploration
    return rows, chances


def _by_source(
    values: np.ndarray, rows: np.ndarray, explorer: Explorer
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best rows of each source and the probability of each, adding up to 1."""
    rows = rows[np.argsort(-values[rows], kind="stable")]
    rows = rows[np.argsort(explorer.sources[rows], kind="stable")]
    present, first, own, count = np.unique(
        explorer.sources[rows], return_index=True, return_inverse=True, return_counts=True
    )
    kept = np.arange(len(rows)) - first[own] < OF_A_SOURCE
    weights = np.where(kept, np.exp((values[rows] - values[rows[first]][own]) / TEMPERATURE), 0.0)
    sums = np.add.reduceat(weights, first)
    shares = explorer.chances(tuple(present.tolist()))[own] * weights / sums[own]
    return rows[kept], shares[kept]


def _is_explored(
    row: int,
    chance: float,
    values: np.ndarray,
    eligible: np.ndarray,
    exploration: float,
    random: np.random.Generator,
) -> bool:
    """Tell whether a row came by exploring; the best may have come either way."""
    if row != int(np.where(eligible, values, -np.inf).argmax()):
        return True
    return random.random() * chance >= 1.0 - exploration
