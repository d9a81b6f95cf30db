"""Finds the weights of the fusion on the validation window, and whether they are worth it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import TOP, paired_interval
from models_ml.recommender.fusion import Parts
from models_ml.recommender.report import TRANSFORMER

WEIGHTS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.8)
ROUNDS = 2
# A smaller difference of two means is rounding.
LEAST_GAIN = 1e-6
# The gate's measure decides; what is new to the customer counts along, because surfaces may leave
# out what was bought.
NEW_ONLY_SHARE = 0.25
# Above this many scores (cases x items) a seeded sample of cases stands for all; 12 million take
# about 0.3 GB.
MOST_SCORES = 12_000_000


@dataclass(frozen=True, slots=True)
class Blend:
    """Weights by part beside the network's one, and NDCG@10 with repeats allowed of the blend.

    `parts` holds the NDCG@10 of each part alone, the network's under its own name. `gain` is what
    the blend has over the best of them, as mean, low and high of a 95 % interval, on customers whom
    its weights were not tuned on. Where the mean is no gain, `alone` names that part: it serves by
    itself, and the weights are not used.
    """

    weights: dict[str, float]
    ndcg: float
    parts: dict[str, float]
    gain: dict[str, float]
    alone: str = ""

    @property
    def ndcg_alone(self) -> float:
        """Of the network by itself."""
        return self.parts[TRANSFORMER]

    def as_parameters(self) -> dict[str, Any]:
        """What the report tells about it."""
        best = max(self.parts, key=lambda name: self.parts[name])
        weights = {TRANSFORMER: 1.0, **self.weights} if not self.alone else {self.alone: 1.0}
        return {"weights": weights, "best_part": best, "gain": self.gain, "alone": self.alone}


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
        return mean_of_asked(self.ndcgs(scores))

    def ndcgs(self, scores: np.ndarray) -> np.ndarray:
        """NDCG@10 with repeats allowed, shape (cases,)."""
        return self._values(scores, self._totals)

    def new_only(self, scores: np.ndarray) -> float:
        """Mean NDCG@10 over what is new to the customer, of scores (cases, items)."""
        return mean_of_asked(self.new_ndcgs(scores))

    def new_ndcgs(self, scores: np.ndarray) -> np.ndarray:
        """NDCG@10 over what is new to the customer, shape (cases,)."""
        return self._values(np.where(self._owned, -np.inf, scores), self._new_totals)

    def value(self, scores: np.ndarray) -> float:
        """What the weights are tuned for."""
        return self.ndcg(scores) + NEW_ONLY_SHARE * self.new_only(scores)

    def _values(self, scores: np.ndarray, totals: np.ndarray) -> np.ndarray:
        """NaN where a case asks for nothing."""
        k = min(TOP, scores.shape[1])
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        found = np.take_along_axis(scores, best, axis=1)
        best = np.take_along_axis(best, np.argsort(-found, axis=1, kind="stable"), axis=1)
        discounts = 1.0 / np.log2(np.arange(2, TOP + 2))
        gains = np.take_along_axis(self._relevant, best, axis=1) @ discounts[:k]
        ideal = np.concatenate([[0.0], np.cumsum(discounts)])[np.minimum(totals, TOP)]
        return np.divide(gains, ideal, out=np.full(len(gains), np.nan), where=totals > 0)


def mean_of_asked(values: np.ndarray) -> float:
    """The mean of those who asked for something; zero where nobody did."""
    counted = values[~np.isnan(values)]
    return float(counted.mean()) if len(counted) else 0.0


class _Sheet:
    """What every part says about every case: scores of the network and log evidence by part, each
    (cases, items).
    """

    def __init__(self, cases: list[Case], base: np.ndarray, evidence: dict[str, np.ndarray]):
        self.cases = cases
        self.board = Board(cases, base.shape[1])
        self._base = base
        self._evidence = evidence

    def only(self, rows: np.ndarray) -> "_Sheet":
        evidence = {name: values[rows] for name, values in self._evidence.items()}
        return _Sheet([self.cases[row] for row in rows], self._base[rows], evidence)

    def total(self, weights: dict[str, float], without: str = "") -> np.ndarray:
        """The blended scores, shape (cases, items)."""
        scores = self._base
        for name, weight in weights.items():
            if weight and name != without:
                scores = scores + np.float32(weight) * self._evidence[name]
        return scores

    def tune(self, rounds: int) -> dict[str, float]:
        """Coordinate ascent over the grid of weights, from no blend at all."""
        weights = dict.fromkeys(self._evidence, 0.0)
        best = self.board.value(self._base)
        for _ in range(rounds):
            for name, evidence in self._evidence.items():
                others = self.total(weights, without=name)
                for weight in WEIGHTS:
                    value = self.board.value(others + np.float32(weight) * evidence)
                    if value > best:
                        best, weights[name] = value, weight
        return weights


def tune_blend(
    cases: list[Case], sequence_scores: list[np.ndarray], parts: Parts, now: float, seed: int
) -> Blend:
    """Tune the weights on all cases, and find out on others than they were tuned on (half by half)
    whether they beat each part alone.

    `sequence_scores` holds one array (items,) per case.
    """
    random = np.random.default_rng(seed)
    chosen = np.arange(len(cases))
    most = max(1, MOST_SCORES // len(sequence_scores[0]))
    if len(cases) > most:
        chosen = np.sort(random.choice(len(cases), most, replace=False))
    sample = [cases[place] for place in chosen]
    evidence = {
        name: np.stack([parts.log_evidence(name, case.history, now) for case in sample])
        for name in parts.names
    }
    sheet = _Sheet(sample, np.stack([sequence_scores[place] for place in chosen]), evidence)
    weights = sheet.tune(ROUNDS)
    alone = {TRANSFORMER: sheet.board.ndcgs(sheet.total({}))}
    for name in parts.names:
        scorer = getattr(parts, name)
        scores = np.stack([scorer.score(case.history, now) for case in sample])
        alone[name] = sheet.board.ndcgs(scores)
    values = {name: mean_of_asked(ndcgs) for name, ndcgs in alone.items()}
    best = max(values, key=lambda name: values[name])
    mean, low, high = paired_interval(_crossed(sheet, random), alone[best], seed)
    return Blend(
        weights=weights,
        ndcg=sheet.board.ndcg(sheet.total(weights)),
        parts=values,
        gain={"mean": mean, "low": low, "high": high},
        alone="" if mean > LEAST_GAIN else best,
    )


def _crossed(sheet: _Sheet, random: np.random.Generator) -> np.ndarray:
    """NDCG@10 per case of a blend tuned on the half of the cases that it is not in; (cases,).

    A single case is measured on itself.
    """
    order = random.permutation(len(sheet.cases))
    halves = [half for half in np.array_split(order, 2) if len(half)]
    found = np.zeros(len(order))
    for own, other in zip(halves, halves[::-1], strict=True):
        weights = sheet.only(other).tune(rounds=1)
        measured = sheet.only(own)
        found[own] = measured.board.ndcgs(measured.total(weights))
    return found
