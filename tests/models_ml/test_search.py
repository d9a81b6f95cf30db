"""A search for settings: bounded, begun with the settings in use, gone on with after a stop."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import optuna
import pandas as pd
import pytest

from models_ml.data.columns import ITEM, TIME
from models_ml.recommender.config import TrainConfig, TrainingStopped
from models_ml.recommender.search import STUDY, Bounds, SearchProgress, _propose, search
from tests.trained import TINY, tiny_frame

END = pd.Timestamp("2026-05-01", tz="UTC")
CONFIG = TrainConfig(**{**TINY, "epochs": 3, "patience": 3})


def _search(
    folder: Path,
    trials: int,
    told: list[SearchProgress] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    **given: object,
) -> dict:
    told = [] if told is None else told
    return search(
        given.get("frame", tiny_frame(END)),
        out_dir=folder,
        config=CONFIG,
        bounds=Bounds(trials, given.get("minutes", 5.0)),
        on_progress=told.append,
        should_stop=should_stop,
    )


def test_the_settings_in_use_are_tried_first_and_the_best_is_no_worse(tmp_path: Path) -> None:
    report = _search(tmp_path, 3)
    first, *others = report["trials"]
    assert [one["number"] for one in report["trials"]] == [1, 2, 3]
    assert first["parameters"]["dim"] == CONFIG.dim
    assert first["parameters"]["learning_rate"] == pytest.approx(CONFIG.learning_rate)
    assert any(one["parameters"] != first["parameters"] for one in others)
    assert report["usual"] == first["value"]
    assert report["best"]["value"] == max(one["value"] for one in report["trials"])
    TrainConfig(**{**TINY, **report["best"]["parameters"]})


def test_a_stopped_search_goes_on_with_the_trial_under_way(tmp_path: Path) -> None:
    told: list[SearchProgress] = []

    def in_second_trial() -> bool:
        return bool(told) and told[-1].finished == 1 and told[-1].epoch is not None

    with pytest.raises(TrainingStopped):
        _search(tmp_path, 3, told, in_second_trial)
    before = told[-1].report["trials"]
    under_way = told[-1].epoch
    assert under_way is not None
    again: list[SearchProgress] = []
    report = _search(tmp_path, 3, again)
    assert report["trials"][0] == before[0]
    assert len(report["trials"]) == 3
    first = next(one.epoch for one in again if one.epoch is not None)
    assert first.epoch == under_way.epoch + 1
    settings = [tuple(one["parameters"].items()) for one in report["trials"]]
    assert len(set(settings)) == 3


def test_a_finished_search_is_not_searched_again(tmp_path: Path) -> None:
    report = _search(tmp_path, 2)
    told: list[SearchProgress] = []
    assert _search(tmp_path, 2, told) == report
    assert not told


def test_the_minutes_end_a_search_before_its_trials(tmp_path: Path) -> None:
    report = _search(tmp_path, 50, minutes=0.001)
    assert 1 <= len(report["trials"]) < 50


def _kill_in_first_trial(folder: Path, minutes: float, lay_still: str) -> None:
    """Leave what a search leaves that is killed in its first trial's first epoch so long ago."""

    def dies(progress: SearchProgress) -> None:
        raise SystemExit

    with pytest.raises(SystemExit):
        search(
            tiny_frame(END),
            out_dir=folder,
            config=CONFIG,
            bounds=Bounds(2, minutes),
            on_progress=dies,
        )
    with sqlite3.connect(folder / STUDY) as study:
        moved = study.execute(
            "UPDATE trials SET datetime_start = datetime(datetime_start, ?)"
            " WHERE state = 'RUNNING'",
            [lay_still],
        )
        assert moved.rowcount == 1


def test_the_time_a_killed_search_lay_still_is_none_of_its_minutes(tmp_path: Path) -> None:
    _kill_in_first_trial(tmp_path, 5.0, "-10 hours")
    report = _search(tmp_path, 2)
    assert len(report["trials"]) == 2
    assert sum(one["seconds"] for one in report["trials"]) < 300


def test_a_search_whose_minutes_a_kill_used_up_still_finishes_one_trial(tmp_path: Path) -> None:
    _kill_in_first_trial(tmp_path, 1e-6, "-0 hours")
    report = _search(tmp_path, 2, minutes=1e-6)
    assert len(report["trials"]) == 1
    assert report["best"] == report["trials"][0]


@pytest.mark.parametrize("own", [{}, {"dim": 96, "heads": 3}, {"dim": 50, "heads": 5}])
def test_settings_that_cannot_be_fitted_are_not_proposed(own: dict[str, int]) -> None:
    config = TrainConfig(**{**TINY, **own})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(60):
        TrainConfig(**{**TINY, **_propose(study.ask(), config)})


def test_the_test_window_changes_nothing(tmp_path: Path) -> None:
    frame = tiny_frame(END)
    spoiled = frame.copy()
    in_test = spoiled[TIME] >= spoiled[TIME].max().normalize() - pd.Timedelta(days=14)
    spoiled.loc[in_test, ITEM] = spoiled.loc[in_test, ITEM].to_numpy()[::-1]
    first, second = (
        _search(tmp_path / name, 2, frame=one) for name, one in (("a", frame), ("b", spoiled))
    )
    values = [[one["value"] for one in report["trials"]] for report in (first, second)]
    assert values[0] == values[1]


def test_bounds_without_sense_are_refused() -> None:
    for wrong in ({"trials": 0}, {"minutes": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Bounds(**wrong)
