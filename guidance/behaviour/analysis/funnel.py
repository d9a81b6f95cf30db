"""Funnels: how many shoppers went from step to step, in order of time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.trails import CODE, SPAN, Ints, in_line, milliseconds, read_trail

DAY = 86_400_000


@dataclass(frozen=True)
class Step:
    """A step: who reached it (customer ids, rising), and the median time since the step before in
    milliseconds, None for the first step and where nobody came."""

    kind: str
    shoppers: Ints
    median: float | None


def funnel_steps(scope: Scope, kinds: Sequence[str], window: int) -> list[Step]:
    """Return who reached each step within `window` days after the first; one statement.

    A first step counts within the scope's days, the others also after them. Whoever takes the first
    step several times counts as far as they got from any of them. Events at the same moment are
    taken in the order of the steps; a kind that is a step already needs a later moment. The time
    since the step before is that from its latest event, when a shopper first reached the step.
    """
    start, end = (milliseconds(moment) for moment in scope.bounds)
    trail = read_trail(scope.visits(days_after=window), kinds)
    trail = trail.only(trail.at >= start)
    people = np.unique(trail.shoppers)
    line = in_line(people, trail.shoppers, trail.at - start)
    before = line[(trail.kinds == CODE[kinds[0]]) & (trail.at < end)]
    begun = before
    steps = [Step(kinds[0], _whose(people, before), None)]
    for place, kind in enumerate(kinds[1:], start=1):
        found = line[trail.kinds == CODE[kind]]
        side = "left" if kind in kinds[:place] else "right"
        latest = np.searchsorted(before, found, side=side) - 1  # type: ignore[call-overload]
        found, latest = found[latest >= 0], latest[latest >= 0]
        # The latest event of the step before has the latest beginning too, which leaves most time.
        is_near = (found // SPAN == begun[latest] // SPAN) & (found - begun[latest] <= window * DAY)
        found, latest = found[is_near], latest[is_near]
        _people, first = np.unique(found // SPAN, return_index=True)
        gaps = found[first] - before[latest[first]]
        median = float(np.median(gaps)) if len(gaps) else None
        steps.append(Step(kind, _whose(people, found), median))
        before, begun = found, begun[latest]
    return steps


def lost_after(steps: Sequence[Step], place: int) -> Ints:
    """Return who reached the step at `place` (from 0) and not the next."""
    return np.setdiff1d(steps[place].shoppers, steps[place + 1].shoppers, assume_unique=True)


def has_time_left(scope: Scope, window: int, today: date) -> bool:
    """Tell whether some who took the first step still have time for the others."""
    return scope.period.last + timedelta(days=window) >= today


def _whose(people: Ints, line: Ints) -> Ints:
    return people[np.unique(line // SPAN)]
