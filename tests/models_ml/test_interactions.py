"""Frames in: cleaning, histories, time splits, the loaders of shops."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models_ml.data.cleaning import DEFAULT_STEPS, BadFrame, NotEnoughData, clean
from models_ml.data.generated_shop import read_generated_shop
from models_ml.data.histories import build_histories
from models_ml.data.history import HistoryEvent, as_history
from models_ml.data.online_retail import read_online_retail
from models_ml.data.split import split_by_time

Write = Callable[..., pd.DataFrame]


def test_cleaning_counts_what_it_drops_and_mends_quantities(purchases: Write) -> None:
    frame = purchases(("anna", "2026-03-01", "cup", "tea", "jug", "pot", "pan"))
    frame["customer"] = ["anna", None, "anna", "anna", "anna"]
    frame["item"] = ["cup", "tea", None, "pot", "pan"]
    frame["kind"] = ["purchase", "purchase", "purchase", "sneeze", "purchase"]
    frame["quantity"] = [np.nan, 1, 1, 1, -3]
    rows, report = clean(frame)
    assert rows["item"].tolist() == ["cup", "pan"]
    assert rows["quantity"].tolist() == [1.0, 1.0]
    assert report.rows == 5
    assert report.kept == 2
    basic = {"no customer": 1, "no item": 1, "no time": 0, "unknown kind": 1}
    assert report.dropped == {**basic, **dict.fromkeys(DEFAULT_STEPS, 0)}


def test_cleaning_names_missing_columns_and_unreadable_times(purchases: Write) -> None:
    frame = purchases(("anna", "2026-03-01", "cup"))
    with pytest.raises(BadFrame, match="item, basket"):
        clean(frame.drop(columns=["item", "basket"]))
    with pytest.raises(BadFrame, match="column time"):
        clean(frame.assign(time="yesterday-ish"))


def test_split_leaves_no_row_on_the_wrong_side_of_a_cut(purchases: Write) -> None:
    days = pd.date_range("2026-01-01", "2026-03-10 15:00", freq="7h", tz="UTC")
    frame = purchases(
        *(("anna", str(day.tz_localize(None)), "cup") for day in days),
        ("anna", "2026-02-17", "on the first cut"),
        ("anna", "2026-02-24", "on the second cut"),
    )
    split = split_by_time(clean(frame)[0], test_days=14, validation_days=7)
    assert str(split.test_cut) == "2026-02-24 00:00:00+00:00"
    assert str(split.validation_cut) == "2026-02-17 00:00:00+00:00"
    assert split.fit["time"].max() < split.validation_cut <= split.validation["time"].min()
    assert split.validation["time"].max() < split.test_cut <= split.test["time"].min()
    assert len(split.everything) == len(frame)


def test_split_says_which_part_is_empty(purchases: Write) -> None:
    with pytest.raises(NotEnoughData, match="no purchase by a known customer"):
        split_by_time(clean(purchases())[0])
    with pytest.raises(NotEnoughData, match="fit part holds no purchase"):
        split_by_time(clean(purchases(("anna", "2026-03-01", "cup")))[0])


def test_lines_of_a_purchase_have_no_order_and_count_once(purchases: Write) -> None:
    frame = purchases(("anna", "2026-03-02", "cup", "tea", "cup"), ("anna", "2026-03-01", "jug"))
    frame["time"] += pd.to_timedelta([0, 40, 20, 0], unit="s")
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]):
        histories = build_histories(clean(frame.iloc[order])[0])
        history = histories.of(0)
        assert histories.skus[history.items].tolist() == ["jug", "cup", "tea"]
        assert np.diff(history.times).tolist() == [1.0, 0.0]


def test_one_shoppers_events_and_the_frame_give_the_same_history(purchases: Write) -> None:
    bought = purchases(("anna", "2026-03-01", "cup", "tea"), ("anna", "2026-03-02", "tea"))
    seen = purchases(("anna", "2026-03-01T10:00:00", "jug", "cup"), kind="view")
    frame = pd.concat([bought, seen]).sample(frac=1.0, random_state=3)
    histories = build_histories(clean(frame)[0])
    events = [
        HistoryEvent(row.item, row.time.to_pydatetime(), row.kind, row.basket)
        for row in frame.itertuples()
    ]
    events.append(HistoryEvent("unknown", datetime(2026, 3, 1, tzinfo=UTC), "view", "s"))
    numbers = {sku: place for place, sku in enumerate(histories.skus.tolist())}
    served, offline = as_history(events, numbers), histories.of(0)
    assert served.items.tolist() == offline.items.tolist()
    assert served.times.tolist() == offline.times.tolist()
    assert served.kinds.tolist() == offline.kinds.tolist()


def test_histories_keep_to_the_items_they_are_told(purchases: Write) -> None:
    rows = clean(purchases(("anna", "2026-03-01", "cup", "tea"), ("bob", "2026-03-01", "jug")))[0]
    histories = build_histories(rows, np.array(["cup", "pot"]))
    assert histories.customers.tolist() == ["anna"]
    assert histories.of(0).items.tolist() == [0]


def test_online_retail_lines_become_purchases_and_returns(tmp_path: Path) -> None:
    lines = pd.DataFrame(
        {
            "InvoiceNo": ["1", "1", "C2", "3", "4", "5"],
            "StockCode": ["85123a", "POST", "85123A", "22423", "22423", "22423"],
            "Quantity": [6, 1, -2, -1, 3, 2],
            "InvoiceDate": pd.to_datetime(["2011-01-01 10:00"] * 6),
            "CustomerID": pd.array([7, 7, 7, 7, None, 8], dtype="Int64"),
        }
    )
    path = tmp_path / "lines.parquet"
    lines.to_parquet(path)
    frame = read_online_retail(path)
    assert frame[["customer", "item", "kind", "quantity"]].to_numpy().tolist() == [
        ["7", "85123A", "purchase", 6.0],
        ["7", "85123A", "return", 2.0],
        ["7", "22423", "return", 1.0],
        ["8", "22423", "purchase", 2.0],
    ]


def test_generated_events_without_customer_or_product_stay_out(tmp_path: Path) -> None:
    events = pd.DataFrame(
        {
            "time": pd.to_datetime(["2026-01-01"] * 4, utc=True),
            "kind": ["view", "search", "purchase", "view"],
            "customer": ["anna", "anna", "anna", None],
            "sku": ["cup", None, "cup", "cup"],
            "quantity": [None, None, 2.0, None],
            "session": ["s1", "s1", "s1", "s2"],
            "basket": [None, None, "b1", None],
        }
    )
    events.to_parquet(tmp_path / "events.parquet")
    frame = read_generated_shop(tmp_path)
    assert frame["kind"].tolist() == ["view", "purchase"]
    assert frame["basket"].tolist() == ["s1", "b1"]
