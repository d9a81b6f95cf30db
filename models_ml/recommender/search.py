"""Searches for the network's settings: bounded, pruned, and gone on with after a kill.

Trials are proposed by a tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) and judged
on the validation window alone; the test window is never looked at. The first one is the settings in
use, so that the best is never worse on that window than what there is.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import torch
from optuna.trial import FrozenTrial, TrialState
from threadpoolctl import threadpool_limits

from models_ml.data.cleaning import clean
from models_ml.data.content import ItemFacts
from models_ml.data.split import split_by_time
from models_ml.recommender import stages
from models_ml.recommender.checkpoints import Checkpoints, fingerprint
from models_ml.recommender.config import Progress, ShouldStop, TrainConfig, TrainingStopped
from models_ml.recommender.run import Run
from models_ml.recommender.stages import Window

STUDY = "search.sqlite3"
# So many trials are run to their end before others are pruned against their median, and none in
# its first epoch: on Online Retail that one tells little about the last.
_UNPRUNED_TRIALS, _UNPRUNED_EPOCHS = 4, 1
_DIMS, _HEADS, _LAYERS = (32, 64, 96, 128), (1, 2, 4), (1, 2, 3)
_LENGTHS, _BATCHES = (48, 96, 192), (16, 32, 64)
# A trial's own seconds: its start and end would count the time that a killed search lay still.
_SECONDS = "seconds"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Bounds:
    """Whichever is reached first ends a search: so many trials, or so many minutes of fitting. One
    trial is run to its end however few the minutes are.
    """

    trials: int = 20
    minutes: float = 60.0

    def __post_init__(self) -> None:
        for name in ("trials", "minutes"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above zero, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """Where a search stands: trials finished, the report so far, the epoch under way."""

    fraction: float
    finished: int
    report: dict[str, Any]
    epoch: Progress | None = None


OnSearch = Callable[[SearchProgress], None]


def search(
    frame: pd.DataFrame,
    *,
    out_dir: Path,
    config: TrainConfig,
    bounds: Bounds,
    items: Sequence[ItemFacts] = (),
    on_progress: OnSearch = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
) -> dict[str, Any]:
    """Try settings for `frame` and return, ready for JSON: `trials` (number, state, value,
    parameters, epochs, seconds), `best` of them, and `usual`, the value of the settings in use,
    both None where no trial could be measured.

    `config.max_minutes` bounds each trial. Run again with the same `out_dir`, it goes on with the
    trial that was under way, from its last finished epoch. Raises `TrainingStopped` when stopped,
    `BadFrame` or `NotEnoughData`.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    with threadpool_limits(config.threads):
        return _Search(frame, items, out_dir, config, bounds, on_progress, should_stop).run()


