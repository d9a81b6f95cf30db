"""All customers' histories as flat arrays, built from a cleaned frame."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models_ml.data.columns import BASKET, CUSTOMER, ITEM, KIND, KIND_NUMBERS, PURCHASE, TIME
from models_ml.data.history import History


@dataclass(frozen=True, slots=True)
class Histories:
    """Rows `offsets[c]:offsets[c + 1]` belong to `customers[c]`, ordered as in `History`."""

    customers: np.ndarray
    skus: np.ndarray
    offsets: np.ndarray
    items: np.ndarray
    times: np.ndarray
    kinds: np.ndarray

    def __len__(self) -> int:
        return len(self.customers)

    def of(self, customer: int) -> History:
        rows = slice(self.offsets[customer], self.offsets[customer + 1])
        return History(self.items[rows], self.times[rows], self.kinds[rows])

    @property
    def owners(self) -> np.ndarray:
        """The customer number of every row."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))


def build_histories(frame: pd.DataFrame, skus: np.ndarray | None = None) -> Histories:
    """Turn a cleaned frame into histories.

    `skus` fixes the numbering of items (rows about others are left out); without it, the items of
    the frame are numbered in alphabetical order.
    """
    if skus is None:
        skus = np.array(sorted(frame[ITEM].unique()), dtype=np.str_)
    frame = frame[frame[ITEM].isin(skus)]
    times = _basket_times(frame)
    rows = pd.DataFrame(
        {
            CUSTOMER: frame[CUSTOMER].to_numpy(),
            TIME: times,
            ITEM: pd.Index(skus).get_indexer(frame[ITEM]).astype(np.int32),
            KIND: frame[KIND].map(KIND_NUMBERS).to_numpy().astype(np.int8),
        }
    )
    rows = rows.drop_duplicates().sort_values([CUSTOMER, TIME, ITEM, KIND], kind="stable")
    customers, counts = np.unique(rows[CUSTOMER].to_numpy(dtype=np.str_), return_counts=True)
    return Histories(
        customers=customers,
        skus=skus,
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        items=rows[ITEM].to_numpy(),
        times=rows[TIME].to_numpy(),
        kinds=rows[KIND].to_numpy(),
    )


def _basket_times(frame: pd.DataFrame) -> np.ndarray:
    """Days since 1970 per row; all rows of one purchase get the time of its first row."""
    microseconds = frame[TIME].astype("datetime64[us, UTC]").astype("int64")
    bought = frame[KIND] == PURCHASE
    first = microseconds[bought].groupby([frame[CUSTOMER][bought], frame[BASKET][bought]])
    times = microseconds.copy()
    times[bought] = first.transform("min")
    return times.to_numpy() / 86_400e6
