"""Rolling origins: several cuts in time, each with its own windows, gone on with when stopped."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models_ml.data.cleaning import NotEnoughData
from models_ml.data.columns import TIME
from models_ml.recommender.config import Progress, TrainConfig, TrainingStopped
from models_ml.recommender.origins import FOLDER, cross_validate
from models_ml.recommender.report import TrainReport
from models_ml.recommender.train import train
from tests.trained import TINY, tiny_frame

END = pd.Timestamp("2026-05-01", tz="UTC")
# Of two months, three origins of a week each leave enough before them.
CONFIG = TrainConfig(**{**TINY, "test_days": 7, "validation_days": 7, "epochs": 1})


def test_origins_lie_one_test_window_apart_and_means_are_over_them(tmp_path: Path) -> None:
    told: list[Progress] = []
    found = cross_validate(
        tiny_frame(END), origins=2, out_dir=tmp_path, config=CONFIG, on_progress=told.append
    )
    cuts = [pd.Timestamp(one["test_cut"]) for one in found["origins"]]
    assert cuts[1] - cuts[0] == pd.Timedelta(days=7)
    assert pd.Timestamp(found["origins"][0]["end"]) < cuts[1] + pd.Timedelta(days=1)
    for name, spread in found["candidates"].items():
        values = [one["test_ndcg@10"][name] for one in found["origins"]]
        assert spread["mean"] == pytest.approx(np.mean(values))
        assert spread["deviation"] == pytest.approx(np.std(values, ddof=1))
        assert (spread["low"], spread["high"]) == (min(values), max(values))
    fractions = [one.fraction for one in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def _latest(frame: pd.DataFrame, folder: Path) -> TrainReport:
    return train(frame, out_dir=folder, config=CONFIG, measure_only=True)


def test_a_training_already_measured_is_the_latest_origin_and_the_others_lie_before_it(
    tmp_path: Path,
) -> None:
    frame = tiny_frame(END)
    latest = _latest(frame, tmp_path / "main")
    found = cross_validate(frame, origins=1, out_dir=tmp_path, config=CONFIG, latest=latest)
    cuts = [pd.Timestamp(one["test_cut"]) for one in found["origins"]]
    assert cuts[1] - cuts[0] == pd.Timedelta(days=7)
    assert found["origins"][1]["test_cut"] == latest.data.test_cut
    assert found["origins"][1]["test_ndcg@10"] == {
        name: one.repeats_allowed["ndcg@10"] for name, one in latest.candidates.items()
    }
    assert len(list((tmp_path / FOLDER).iterdir())) == 1


def test_a_training_without_data_for_an_earlier_origin_stands_alone(tmp_path: Path) -> None:
    frame = tiny_frame(END)
    frame = frame[frame[TIME] > END - pd.Timedelta(days=22)]
    latest = _latest(frame, tmp_path / "main")
    found = cross_validate(frame, origins=2, out_dir=tmp_path, config=CONFIG, latest=latest)
    assert [one["end"] for one in found["origins"]] == [latest.data.end]
    assert len(found["left_out"]) == 2
    assert found["difference"]["deviation"] == 0


def test_an_origin_sees_nothing_after_its_end(tmp_path: Path) -> None:
    frame = tiny_frame(END)
    whole = cross_validate(frame, origins=2, out_dir=tmp_path / "a", config=CONFIG)
    cut = pd.Timestamp(whole["origins"][0]["end"])
    alone = cross_validate(
        frame[frame[TIME] <= cut], origins=1, out_dir=tmp_path / "b", config=CONFIG
    )
    assert alone["origins"][0]["test_ndcg@10"] == whole["origins"][0]["test_ndcg@10"]


def test_finished_origins_are_taken_as_they_are(tmp_path: Path) -> None:
    told: list[Progress] = []
    frame = tiny_frame(END)
    with pytest.raises(TrainingStopped):
        cross_validate(
            frame,
            origins=2,
            out_dir=tmp_path,
            config=CONFIG,
            on_progress=told.append,
            should_stop=lambda: bool(told) and told[-1].fraction > 0.6,
        )
    again: list[Progress] = []
    found = cross_validate(
        frame, origins=2, out_dir=tmp_path, config=CONFIG, on_progress=again.append
    )
    assert again[0].fraction >= 0.5
    assert len(found["origins"]) == 2


def test_an_origin_too_early_is_left_out_by_name(tmp_path: Path) -> None:
    found = cross_validate(tiny_frame(END), origins=9, out_dir=tmp_path, config=CONFIG)
    assert found["left_out"]
    assert len(found["origins"]) + len(found["left_out"]) == 9
    few = tiny_frame(END)
    few = few[few[TIME] > END - pd.Timedelta(days=9)]
    with pytest.raises(NotEnoughData, match="no origin can be measured"):
        cross_validate(few, origins=2, out_dir=tmp_path / "few", config=CONFIG)
