"""What cleaning finds, rows sent twice, scripts and bursts, and what it leaves to honest people."""

from collections.abc import Callable

import pandas as pd
import pytest

from models_ml.bench.dirt import plant
from models_ml.data import noise
from models_ml.data.cleaning import STEPS, clean
from tests.trained import tiny_frame

Write = Callable[..., pd.DataFrame]
START = pd.Timestamp("2026-03-01 10:00", tz="UTC")


def rows(*wanted: tuple[str, str, float, str, str | None]) -> pd.DataFrame:
    """Customer, item, seconds after the start, kind, basket."""
    return pd.DataFrame(
        [
            (customer, item, START + pd.Timedelta(seconds=seconds), kind, basket, 1.0)
            for customer, item, seconds, kind, basket in wanted
        ],
        columns=["customer", "item", "time", "kind", "basket", "quantity"],
    )


def looks(customer: str, count: int, every: float, start: float = 0.0) -> pd.DataFrame:
    return rows(*((customer, f"p{n}", start + n * every, "view", None) for n in range(count)))


def orders(customer: str, count: int, every: float) -> pd.DataFrame:
    return rows(*((customer, "p", n * every, "purchase", f"b{n}") for n in range(count)))


def test_a_row_sent_twice_goes_once_even_without_a_basket() -> None:
    frame = rows(
        ("anna", "cup", 0, "view", None),
        ("anna", "cup", 0, "view", None),
        ("anna", "cup", 0, "purchase", "1"),
        ("anna", "cup", 0, "purchase", "2"),
        ("bob", "cup", 0, "view", None),
    )
    assert noise.exact_duplicates(frame).tolist() == [False, True, False, False, False]
    kept, report = clean(frame, ["exact duplicates"])
    assert len(kept) == 4
    assert report.dropped["exact duplicates"] == 1


def test_the_same_again_within_a_breath_is_one_act() -> None:
    frame = rows(
        ("anna", "cup", 100, "view", None),
        ("anna", "cup", 102, "view", None),
        ("anna", "cup", 120, "view", None),
        ("anna", "tea", 121, "view", None),
        ("anna", "cup", 121, "cart", None),
        ("bob", "cup", 101, "view", None),
    )
    assert noise.near_duplicates(frame).tolist() == [False, True, False, False, False, False]


def test_an_order_sent_twice_goes_but_lines_of_one_basket_stay() -> None:
    frame = rows(
        ("anna", "cup", 0, "purchase", "1"),
        ("anna", "cup", 5, "purchase", "1"),
        ("bob", "cup", 0, "purchase", "2"),
        ("bob", "cup", 30, "purchase", "3"),
        ("bob", "cup", 200, "purchase", "4"),
    )
    assert noise.near_duplicates(frame).tolist() == [False, False, False, True, False]


def test_rows_keep_their_places_whatever_their_order() -> None:
    frame = rows(
        ("anna", "cup", 2, "view", None),
        ("anna", "cup", 50, "view", None),
        ("anna", "cup", 0, "view", None),
    )
    assert noise.near_duplicates(frame).tolist() == [True, False, False]


@pytest.mark.parametrize(
    "script",
    [
        looks("script", 400, every=1.0),
        looks("script", noise.BOT_PRODUCTS_A_DAY, every=100.0),
        rows(*(("script", "p", hour * 3600.0, "view", None) for hour in range(-10, 12))),
        orders("script", noise.BOT_ORDERS_AN_HOUR, every=60.0),
    ],
    ids=["fast", "broad", "sleepless", "hasty"],
)
def test_scripts_go_with_all_their_rows(script: pd.DataFrame) -> None:
    bought = rows(("script", "cup", 86_400.0, "purchase", "x"), ("anna", "cup", 0, "view", None))
    frame = pd.concat([script, bought], ignore_index=True)
    found = noise.bots(frame)
    assert found.tolist() == [True] * (len(script) + 1) + [False]


def test_busy_people_are_no_scripts() -> None:
    frame = pd.concat(
        [
            looks("keen", 200, every=8.0),
            orders("wholesale", 10, every=300.0),
            rows(*(("late", "p", hour * 3600.0, "view", None) for hour in range(12))),
            rows(*(("bulk", f"p{n}", 0, "purchase", "1") for n in range(500))),
        ],
        ignore_index=True,
    )
    assert not noise.bots(frame).any()
    assert not noise.bursts(frame).any()


def test_a_page_loaded_ahead_goes_and_its_reader_stays() -> None:
    burst = looks("anna", noise.BURST_LOOKS, every=0.2)
    calm = looks("anna", 20, every=5.0, start=1_000.0)
    bought = rows(*(("anna", f"p{n}", 0.2 * n, "purchase", "1") for n in range(30)))
    frame = pd.concat([burst, calm, bought], ignore_index=True)
    assert noise.bursts(frame).tolist() == [True] * len(burst) + [False] * 50
    assert not noise.bots(frame).any()


def test_bursts_of_two_people_do_not_join() -> None:
    half = noise.BURST_LOOKS - 1
    frame = pd.concat([looks("anna", half, 0.2), looks("bob", half, 0.2)], ignore_index=True)
    assert not noise.bursts(frame).any()


def test_steps_can_be_left_out_and_are_counted_when_taken(purchases: Write) -> None:
    frame = pd.concat([looks("script", 400, every=1.0), looks("anna", 5, every=60.0)])
    kept, report = clean(frame, ())
    assert len(kept) == 405
    assert not set(report.dropped) & set(STEPS)
    kept, report = clean(frame)
    assert set(kept["customer"]) == {"anna"}
    assert report.dropped["bots"] == 400
    assert report.rows - sum(report.dropped.values()) == report.kept == 5


def test_a_shop_without_looks_or_rows_is_cleaned_too(purchases: Write) -> None:
    kept, _ = clean(purchases(("anna", "2026-03-01", "cup", "tea")))
    assert len(kept) == 2
    assert clean(purchases())[1].kept == 0


def test_what_is_planted_is_found_and_honest_rows_stay() -> None:
    frame = tiny_frame(START)
    dirty = plant(frame, seed=1)
    honest = dirty[dirty["planted"] == ""]
    for column in ("customer", "item", "time", "kind"):
        assert honest[column].tolist() == frame[column].tolist()
    assert set(dirty["planted"]) == {"", *STEPS}
    for name, step in STEPS.items():
        found = step(dirty)
        assert found[dirty["planted"] == name].all(), name
        assert not found[dirty["planted"] == ""].any(), name
    assert plant(frame, seed=1).equals(dirty)


def test_a_shop_that_tells_of_no_looks_is_planted_with_none() -> None:
    frame = tiny_frame(START)
    frame = frame[frame["kind"] == "purchase"]
    assert set(plant(frame, seed=1)["kind"]) == {"purchase"}
