"""Time splits: the past trains, the fortnight after it tunes, the last fortnight measures."""

from dataclasses import dataclass

import pandas as pd

from models_ml.data.cleaning import NotEnoughData
from models_ml.data.columns import KIND, PURCHASE, TIME


@dataclass(frozen=True, slots=True)
class TimeSplit:
    """Cuts at midnight UTC: fit < `validation_cut` <= validation < `test_cut` <= test <= `end`."""

    fit: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    validation_cut: pd.Timestamp
    test_cut: pd.Timestamp
    end: pd.Timestamp

    @property
    def before_test(self) -> pd.DataFrame:
        return pd.concat([self.fit, self.validation])

    @property
    def everything(self) -> pd.DataFrame:
        return pd.concat([self.fit, self.validation, self.test])


def split_by_time(
    frame: pd.DataFrame,
    test_days: int = 14,
    validation_days: int = 14,
    end: pd.Timestamp | None = None,
) -> TimeSplit:
    """Split a cleaned frame. The test window starts `test_days` before `end` (the last purchase
    unless given), at midnight.

    Raises `NotEnoughData` when any of the three parts holds no purchase.
    """
    purchases = frame.loc[frame[KIND] == PURCHASE, TIME]
    if purchases.empty:
        raise NotEnoughData("the interactions hold no purchase by a known customer")
    end = purchases.max() if end is None else end
    test_cut = (end - pd.Timedelta(days=test_days)).normalize()
    validation_cut = test_cut - pd.Timedelta(days=validation_days)
    times = frame[TIME]
    parts = {
        "fit": frame[times < validation_cut],
        "validation": frame[(times >= validation_cut) & (times < test_cut)],
        "test": frame[(times >= test_cut) & (times <= end)],
    }
    for name, part in parts.items():
        if not (part[KIND] == PURCHASE).any():
            raise NotEnoughData(
                f"the {name} part holds no purchase: with cuts at {validation_cut:%Y-%m-%d} and "
                f"{test_cut:%Y-%m-%d} and the end on {end:%Y-%m-%d}, "
                f"more than {test_days + validation_days} days of purchases are needed"
            )
    return TimeSplit(validation_cut=validation_cut, test_cut=test_cut, end=end, **parts)
