"""Where a training starts: only from weights that saw nothing of what measures it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from models_ml.data.cleaning import clean
from models_ml.data.columns import TIME
from models_ml.data.split import split_by_time
from models_ml.recommender import stages
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.model import SequenceModel
from models_ml.recommender.report import TrainReport
from models_ml.recommender.run import Run
from models_ml.recommender.starts import HAS_SEEN, NO_EARLIER, START, _load, keep_start
from models_ml.recommender.train import train
from tests.trained import TINY, tiny_frame, tiny_items

END = pd.Timestamp("2026-05-01", tz="UTC")
FRAME = tiny_frame(END)
WEEK = pd.Timedelta(days=7)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder trained as of a week before the end."""
    folder = tmp_path_factory.mktemp("earlier")
    train(FRAME[FRAME[TIME] <= END - WEEK], out_dir=folder, config=TrainConfig(**TINY))
    return folder


def _later(folder: Path, previous: Path | None, **settings: object) -> TrainReport:
    config = replace(TrainConfig(**TINY), **settings)
    return train(FRAME, out_dir=folder, config=config, previous=previous, measure_only=True)


def test_both_starts_are_measured_and_the_better_goes_on(earlier: Path, tmp_path: Path) -> None:
    start = _later(tmp_path, earlier).start
    assert set(start["measured"]) == {"warm", "scratch"}
    values = {name: one["validation_ndcg"] for name, one in start["measured"].items()}
    assert values[start["used"]] == max(values.values())
    assert all(one["seconds"] > 0 and one["epochs"] for one in start["measured"].values())
    assert start["note"] == ""


@pytest.mark.parametrize("wanted", ["warm", "scratch"])
def test_one_start_alone_can_be_asked_for(earlier: Path, tmp_path: Path, wanted: str) -> None:
    start = _later(tmp_path, earlier, start=wanted).start
    assert list(start["measured"]) == [wanted] == [start["used"]]


def test_what_is_kept_for_the_next_start_saw_nothing_of_its_own_validation(earlier: Path) -> None:
    report = TrainReport.load(earlier)
    items = np.load(earlier / START / "items.npy")
    seen = FRAME[FRAME[TIME] < pd.Timestamp(report.data.validation_cut)]["item"].unique()
    assert set(items) <= set(seen)
    assert (earlier / START / "manifest.json").read_text().count(report.data.validation_cut) == 1


def test_weights_that_saw_the_answers_are_refused(earlier: Path, tmp_path: Path) -> None:
    before = pd.Timestamp(TrainReport.load(earlier).data.end) - 2 * WEEK
    report = _later(tmp_path, earlier, until=before.to_pydatetime())
    assert list(report.start["measured"]) == ["scratch"]
    assert report.start["note"] == HAS_SEEN


@pytest.mark.parametrize(
    ("settings", "reason"), [({"dim": 16}, "another dim"), ({"layers": 2}, "another layers")]
)
def test_a_network_of_another_shape_starts_from_scratch(
    earlier: Path, tmp_path: Path, settings: dict[str, int], reason: str
) -> None:
    start = _later(tmp_path, earlier, **settings).start
    assert start["used"] == "scratch"
    assert reason in start["note"]


def test_a_broken_or_missing_start_is_said_and_costs_no_training(
    earlier: Path, tmp_path: Path
) -> None:
    assert _later(tmp_path / "a", None).start["note"] == NO_EARLIER
    assert "missing" in _later(tmp_path / "b", tmp_path).start["note"]


@pytest.mark.parametrize(("today", "carried"), [("eye", True), ("another eye", False)])
def test_what_images_taught_is_carried_on_only_to_the_same_network_s(
    tmp_path: Path, today: str, carried: bool
) -> None:
    config = TrainConfig(**TINY)
    rows, _ = clean(FRAME)
    split = split_by_time(rows)
    content = stages.ShopContent(tiny_items(), rows)
    window = stages.build_window(split.fit, split.validation, split.validation_cut, content)
    model = stages.new_network(config, window.past)
    torch.nn.init.constant_(model.content_projection, 7.0)
    skus, cut = window.past.histories.skus, split.validation_cut
    keep_start(model, skus, content.vocabulary, cut, tmp_path)
    run = Run(config, Checkpoints(tmp_path, ""), lambda progress: None, lambda: False)
    now = replace(content.vocabulary, image_model=today)
    found = _load(tmp_path, run, window, cut, now).content_projection
    words = len(now.hashes)
    assert now.image
    assert (found[:words] == 7.0).all()
    assert (found[words:] == 7.0).all().item() is carried


def test_a_start_is_read_back_as_it_was_left(earlier: Path) -> None:
    model = SequenceModel.from_pretrained(earlier / START)
    items = np.load(earlier / START / "items.npy")
    assert model.item_embedding.weight.shape == (len(items), TINY["dim"])
