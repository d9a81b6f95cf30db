"""What goes into a slate and what comes out of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

import numpy as np

PIN, BOOST, QUOTA = "pin", "boost", "quota"
FLOOR, DIVERSITY = "exposure_floor", "diversity"
NONE = -1
NOTHING = np.array([], np.int64)


@dataclass(frozen=True)
class SlateRule:
    """One rule over the rows of a pool.

    `mask` (rows,) says whom it is about. A pin has a `position`, a boost a `factor`; a quota
    allows `at_most` rows of each of its `groups` (rows,), where a negative number is no group;
    a floor wants `share` of the places for its rows; a diversity rule weighs difference by
    `share`, 0 to 1.
    """

    id: int
    kind: str
    mask: np.ndarray
    position: int = 0
    factor: float = 1.0
    at_most: int = 0
    groups: np.ndarray | None = None
    share: float = 0.0

    def take(self, rows: np.ndarray) -> "SlateRule":
        """Return the rule over these rows of the pool alone."""
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, mask=self.mask[rows], groups=groups)


class Why(StrEnum):
    """Why a rule changed nothing in a slate."""

    NOBODY = "nobody"
    SHOWN_ABOVE = "shown_above"
    BEYOND = "beyond"
    NOTHING_TO_DO = "nothing_to_do"
    TOO_FEW = "too_few"


class Place(NamedTuple):
    """One place of a slate: the pool's row, the probability of that row here given the rows
    above, its value after boosts and diversity, the rules that shaped the place, and how many
    rows might have stood there; `drawable` (drawn,) are the rows that had a probability above 0,
    and `source` is that which a bandit chose for the place, NONE where it did not."""

    row: int
    propensity: float
    value: float
    fired: tuple[int, ...]
    eligible: int
    drawable: np.ndarray = NOTHING
    source: int = NONE


@dataclass
class Explorer:
    """A bandit that fills exploration slots: it chooses among sources, chance among their rows.

    `sources` (rows,) gives each row of the pool its source, a number from 0; `chances(present)`
    the probability of each of these sources, adding up to 1, given as sorted numbers.
    """

    sources: np.ndarray
    chances: Callable[[tuple[int, ...]], np.ndarray]
    _ordered: tuple[np.ndarray, list[float], list[tuple[int, list[int]]]] | None = None

    def ordered(self, values: np.ndarray) -> tuple[list[float], list[tuple[int, list[int]]]]:
        """Return the values, and each source with its rows, the best first; kept while the values
        are the same."""
        if self._ordered is None or self._ordered[0] is not values:
            order = np.argsort(-values, kind="stable").tolist()
            sources = self.sources.tolist()
            by_source: dict[int, list[int]] = {source: [] for source in sorted(set(sources))}
            for row in order:
                by_source[sources[row]].append(row)
            self._ordered = values, values.tolist(), list(by_source.items())
        return self._ordered[1:]


@dataclass(frozen=True)
class Slate:
    """The places in order, and for each rule that fired nowhere the reason."""

    places: list[Place]
    idle: Mapping[int, Why] = field(default_factory=dict)
