"""What one customer did, as arrays. Needs numpy only, because web processes build these too.

One rule makes the order of lines inside a purchase meaningless: all its rows get the time of its first row, a repeated
item inside it counts once, and rows are sorted by (time, item, kind).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np

from models_ml.data.columns import KIND_NUMBERS, PURCHASE_NUMBER

DAY_SECONDS = 86_400.0


class HistoryEvent(NamedTuple):
    """One event of a shopper; a naive `time` is read as UTC."""

    item: str
    time: datetime
    kind: str
    basket: str


@dataclass(frozen=True, slots=True)
class History:
    """Events of one customer, each array of shape (n,): item numbers, times in days since 1970, kind numbers."""

    items: np.ndarray
    times: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        return len(self.items)

    def first(self, count: int) -> "History":
        return History(self.items[:count], self.times[:count], self.kinds[:count])

    def latest(self, count: int) -> "History":
        return History(self.items[-count:], self.times[-count:], self.kinds[-count:])

    @property
    def purchases(self) -> "History":
        bought = self.kinds == PURCHASE_NUMBER
        return History(self.items[bought], self.times[bought], self.kinds[bought])


def as_days(time: datetime) -> float:
    """Days since 1970-01-01 UTC."""
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.timestamp() / DAY_SECONDS


def as_history(events: Iterable[HistoryEvent], item_numbers: Mapping[str, int]) -> History:
    """Build the history of one shopper; unknown items and kinds are left out."""
    rows: list[tuple[float, int, int]] = []
    first: dict[str, float] = {}
    known = [
        (event, as_days(event.time), item_numbers[event.item], KIND_NUMBERS[event.kind])
        for event in events
        if event.item in item_numbers and event.kind in KIND_NUMBERS
    ]
    for event, days, _, kind in known:
        if kind == PURCHASE_NUMBER:
            first[event.basket] = min(days, first.get(event.basket, days))
    for event, days, item, kind in known:
        rows.append((first[event.basket] if kind == PURCHASE_NUMBER else days, item, kind))
    ordered = sorted(set(rows))
    return History(
        items=np.array([row[1] for row in ordered], dtype=np.int32),
        times=np.array([row[0] for row in ordered], dtype=np.float64),
        kinds=np.array([row[2] for row in ordered], dtype=np.int8),
    )
