"""Other versions of a history, and that training reads them where and only where it is told to."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models_ml.data.augmentation import MASKED, Augmenter, crop, mask, substitute
from models_ml.data.cleaning import clean
from models_ml.data.history import History
from models_ml.data.split import split_by_time
from models_ml.recommender import stages
from models_ml.recommender.batches import Examples
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.run import Run
from models_ml.recommender.stages import Window
from tests.trained import TINY, tiny_frame

HISTORY = History(np.arange(10, dtype=np.int32), np.arange(10.0), np.zeros(10, np.int8))


@pytest.fixture
def window() -> Window:
    frame = tiny_frame(pd.Timestamp("2026-05-01", tz="UTC"))
    split = split_by_time(clean(frame)[0])
    return stages.build_window(split.fit, split.validation, split.validation_cut)


def test_crop_keeps_the_latest_and_no_less_than_told() -> None:
    lengths = set()
    for seed in range(200):
        cropped = crop(HISTORY, 0.6, 99, np.random.default_rng(seed))
        assert cropped.items.tolist() == HISTORY.items[-len(cropped) :].tolist()
        assert cropped.times[-1] == 9.0
        lengths.add(len(cropped))
    assert lengths == {6, 7, 8, 9, 10}
    assert len(crop(HISTORY, 0.1, 0, np.random.default_rng(1))) == 10


def test_mask_hides_items_and_nothing_else() -> None:
    masked = mask(HISTORY, 0.3, np.random.default_rng(1))
    hidden = masked.items == MASKED
    assert 0 < hidden.sum() < 10
    assert (masked.items[~hidden] == HISTORY.items[~hidden]).all()
    assert masked.times is HISTORY.times
    assert mask(HISTORY, 0.0, np.random.default_rng(1)).items.tolist() == HISTORY.items.tolist()


def test_substitute_takes_only_similar_items() -> None:
    similar = np.array([[item + 100, item + 200] for item in range(10)])
    similar[4] = MASKED
    changed = substitute(HISTORY, similar, 1.0, np.random.default_rng(1))
    for item, new in enumerate(changed.items.tolist()):
        assert new in ({item + 100, item + 200} if item != 4 else {4})
    assert HISTORY.items.tolist() == list(range(10))


def test_augmented_questions_see_the_same_end_and_evaluation_sees_it_all(window: Window) -> None:
    plain = stages.ask_cases(window, 16)
    similar = np.full((window.past.items, 1), MASKED)
    cropping = Examples(window.past, plain.targets, 16, Augmenter(("crop",), similar))
    before = next(cropping.in_order(len(plain.segments)))
    assert before.items.equal(next(plain.in_order(len(plain.segments))).items)
    (after,) = cropping.shuffled(len(plain.segments), np.random.default_rng(1))
    assert (after.contexts[after.asked] >= 1).all()
    lengths = (after.steps < 1 << 20).sum(dim=1)
    assert (lengths == after.contexts.max(dim=1).values).all()
    assert lengths.sum() < before.contexts.max(dim=1).values.sum()


@pytest.mark.parametrize("name", ["crop", "mask", "substitute"])
def test_a_network_learns_from_augmented_histories(
    name: str, window: Window, tmp_path: Path
) -> None:
    config = TrainConfig(**{**TINY, "epochs": 2, "augmentation": (name,)})
    losses = {}
    for one in (config, TrainConfig(**{**TINY, "epochs": 2})):
        checkpoints = Checkpoints(tmp_path / str(one.augmentation), "the same data")
        run = Run(one, checkpoints, lambda told: None, lambda: False)
        _, rows = stages.fit_network(run, window)
        losses[one.augmentation] = [row["loss"] for row in rows]
    assert losses[(name,)] != losses[()]
    assert losses[(name,)][1] < losses[(name,)][0]


def test_unknown_steps_are_refused_by_name_and_lists_are_taken() -> None:
    assert TrainConfig(cleaning=["bots"]).cleaning == ("bots",)  # type: ignore[arg-type]
    assert TrainConfig().as_dict()["augmentation"] == []
    with pytest.raises(ValueError, match=r"augmentation holds \['shuffle'\]; known are crop"):
        TrainConfig(augmentation=("shuffle",))
    with pytest.raises(ValueError, match="cleaning holds"):
        TrainConfig(cleaning=("soap",))
