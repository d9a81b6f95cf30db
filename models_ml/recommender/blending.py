"""Finds the weights of the fusion on the validation window."""

from dataclasses import dataclass

import numpy as np

from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import TOP
from models_ml.recommender.fusion import FLOORS, Parts

WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.8)
ROUNDS = 2
# The gate's measure decides; what is new to the customer counts along, because surfaces may leave
# out what was bought.
NEW_ONLY_SHARE = 0.25
# Above this many scores (cases x items) a seeded sample of cases stands for all; 12 million take
# about 0.3 GB.
MOST_SCORES = 12_000_000


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights by part, and NDCG@10 with repeats allowed, of the network alone and blended."""

    weights: dict[str, float]
    ndcg_alone: float
    ndcg: float


class Board:
    """Scores of many cases at once, shape (cases, items), and their figures."""

    def __init__(self, cases: list[Case], items: int) -> None:
        shape = (len(cases), items)
        self._relevant = np.zeros(shape, bool)
        self._owned = np.zeros(shape, bool)
        for row, case in enumerate(cases):
            self._relevant[row, case.relevant] = True
            self._owned[row, case.history.purchases.items] = True
        unrankable = np.array([case.unrankable for case in cases])
        self._totals = self._relevant.sum(axis=1) + unrankable
        self._new_totals = (self._relevant & ~self._owned).sum(axis=1) + unrankable

    def ndcg(self, scores: np.ndarray) -> float:
        """Mean NDCG@10 with repeats allowed, of scores (cases, items)."""
        return self._mean(scores, self._totals)

    def new_only(self, scores: np.ndarray) -> float:
        """Mean NDCG@10 over what is new to the customer, of scores (cases, items)."""
        return self._mean(np.where(self._owned, -np.inf, scores), self._new_totals)

    def _mean(self, scores: np.ndarray, totals: np.ndarray) -> float:
        k = min(TOP, scores.shape[1])
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(scores, best, axis=1)
        best = np.take_along_axis(best, np.argsort(-found, axis=1, kind="stable"), axis=1)
        discounts = 1.0 / np.log2(np.arange(2, TOP + 2))
        gains = np.take_along_axis(self._relevant, best, axis=1) @ discounts[:k]
        ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(totals, TOP)]
        counted = totals > 0
        return float((gains[counted] / ideal[counted]).mean()) if counted.any() else 0.0


def tune_blend(
    cases: list[Case], sequence_scores: list[np.ndarray], parts: Parts, now: float, seed: int
) -> Blend:
    """Coordinate ascent over the grid of weights, from no blend at all.

    `sequence_scores` holds one array (items,) per case.
    """
    items = len(sequence_scores[0])
    chosen = np.arange(len(cases))
    most = max(1, MOST_SCORES // items)
    if len(cases) > most:
        chosen = np.sort(np.random.default_rng(seed).choice(len(cases), most, replace=False))
    sample = [cases[place] for place in chosen]
    board = Board(sample, items)
    base = np.stack([sequence_scores[place] for place in chosen])
    evidence = {
        name: np.stack([parts.log_evidence(name, case.history, now) for case in sample])
        for name in FLOORS
    }
    weights = dict.fromkeys(FLOORS, 0.0)
    alone = board.ndcg(base)
    best = alone + NEW_ONLY_SHARE * board.new_only(base)
    for _ in range(ROUNDS):
        for name in FLOORS:
            others = base + sum(
                np.float32(weights[other]) * evidence[other] for other in FLOORS if other != name
            )
            for weight in WEIGHTS:
                scores = others + np.float32(weight) * evidence[name]
                value = board.ndcg(scores) + NEW_ONLY_SHARE * board.new_only(scores)
                if value > best:
                    best, weights[name] = value, weight
    total = base + sum(np.float32(weights[name]) * evidence[name] for name in FLOORS)
    return Blend(weights, alone, board.ndcg(total))
