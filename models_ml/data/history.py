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
    first: dict[str, float] = {}
    rows = []
    for sku, moment, kind_name, basket in events:
        item, kind = item_numbers.get(sku), KIND_NUMBERS.get(kind_name)
        if item is None or kind is None:
            continue
        time = as_seconds(moment)
        rows.append((time, item, kind, basket))
        if kind == PURCHASE_NUMBER:
            first[basket] = min(time, first.get(basket, time))
    if not rows:
        return EMPTY
    # Of a usual history, Python sorts the rows in a fraction of what calls of numpy cost.
    distinct = {
        (first[basket] if kind == PURCHASE_NUMBER else time, item, kind)
        for time, item, kind, basket in rows
    }
    times, items, kinds = zip(*sorted(distinct), strict=True)
    return History(
        np.array(items, np.int32), np.array(times) / DAY_SECONDS, np.array(kinds, np.int8)
    )


def as_seconds(time: datetime | float) -> float:
    """Seconds since 1970-01-01 UTC."""
    if isinstance(time, float):
        return time
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
