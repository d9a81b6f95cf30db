"""What one customer did, as arrays. Needs numpy only, because web processes build these too.

One rule makes the order of lines inside a purchase meaningless: all its rows get the time of its
first row, a repeated item inside it counts once, and rows are sorted by (time, item, kind).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from models_ml.data.columns import KIND_NUMBERS, PURCHASE_NUMBER

DAY_SECONDS = 86_400.0


class HistoryEvent(NamedTuple):
    """One event of a shopper; `time` is a moment, a naive one read as UTC, or in seconds since
    1970.
    """

    item: str
    time: datetime | float
    kind: str
    basket: str


@dataclass(frozen=True, slots=True)
class History:
    """Events of one customer, each array of shape (n,): item numbers, times in days since 1970,
    kind numbers.
    """

    items: np.ndarray
    times: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def first(self, count: int) -> "History":
        return History(self.items[:count], self.times[:count], self.kinds[:count])

    def latest(self, count: int) -> "History":
        return History(self.items[-count:], self.times[-count:], self.kinds[-count:])

    def without(self, row: int) -> "History":
        """The history had this one event never happened; a basket keeps its time."""
        return History(*(np.delete(a, row) for a in (self.items, self.times, self.kinds)))

    @property
    def purchases(self) -> "History":
        bought = self.kinds == PURCHASE_NUMBER
        return History(self.items[bought], self.times[bought], self.kinds[bought])


EMPTY = History(np.array([], np.int32), np.array([], np.float64), np.array([], np.int8))


def as_days(time: datetime) -> float:
    """Days since 1970-01-01 UTC."""
    return as_seconds(time) / DAY_SECONDS


def as_history(events: Sequence[HistoryEvent], item_numbers: Mapping[str, int]) -> History:
    """Build the history of one shopper; unknown items and kinds are left out."""
    known = [event for event in events if event[0] in item_numbers and event[2] in KIND_NUMBERS]
    if not known:
        return EMPTY
    skus, moments, kind_names, baskets = zip(*known, strict=True)
    kinds = np.array([KIND_NUMBERS[kind] for kind in kind_names], np.int8)
    items = np.array([item_numbers[sku] for sku in skus], np.int32)
    times = np.array([as_seconds(moment) for moment in moments])
    first: dict[str, float] = {}
    bought = np.flatnonzero(kinds == PURCHASE_NUMBER).tolist()
    for place in bought:
        basket = baskets[place]
        first[basket] = min(times[place], first.get(basket, times[place]))
    times[bought] = [first[baskets[place]] for place in bought]
    order = np.lexsort((kinds, items, times))
    items, times, kinds = items[order], times[order], kinds[order]
    repeated = (np.diff(items) == 0) & (np.diff(times) == 0) & (np.diff(kinds) == 0)
    kept = np.concatenate([[True], ~repeated])
    return History(items[kept], times[kept] / DAY_SECONDS, kinds[kept])


def as_seconds(time: datetime | float) -> float:
    """Seconds since 1970-01-01 UTC."""
    if isinstance(time, float):
        return time
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