class _Search:
    def __init__(
        self,
        frame: pd.DataFrame,
        items: Sequence[ItemFacts],
        out_dir: Path,
        config: TrainConfig,
        bounds: Bounds,
        on_progress: OnSearch,
        should_stop: ShouldStop,
    ) -> None:
        self._folder, self._config, self._bounds = out_dir, config, bounds
        self._on_progress, self._should_stop = on_progress, should_stop
        rows, _ = clean(frame, config.cleaning)
        until = config.until and pd.Timestamp(config.until)
        split = split_by_time(rows, config.test_days, config.validation_days, until)
        content = stages.ShopContent(items, rows) if items else None
        self._window: Window = stages.build_window(
            split.fit, split.validation, split.validation_cut, content
        )
        self._data = fingerprint(split.before_test, items, {})
        self._study = self._open()

    def run(self) -> dict[str, Any]:
        self._requeue()
        if not self._finished():
            self._try_one()
        while len(self._finished()) < self._bounds.trials and self._minutes_left() > 0:
            self._try_one()
        return self._report()

    def _try_one(self) -> None:
        """One at a time: its own minutes depend on what the others took."""
        self._study.optimize(self._objective, n_trials=1)
        self._tell()

    def _open(self) -> optuna.Study:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = f"sqlite:///{self._folder / STUDY}"
        study = optuna.create_study(
            storage=storage,
            study_name="search",
            direction="maximize",
            load_if_exists=True,
            pruner=optuna.pruners.MedianPruner(_UNPRUNED_TRIALS, _UNPRUNED_EPOCHS),
        )
        # A search that goes on must not draw again what its first attempt drew.
        seed = self._config.seed + 1_000 * len(study.trials)
        study.sampler = optuna.samplers.TPESampler(seed=seed)
        if not study.trials:
            study.enqueue_trial(_own_settings(self._config))
        return study

    def _requeue(self) -> None:
        """Put what was killed or stopped under way at the head of the queue again."""
        settled = [one.params for one in self._study.trials if one.state in _FINISHED]
        waiting = [one.system_attrs.get("fixed_params") for one in self._waiting()]
        for trial in self._study.trials:
            if trial.state == TrialState.RUNNING:
                self._study.tell(trial.number, state=TrialState.FAIL)
            lost = trial.state in (TrialState.RUNNING, TrialState.FAIL)
            if lost and trial.params and trial.params not in [*settled, *waiting]:
                self._study.enqueue_trial(trial.params)
                waiting.append(trial.params)

    def _waiting(self) -> list[FrozenTrial]:
        return [one for one in self._study.trials if one.state == TrialState.WAITING]

    def _finished(self) -> list[FrozenTrial]:
        return [one for one in self._study.trials if one.state in _FINISHED]

    def _minutes_left(self) -> float:
        used = sum(_seconds(one) for one in self._study.trials) / 60
        return self._bounds.minutes - used

    def _objective(self, trial: optuna.Trial) -> float:
        if self._should_stop():
            raise TrainingStopped
        settings = _propose(trial, self._config)
        minutes = min(self._config.max_minutes, self._minutes_left())
        config = replace(self._config, **settings, max_minutes=max(minutes, 1e-3))
        folder = self._folder / "trials" / _digest(settings)
        began = time.monotonic()

        def told(progress: Progress) -> None:
            trial.set_user_attr(_SECONDS, time.monotonic() - began)
            if progress.epoch is None or progress.validation_ndcg is None:
                return
            self._tell(progress)
            trial.set_user_attr("epochs", progress.epoch)
            trial.report(progress.validation_ndcg, progress.epoch)
            if trial.should_prune():
                shutil.rmtree(folder, ignore_errors=True)
                raise optuna.TrialPruned

        run = Run(config, Checkpoints(folder, self._data), told, self._should_stop)
        _, rows = stages.fit_network(run, self._window)
        trial.set_user_attr("epochs", len(rows))
        trial.set_user_attr(_SECONDS, time.monotonic() - began)
        shutil.rmtree(folder, ignore_errors=True)
        return max(row["validation_ndcg"] for row in rows)

    def _tell(self, epoch: Progress | None = None) -> None:
        finished = len(self._finished())
        fraction = max(
            finished / self._bounds.trials, 1.0 - self._minutes_left() / self._bounds.minutes
        )
        self._on_progress(SearchProgress(min(fraction, 1.0), finished, self._report(), epoch))

    def _report(self) -> dict[str, Any]:
        trials = [_row(number, one) for number, one in enumerate(self._finished(), start=1)]
        best = max(trials, key=lambda one: one["value"], default=None)
        return {"trials": trials, "best": best, "usual": trials[0]["value"] if trials else None}


def _own_settings(config: TrainConfig) -> dict[str, Any]:
    names = ("dim", "heads", "layers", "max_length", "batch_size")
    rates = ("dropout", "learning_rate", "weight_decay")
    return {name: getattr(config, name) for name in (*names, *rates)}


def _propose(trial: optuna.Trial, config: TrainConfig) -> dict[str, Any]:
    """Settings around those in use, which always lie inside the space. Every number of heads
    divides every dim, so that each pair of them can be fitted.
    """
    dims = [dim for dim in _with(_DIMS, config.dim) if not dim % config.heads]
    heads = [one for one in _with(_HEADS, config.heads) if not any(dim % one for dim in dims)]
    return {
        "dim": trial.suggest_categorical("dim", dims),
        "heads": trial.suggest_categorical("heads", heads),
        "layers": trial.suggest_categorical("layers", _with(_LAYERS, config.layers)),
        "max_length": trial.suggest_categorical("max_length", _with(_LENGTHS, config.max_length)),
        "batch_size": trial.suggest_categorical("batch_size", _with(_BATCHES, config.batch_size)),
        "dropout": trial.suggest_float("dropout", *_around(0.1, 0.6, config.dropout)),
        "learning_rate": trial.suggest_float(
            "learning_rate", *_around(5e-4, 8e-3, config.learning_rate), log=True
        ),
        "weight_decay": trial.suggest_float(
            "weight_decay", *_around(1e-3, 1e-1, config.weight_decay), log=True
        ),
    }


def _with(choices: Any, own: int) -> list[int]:
    return sorted({*choices, own})


def _around(low: float, high: float, own: float) -> tuple[float, float]:
    return min(low, own), max(high, own)


def _seconds(trial: FrozenTrial) -> float:
    return float(trial.user_attrs.get(_SECONDS, 0.0))


def _row(number: int, trial: FrozenTrial) -> dict[str, Any]:
    """A pruned trial counts as what it had reached."""
    reached = max(trial.intermediate_values.values(), default=0.0)
    return {
        "number": number,
        "state": "pruned" if trial.state == TrialState.PRUNED else "complete",
        "value": reached if trial.value is None else max(trial.value, reached),
        "parameters": trial.params,
        "epochs": trial.user_attrs.get("epochs", 0),
        "seconds": _seconds(trial),
    }


def _digest(settings: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
