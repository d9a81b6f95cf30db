"""Leave-one-out: what the score of an item owes to each of the shopper's latest events.

Leaving an event out means scoring the history as if it had never happened: the network does not
read it, the customer's own items and the linear policies do not count it. Nothing older comes into
the network's window in its place, because an answer for older events is none for this one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from models_ml.data.columns import KINDS
from models_ml.data.history import History

LATEST_EVENTS = 10
# How many of them are kept with an item.
STRONGEST = 4


@dataclass(frozen=True, slots=True)
class Explained:
    """Scores of the whole catalogue, shape (items,), and `drops`: from item numbers (wanted,) to
    how much lower each would score without each of the latest events, shape (latest, wanted).
    """

    scores: np.ndarray
    drops: Callable[[np.ndarray], np.ndarray]


class OwnEvent(NamedTuple):
    """What a shopper did with one product among their latest events, several times taken together;
    `contribution` is how much lower the score would be without, negative where it would be higher.
    """

    item: str
    kind: str
    contribution: float


def latest_rows(history: History) -> np.ndarray:
    """The rows that are left out, one at a time, oldest first."""
    return np.arange(max(len(history) - LATEST_EVENTS, 0), len(history))


def strongest_events(
    history: History, drops: np.ndarray, resolution: float, skus: Sequence[str]
) -> list[tuple[OwnEvent, ...]]:
    """For each column of `drops` (latest, wanted) the few kinds of own events, by product, that
    moved the score most, the strongest first; what moved it by less than `resolution` is left out.
    """
    rows = latest_rows(history)
    pairs = history.items[rows].astype(np.int64) * len(KINDS) + history.kinds[rows]
    distinct, places = np.unique(pairs, return_inverse=True)
    sums = np.zeros((len(distinct), drops.shape[1]))
    np.add.at(sums, places, drops)
    names = [(skus[pair // len(KINDS)], KINDS[pair % len(KINDS)]) for pair in distinct.tolist()]
    order = np.argsort(-np.abs(sums), axis=0, kind="stable")[:STRONGEST]
    moved = np.take_along_axis(sums, order, axis=0)
    return [
        tuple(
            OwnEvent(names[place][0], names[place][1], value)
            for place, value in zip(strongest, values, strict=True)
            if abs(value) >= resolution
        )
        for strongest, values in zip(order.T.tolist(), moved.T.tolist(), strict=True)
    ]
