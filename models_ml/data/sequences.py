"""Cuts histories into training examples: what was known before a basket, and the basket.

No question sees the last half hour before its basket, so that the session that led to it (its views
and its cart) gives nothing away.
"""

from dataclasses import dataclass

import numpy as np

from models_ml.data.histories import Histories

SESSION_DAYS = 30.0 / (24 * 60)


@dataclass(frozen=True, slots=True)
class Target:
    """A basket to predict at the moment `now` (days since 1970). `context` counts the customer's
    rows known by then; `items` is the basket, each item once.
    """

    customer: int
    context: int
    now: float
    items: np.ndarray


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `start:stop` (flat) of one customer, at most the window's length, and the places of the
    targets that they are context for, `first:last` in the list of targets.
    """

    start: int
    stop: int
    first: int
    last: int


def find_targets(histories: Histories, horizon: float, random: np.random.Generator) -> list[Target]:
    """Questions about every basket that has an earlier event, customer by
    customer, in time.

    A basket is asked for after the last session before it, and, where browsing lies between, once
    more at a moment drawn from the time since the basket before, at most `horizon` days ahead: at a
    real cut nobody knows how many visits are still to come.
    """
    targets: list[Target] = []
    for customer in range(len(histories)):
        history = histories.of(customer)
        bought = history.purchases
        if not len(bought):
            continue
        moments, starts = np.unique(bought.times, return_index=True)
        baskets = np.split(bought.items, starts[1:])
        before = float(history.times[0])
        found: list[Target] = []
        for moment, basket in zip(moments.tolist(), baskets, strict=True):
            close = moment - SESSION_DAYS
            context = int(np.searchsorted(history.times, close, side="left"))
            if context:
                items = np.unique(basket)
                last = float(history.times[context - 1])
                found.append(
                    Target(customer, context, last + (close - last) * random.random(), items)
                )
                early = max(before, moment - horizon)
                early += (close - early) * random.random()
                sooner = int(np.searchsorted(history.times, early, side="right"))
                if 0 < sooner < context:
                    found.append(Target(customer, sooner, early, items))
            before = max(before, moment)
        targets += sorted(found, key=lambda target: target.context)
    return targets


def cut_segments(histories: Histories, targets: list[Target], length: int) -> list[Segment]:
    """Group consecutive targets of one customer that share a window of at most `length` rows.

    Every target sees at least its latest `length // 2` rows, or all it has.
    """
    segments: list[Segment] = []
    first = 0
    for place in range(1, len(targets) + 1):
        if place == len(targets) or not _fits(targets[first], targets[place], length):
            offset = int(histories.offsets[targets[first].customer])
            stop = targets[place - 1].context
            segments.append(Segment(offset + max(0, stop - length), offset + stop, first, place))
            first = place
    return segments


def _fits(first: Target, target: Target, length: int) -> bool:
    same = target.customer == first.customer
    return same and target.context <= max(length, first.context + length // 2)
