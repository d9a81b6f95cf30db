"""What a peer of the recommender is, and how its parameters are found on the validation window, for
each protocol by itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from models_ml.recommender import baselines, tuning
from models_ml.recommender.blending import Board
from models_ml.recommender.past import Past
from models_ml.recommender.scorers import PopularityScorer, Scorer
from models_ml.recommender.stages import Window

Parameters = dict[str, Any]
ScoreAll = Callable[[Parameters], np.ndarray]

REPEATS_ALLOWED, NEW_ONLY = "repeats_allowed", "new_only"
PROTOCOLS = (REPEATS_ALLOWED, NEW_ONLY)
ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """The best parameters for one protocol and their NDCG@10 on the validation window."""

    parameters: Parameters
    validation_ndcg: float


class Peer(Protocol):
    """A method that can be tuned on one window and asked about the cases of another."""

    @property
    def name(self) -> str: ...

    def tune(self, window: Window) -> dict[str, Found]:
        """The best parameters by protocol; the first of equals wins."""
        ...

    def score(self, window: Window, parameters: Parameters) -> np.ndarray:
        """Fit on the window's past; shape (cases, items)."""
        ...


@dataclass(frozen=True, slots=True)
class Searched:
    """Tuned by coordinate ascent over `grid` from `start`; `prepare` gives, for one window, the
    function from parameters to scores.
    """

    name: str
    grid: dict[str, tuple[Any, ...]]
    start: Parameters
    prepare: Callable[[Window], ScoreAll]

    def tune(self, window: Window) -> dict[str, Found]:
        judge = _Judge(window, self.prepare(window))
        return {protocol: self._ascend(judge, protocol) for protocol in PROTOCOLS}

    def score(self, window: Window, parameters: Parameters) -> np.ndarray:
        return self.prepare(window)(parameters)

    def _ascend(self, judge: "_Judge", protocol: str) -> Found:
        best = Found(self.start, judge.judge(self.start)[protocol])
        for _ in range(ROUNDS):
            before = best
            for name, values in self.grid.items():
                for parameters in [{**best.parameters, name: value} for value in values]:
                    ndcg = judge.judge(parameters)[protocol]
                    if ndcg > best.validation_ndcg:
                        best = Found(parameters, ndcg)
            if best is before:
                break
        return best


class _Judge:
    """Validation NDCG@10 in both protocols, computed once for each choice of parameters."""

    def __init__(self, window: Window, score: ScoreAll) -> None:
        self._board = Board(window.cases, window.past.items)
        self._score = score
        self._known: dict[tuple[Any, ...], dict[str, float]] = {}

    def judge(self, parameters: Parameters) -> dict[str, float]:
        key = tuple(sorted(parameters.items()))
        if key not in self._known:
            self._known[key] = _both(self._board, self._score(parameters))
        return self._known[key]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One of the baselines that every training tunes, over the whole of the very same grid."""

    name: str

    def tune(self, window: Window) -> dict[str, Found]:
        board = Board(window.cases, window.past.items)
        tried = [
            (parameters, _both(board, _ask(scorer, window)))
            for parameters, scorer in tuning.grid(
                self.name, window.past, _tie_breaking(window.past)
            )
        ]
        return {protocol: _best(tried, protocol) for protocol in PROTOCOLS}

    def score(self, window: Window, parameters: Parameters) -> np.ndarray:
        if self.name == "popularity":
            return _ask(baselines.fit_popularity(window.past, **parameters), window)
        fits: dict[str, Callable[..., Scorer]] = {
            "repeat_frequency": baselines.fit_repeat_frequency,
            "co_occurrence": baselines.fit_co_occurrence,
            "ease": baselines.fit_ease,
        }
        fitted = fits[self.name](window.past, _tie_breaking(window.past), **parameters)
        return _ask(fitted, window)


def _best(tried: Iterable[tuple[Parameters, dict[str, float]]], protocol: str) -> Found:
    parameters, ndcgs = max(tried, key=lambda one: one[1][protocol])
    return Found(parameters, ndcgs[protocol])


def _both(board: Board, scores: np.ndarray) -> dict[str, float]:
    return {REPEATS_ALLOWED: board.ndcg(scores), NEW_ONLY: board.new_only(scores)}


def _ask(scorer: Scorer, window: Window) -> np.ndarray:
    return np.stack([scorer.score(case.history, window.past.cut) for case in window.cases])


def _tie_breaking(past: Past) -> PopularityScorer:
    """Orders what a method has no evidence for."""
    return baselines.fit_popularity(past, days=30.0)
