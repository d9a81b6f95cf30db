"""New products held out of a training rank by what they say of themselves, set against popularity
and content kNN.
"""

from pathlib import Path

import pandas as pd
import pytest

from models_ml.bench.cold_start import (
    AMONG,
    FULL,
    NEW_TO_THEM,
    measure_held_out,
    measure_new,
    table,
)
from models_ml.data.columns import ITEM, TIME
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.report import MEASURED
from models_ml.recommender.serving import load
from models_ml.recommender.train import train
from tests.trained import TINY, tiny_frame, tiny_items

END = pd.Timestamp("2026-05-01", tz="UTC")
CONFIG = TrainConfig(**{**TINY, "epochs": 1})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A training on the tiny frame, where P05 comes in the test window alone."""
    frame, folder = tiny_frame(END), tmp_path_factory.mktemp("shop")
    early = frame[TIME] < END - pd.Timedelta(days=CONFIG.test_days + 1)
    frame = frame[~(early & (frame[ITEM] == "P05"))]
    train(frame, items=tiny_items(), out_dir=folder, config=CONFIG)
    return folder, frame


def test_held_out_products_are_measured_against_popularity_and_content_knn(
    shop: tuple[Path, pd.DataFrame],
) -> None:
    folder, frame = shop
    found = measure_held_out(folder, frame, tiny_items(), CONFIG)
    trained = set(load(folder / "held_out" / MEASURED, "model").skus)
    held = {facts.item for facts in tiny_items()} - trained
    # A tenth of 23 or 24, of which P05 was never there to be learned.
    assert len(held - {"P05"}) == found["products"] == 2
    assert found["customers"] > 0
    for scope in (FULL, NEW_TO_THEM, AMONG):
        figures = found[scope]
        compared = {"model", "content", "popularity", "as known ones"}
        assert set(figures) == compared | {f"model - {name}" for name in compared - {"model"}}
        for one in figures.values():
            assert one["low"] <= one["mean"] <= one["high"]
    # Nobody bought what nobody saw, and every taste has words of its own.
    assert found[FULL]["popularity"]["mean"] == 0.0
    assert found[AMONG]["content"]["mean"] > found[AMONG]["popularity"]["mean"]
    for name in ("popularity", "content", "as known ones"):
        assert name in table({"held out": found})


def test_products_first_seen_in_the_test_window_are_measured_by_the_training_itself(
    shop: tuple[Path, pd.DataFrame],
) -> None:
    folder, frame = shop
    found = measure_new(folder, frame, tiny_items(), CONFIG)
    assert found["products"] == 1
    assert found["customers"] > 0
    assert set(found["everybody"]) == {FULL, NEW_TO_THEM}
