"""Finds how the blend weighs products that it was not trained on, on known products played as if
they had just been added.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models_ml.data.history import EMPTY
from models_ml.recommender.blending import LEAST_GAIN, WEIGHTS, Board
from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import paired_interval

# Content is nearly all there is to go by, so that it may outweigh the network by more than any part
# does among known products.
ADDED_WEIGHTS = (*WEIGHTS, 3.0, 6.0)
ROUNDS = 2
# Fewer customers tell too little.
LEAST_CUSTOMERS = 20


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is said about products played as added, which are numbered after the known ones.

    `known` (cases, known) holds the blended scores of the known products, `network` (cases, added)
    the network's for the added, `evidence` each part's log evidence (cases, added).
    """

    cases: list[Case]
    known: np.ndarray
    network: np.ndarray
    evidence: dict[str, np.ndarray]

    def added(self, weights: dict[str, float]) -> np.ndarray:
        """Scores of the added products, shape (cases, added)."""
        scores = self.network
        for name, weight in weights.items():
            scores = scores + np.float32(weight) * self.evidence[name]
        return scores

    def everything(self, weights: dict[str, float]) -> np.ndarray:
        """Scores of all products, shape (cases, known + added)."""
        return np.concatenate([self.known, self.added(weights)], axis=1)


@dataclass(frozen=True, slots=True)
class AddedBlend:
    """The weights found, and what they are worth against those of known products, as mean, low and
    high of a 95 % interval of NDCG@10: `gain` among added products alone, for the `customers` who
    bought one, and `whole` over everything for everybody. Both are of customers whom they were not
    tuned on. The weights are None where they gained nothing among added products or are shown to
    lose over everything.
    """

    weights: dict[str, float] | None
    customers: int
    gain: dict[str, float]
    whole: dict[str, float]

    def as_parameters(self) -> dict[str, Any]:
        """What the report tells about it."""
        told = {"customers": self.customers, "gain": self.gain, "whole": self.whole}
        return {"weights": self.weights, **told}


def tune_added(
    simulation: Simulation, weights: dict[str, float], tuned: tuple[str, ...], seed: int
) -> AddedBlend | None:
    """Find weights of the parts in `tuned` by ranking added products alone. Starts from `weights`,
    those of known products. None with too few customers.
    """
    known = simulation.known.shape[1]
    among = Board(
        [
            Case(case.name, case.customer, EMPTY, case.relevant[case.relevant >= known] - known, 0)
            for case in simulation.cases
        ],
        simulation.network.shape[1],
    )
    usual = among.ndcgs(simulation.added(weights))
    asked = np.flatnonzero(~np.isnan(usual))
    if len(asked) < LEAST_CUSTOMERS:
        return None
    board = Board(simulation.cases, known + simulation.network.shape[1])
    halves = np.array_split(np.random.default_rng(seed).permutation(len(usual)), 2)
    crossed, whole = np.zeros(len(usual)), np.zeros(len(usual))
    for own, other in zip(halves, halves[::-1], strict=True):
        found = _best_weights(simulation, among, weights, tuned, other)
        crossed[own] = among.ndcgs(simulation.added(found))[own]
        whole[own] = board.ndcgs(simulation.everything(found))[own]
    gain = paired_interval(crossed[asked], usual[asked], seed)
    of_all = paired_interval(whole, board.ndcgs(simulation.everything(weights)), seed)
    used = gain[0] > LEAST_GAIN and of_all[2] >= 0.0
    best = _best_weights(simulation, among, weights, tuned, asked) if used else None
    return AddedBlend(best, len(asked), _named(gain), _named(of_all))


def _best_weights(
    simulation: Simulation,
    among: Board,
    start: dict[str, float],
    tuned: tuple[str, ...],
    rows: np.ndarray,
) -> dict[str, float]:
    """Coordinate ascent over the grid for the customers in `rows`."""
    weights = dict(start)

    def value() -> float:
        values = among.ndcgs(simulation.added(weights))[rows]
        return float(np.nanmean(values)) if not np.isnan(values).all() else 0.0

    best = value()
    for _ in range(ROUNDS):
        for name in tuned:
            kept = weights[name]
            for weight in ADDED_WEIGHTS:
                weights[name] = weight
                found = value()
                if found > best:
                    best, kept = found, weight
            weights[name] = kept
    return weights


def _named(found: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("mean", "low", "high"), found, strict=True))
