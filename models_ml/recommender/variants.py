"""Trains a shop's network on variants of its data, cleaned or augmented in other ways, and asks all
of them the same questions; what is finished is on disk, so that a stopped measurement goes on.
"""

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.data.cleaning import STEPS, clean
from models_ml.data.columns import CUSTOMER, TIME
from models_ml.data.content import ItemFacts
from models_ml.data.split import TimeSplit
from models_ml.recommender import stages
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.checkpoints import Checkpoints, fingerprint
from models_ml.recommender.config import OnProgress, ShouldStop, TrainConfig
from models_ml.recommender.evaluate import Score, by_scorer, evaluate
from models_ml.recommender.past import Past
from models_ml.recommender.report import TRANSFORMER
from models_ml.recommender.run import Run
from models_ml.recommender.scorers import PopularityScorer
from models_ml.recommender.stages import Window
from models_ml.recommender.tuning import Tuned, fit_baselines


@dataclass(frozen=True, slots=True)
class Treatment:
    """What is done to the data of a training; names as in `TrainConfig`."""

    cleaning: tuple[str, ...]
    augmentation: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """NDCG@10 per customer of what would serve and of the network alone, each (customers,).

    `dropped` counts by step the rows that cleaning took; `learned` is equal where two trainings
    with one seed learn from the very same.
    """

    model: np.ndarray
    transformer: np.ndarray
    dropped: dict[str, int]
    learned: str


@dataclass(frozen=True, slots=True)
class _Prepared:
    past: Past
    dropped: dict[str, int]
    digest: str


class Variants:
    """One frame under the questions of `questions`: what its validation window holds, bought by
    customers known before it. Nothing from that window on is learned, and the test window is never
    looked at.

    Baselines are tuned once, for the first treatment that is measured. `on_progress` hears of the
    epochs of the training under way.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        questions: TimeSplit,
        config: TrainConfig,
        folder: Path,
        *,
        items: Sequence[ItemFacts] = (),
        on_progress: OnProgress = lambda progress: None,
        should_stop: ShouldStop = lambda: False,
    ) -> None:
        self._frame, self._questions, self._config = frame, questions, config
        self._folder, self._items = folder, items
        self._on_progress, self._should_stop = on_progress, should_stop
        self._prepared: tuple[tuple[str, ...], _Prepared] | None = None
        self._tuned: dict[str, Tuned] = {}
        folder.mkdir(parents=True, exist_ok=True)
        settings = config.as_dict() | {"seed": None, "threads": None}
        self._settings = fingerprint(questions.before_test, items, settings)

    @property
    def customers(self) -> int:
        """How many are asked."""
        known = stages.build_past(self._questions.fit, self._questions.validation_cut)
        return len(self._cases(known))

    @property
    def seconds(self) -> float:
        """What the trainings on disk took."""
        return sum(float(np.load(path)["seconds"]) for path in self._folder.glob("*.npz"))

    def measure(self, treatment: Treatment, seed: int) -> Outcome:
        """Train up to the validation window and ask; trained before, it is read from disk.

        Raises `TrainingStopped`, and `NotEnoughData` where nobody can be asked.
        """
        prepared = self._prepare(treatment.cleaning)
        learned = f"{prepared.digest} {treatment.augmentation}"
        key = hashlib.sha256(f"{self._settings} {learned} {seed}".encode()).hexdigest()[:16]
        path = self._folder / f"{key}.npz"
        if not path.exists():
            config = replace(
                self._config, seed=seed, augmentation=treatment.augmentation, cleaning=()
            )
            self._train(prepared.past, config, key, path)
        with np.load(path) as found:
            return Outcome(found["model"], found["transformer"], prepared.dropped, learned)

    def _prepare(self, steps: tuple[str, ...]) -> _Prepared:
        if self._prepared is None or self._prepared[0] != steps:
            rows, report = clean(self._frame, steps)
            cut = self._questions.validation_cut
            before = rows[rows[TIME] < cut]
            content = stages.ShopContent(self._items, before) if self._items else None
            past = stages.build_past(before, cut, content)
            dropped = {name: report.dropped.get(name, 0) for name in STEPS}
            self._prepared = steps, _Prepared(past, dropped, _digest(past))
        return self._prepared[1]

    def _cases(self, past: Past) -> list[Case]:
        """The same for every past, whatever cleaning took from it."""
        known = set(self._questions.fit[CUSTOMER].unique())
        cases = build_cases(past.histories, self._questions.validation, known)
        return [case for case in cases if case.name in known]

    def _train(self, past: Past, config: TrainConfig, key: str, path: Path) -> None:
        cases = self._cases(past)
        window = Window(past, [case for case in cases if case.customer >= 0])
        began = time.monotonic()
        if not self._tuned:
            tuning = self._run(config, "baselines", self._settings)
            self._tuned = stages.tune_baselines(tuning, window)
        # Its clock starts here: every training has the same minutes, the one that tunes as well.
        run = self._run(config, "under_way", key)
        model, epochs = stages.fit_network(run, window)
        blend = stages.find_blend(run, window, model, self._tuned)
        asked = stages.ask_cases(window, config.max_length)
        scores = stages.network_scores(model, window, asked)
        baselines = fit_baselines(past, self._tuned)
        parts, popular = stages.parts_of(baselines), baselines.popularity

        def alone(place: int, case: Case) -> np.ndarray:
            return scores[place]

        def blended(place: int, case: Case) -> np.ndarray:
            return parts.blend(scores[place], blend.weights, case.history, past.cut)

        served: Score = blended
        if blend.alone == TRANSFORMER:
            served = alone
        elif blend.alone:
            served = by_scorer(baselines.by_name()[blend.alone], past.cut)
        # Of a training that was gone on with, the epochs of its first attempt count too.
        seconds = max(time.monotonic() - began, sum(epoch["seconds"] for epoch in epochs))
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            np.savez(
                file,
                model=_ask(served, cases, window, popular),
                transformer=_ask(alone, cases, window, popular),
                seconds=seconds,
            )
        os.replace(part, path)

    def _run(self, config: TrainConfig, name: str, fingerprint: str) -> Run:
        checkpoints = Checkpoints(self._folder / name, fingerprint)
        return Run(config, checkpoints, self._on_progress, self._should_stop)


def _ask(score: Score, cases: list[Case], window: Window, popular: PopularityScorer) -> np.ndarray:
    """NDCG@10 per case; whoever vanished with what was dropped gets what everybody gets."""
    shares = window.past.buyer_shares()
    lost = np.array([case.customer < 0 for case in cases])
    values = np.zeros(len(cases))
    values[~lost] = evaluate(score, window.cases, shares).ndcgs
    strangers = [case for case in cases if case.customer < 0]
    values[lost] = evaluate(by_scorer(popular, window.past.cut), strangers, shares).ndcgs
    return values


def _digest(past: Past) -> str:
    """Equal where a training would learn from the same."""
    histories = past.histories
    digest = hashlib.sha256()
    for array in (histories.customers, histories.skus, histories.items, histories.kinds):
        digest.update(np.ascontiguousarray(array).tobytes())
    digest.update(histories.times.tobytes() + histories.offsets.tobytes())
    return digest.hexdigest()
