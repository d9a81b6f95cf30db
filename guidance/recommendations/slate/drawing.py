"""One place's draw: mostly the best row, sometimes another, and the exact probability of it."""

from itertools import islice
from math import exp
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
    best = int(np.where(eligible, values, -np.inf).argmax())
    if exploration <= 0 or random is None:
        return Drawn(best, 1.0, np.array([best]))
    rows, chances = _chances(values, eligible, best, exploration, explorer)
    sums = np.cumsum(chances)
    place = int(np.searchsorted(sums, random.random() * sums[-1], side="right"))
    place = min(place, len(rows) - 1)
    row, chance = int(rows[place]), float(chances[place])
    source = NONE
    # What stands alone was chosen by nobody; the best may have come either way.
    if (
        explorer is not None
        and len(rows) > 1
        and (row != best or random.random() * chance >= 1.0 - exploration)
    ):
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
    return _chances(values, eligible, best, exploration, explorer)


def _chances(
    values: np.ndarray,
    eligible: np.ndarray,
    best: int,
    exploration: float,
    explorer: Explorer | None,
) -> tuple[np.ndarray, np.ndarray]:
    if exploration <= 0:
        return np.array([best]), np.ones(1)
    if explorer is not None:
        rows, shares = _by_source(values, eligible, explorer)
    else:
        rows = np.flatnonzero(eligible)
        if len(rows) > EXPLORED:
            rows = rows[np.argsort(-values[rows], kind="stable")[:EXPLORED]]
        weights = np.exp((values[rows] - values[best]) / TEMPERATURE)
        shares = weights / weights.sum()
    chances = exploration * shares
    chances[np.flatnonzero(rows == best)] += 1.0 - exploration
    return rows, chances


def _by_source(
    values: np.ndarray, eligible: np.ndarray, explorer: Explorer
) -> tuple[np.ndarray, np.ndarray]:
    """Return the best rows of each source and the probability of each, adding up to 1.

    Plain lists: for a handful of rows a source they take a third of the time of arrays.
    """
    may_stand = eligible.tolist()
    level, by_source = explorer.ordered(values)
    standing = [
        (source, own)
        for source, ordered in by_source
        if (own := list(islice((row for row in ordered if may_stand[row]), OF_A_SOURCE)))
    ]
    chances = explorer.chances(tuple([source for source, _own in standing])).tolist()
    rows, shares = list[int](), list[float]()
    for chance, (_source, own) in zip(chances, standing, strict=True):
        top = level[own[0]]
        weights = [exp((level[row] - top) / TEMPERATURE) for row in own]
        share = chance / sum(weights)
        rows += own
        shares += [share * weight for weight in weights]
    return np.array(rows), np.array(shares)
