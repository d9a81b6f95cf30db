"""Paths: what shoppers do in a visit after an event of a kind, or before it."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.trails import CODE, Ints, Trail, read_trail
from guidance.behaviour.models import VisitRollup

# A pause this long ends a visit whose events name no session.
GAP = 30 * 60 * 1000
MOST_STEPS = 6
# In a path: the visit was over. Kinds are their codes and one.
OVER = 0


@dataclass(frozen=True)
class Paths:
    """One row a visit that has the event: its shopper, and the kinds (code and one, `OVER` for
    none) of the steps from the event on, or up to it, in order of time."""

    shoppers: Ints
    steps: NDArray[np.int64]

    def packed(self) -> Ints:
        """Return each visit's path as one number: a hexadecimal digit a step."""
        places = 16 ** np.arange(self.steps.shape[1] - 1, -1, -1, dtype=np.int64)
        return np.asarray(self.steps @ places, dtype=np.int64)


@dataclass(frozen=True)
class Group:
    """Visits alike: `key` says in what, `shoppers` are theirs, each once and rising."""

    key: int
    visits: int
    shoppers: Ints


def paths(
    scope: Scope, kind: str, *, steps: int, backward: bool = False, without: Collection[str] = ()
) -> Paths:
    """Return the path of every visit with an event of `kind`, from its first on (or up to it);
    one statement.

    A visit is a session; where events name none it ends with a pause of 30 minutes. Events of one
    kind in a row are one step. `without` are kinds to leave out.
    """
    trail = read_trail(scope.visits(), CODE.keys() - set(without))
    trail, visits = _visits(trail)
    is_step = np.ones(len(visits), dtype=bool)
    is_step[1:] = (visits[1:] != visits[:-1]) | (trail.kinds[1:] != trail.kinds[:-1])
    trail, visits = trail.only(is_step), visits[is_step]
    found = np.flatnonzero(trail.kinds == CODE[kind])
    _visit, first = np.unique(visits[found], return_index=True)
    anchors = found[first]
    offsets = np.arange(-steps, 1) if backward else np.arange(steps + 1)
    places = anchors[:, None] + offsets
    inside = np.clip(places, 0, max(len(visits) - 1, 0))
    is_same = (places == inside) & (visits[inside] == visits[anchors][:, None])
    return Paths(trail.shoppers[anchors], np.where(is_same, trail.kinds[inside] + 1, OVER))


def grouped(keys: Ints, shoppers: Ints) -> list[Group]:
    """Return visits by key, most first; of equal ones the lower key first."""
    order = np.argsort(keys, kind="stable")
    values, begins, counts = np.unique(keys[order], return_index=True, return_counts=True)
    people = np.split(shoppers[order], begins[1:])
    groups = [
        Group(int(key), int(count), np.unique(whose))
        for key, count, whose in zip(values, counts, people, strict=False)
    ]
    return sorted(groups, key=lambda group: (-group.visits, group.key))


def moves(found: Paths) -> list[Group]:
    """Return how visits went from step to step; keys are the step's place (from 0), kind and next
    kind as three hexadecimal digits. What was over before is no move."""
    keys, people = [], []
    for place in range(found.steps.shape[1] - 1):
        here, there = found.steps[:, place], found.steps[:, place + 1]
        went = (here != OVER) | (there != OVER)
        keys.append((place * 256 + here * 16 + there)[went])
        people.append(found.shoppers[went])
    return grouped(np.concatenate(keys), np.concatenate(people))


def kinds_of(key: int, length: int) -> list[str]:
    """Return the kinds that a path's or a move's key stands for, '' for over."""
    digits = [(key >> (4 * place)) & 15 for place in range(length - 1, -1, -1)]
    return ["" if digit == OVER else VisitRollup.KIND_ORDER[digit - 1].value for digit in digits]


def _visits(trail: Trail) -> tuple[Trail, Ints]:
    """Return the trail by visit, and each moment's visit as a rising number."""
    order = np.lexsort((trail.kinds, trail.at, trail.sessions, trail.shoppers))
    trail = Trail(trail.shoppers[order], trail.at[order], trail.kinds[order], trail.sessions[order])
    begins = np.zeros(len(order), dtype=bool)
    begins[1:] = (
        (trail.shoppers[1:] != trail.shoppers[:-1])
        | (trail.sessions[1:] != trail.sessions[:-1])
        | ((trail.sessions[1:] == 0) & (trail.at[1:] - trail.at[:-1] > GAP))
    )
    return trail, np.cumsum(begins)
