"""Finds how the blend weighs products that it was not trained on, and how high they stand among the
others, on known products played as if they had just been added.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from models_ml.data.history import EMPTY
from models_ml.recommender.blending import LEAST_GAIN, NEW_ONLY_SHARE, WEIGHTS, Board, mean_of_asked
from models_ml.recommender.cases import Case
from models_ml.recommender.evaluate import paired_interval
from models_ml.recommender.fusion import AddedMix

# Content is nearly all there is to go by, so that it may outweigh the network by more than any part
# does among known products.
ADDED_WEIGHTS = (*WEIGHTS, 3.0, 6.0)
ROUNDS = 2
# In log odds. On Online Retail's validation window 2 was best, and from 5 on known products lost.
OFFSETS = tuple(step / 2 for step in range(-4, 13))
# Of NDCG@10 over everything, so that a difference without any weight does not decide. Chosen.
LOSS = 0.0005
# Fewer customers tell too little.
LEAST_CUSTOMERS = 20

Interval = tuple[float, float, float]


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

    def everything(self, mix: AddedMix) -> np.ndarray:
        """Scores of all products, shape (cases, known + added)."""
        raised = self.added(mix.weights) + np.float32(mix.offset)
        return np.concatenate([self.known, raised], axis=1)

    def among_added(self) -> Board:
        """The board of the added products alone."""
        known = self.known.shape[1]
        cases = [
            Case(case.name, case.customer, EMPTY, case.relevant[case.relevant >= known] - known, 0)
            for case in self.cases
        ]
        return Board(cases, self.network.shape[1])


@dataclass(frozen=True, slots=True)
class AddedBlend:
    """The mix found, and what it is worth against the weights of known products, as mean, low and
    high of a 95 % interval of NDCG@10, of customers whom it was not tuned on: `gain` among added
    products alone, for the `customers` who bought one; `new` over all that is new to a customer,
    and `whole` over everything, both for everybody.

    Its weights are used where they gain among added products, its offset where both together gain
    over what is new, and neither where everything together is shown to lose. None where none is.
    """

    mix: AddedMix | None
    customers: int
    gain: dict[str, float]
    new: dict[str, float]
    whole: dict[str, float]

    def as_parameters(self) -> dict[str, Any]:
        """What the report tells about it."""
        mix = self.mix.as_dict() if self.mix else None
        figures = {"gain": self.gain, "new": self.new, "whole": self.whole}
        return {"mix": mix, "customers": self.customers, **figures}


def tune_added(
    simulation: Simulation, weights: dict[str, float], tuned: tuple[str, ...], seed: int
) -> AddedBlend | None:
    """Find weights of the parts in `tuned` by ranking added products alone, then the offset by
    ranking everything. Starts from `weights`, those of known products. None with too few customers.
    """
    among = simulation.among_added()
    usual = among.ndcgs(simulation.added(weights))
    asked = np.flatnonzero(~np.isnan(usual))
    if len(asked) < LEAST_CUSTOMERS:
        return None
    everybody = np.arange(len(usual))
    halves = np.array_split(np.random.default_rng(seed).permutation(everybody), 2)
    crossed = np.zeros(len(usual))
    found = []
    for own, other in zip(halves, halves[::-1], strict=True):
        found.append(_best_weights(simulation, among, weights, tuned, other))
        crossed[own] = among.ndcgs(simulation.added(found[-1]))[own]
    gain = paired_interval(crossed[asked], usual[asked], seed)
    gains = gain[0] > LEAST_GAIN
    best = _best_weights(simulation, among, weights, tuned, everybody) if gains else weights
    judge = _Judge(simulation, weights, halves, seed)
    by_half = found if gains else [weights, weights]
    raised = [
        judge.best_offset(one, other) for one, other in zip(by_half, halves[::-1], strict=True)
    ]
    new, whole = judge.gains(raised)
    mix = judge.best_offset(best, everybody)
    if new[1] <= 0.0 or whole[2] < -LOSS:
        new, whole = judge.gains([AddedMix(one, 0.0) for one in by_half])
        mix = AddedMix(best, 0.0)
    used = (gains or mix.offset) and whole[2] >= -LOSS
    return AddedBlend(mix if used else None, len(asked), _named(gain), _named(new), _named(whole))


class _Judge:
    """What a mix is worth over all products, for customers on whom it was not tuned."""

    def __init__(
        self,
        simulation: Simulation,
        weights: dict[str, float],
        halves: list[np.ndarray],
        seed: int,
    ) -> None:
        self._simulation = simulation
        items = simulation.known.shape[1] + simulation.network.shape[1]
        self._board = Board(simulation.cases, items)
        self._halves = halves
        self._seed = seed
        self._measured: dict[tuple[float, ...], tuple[np.ndarray, np.ndarray]] = {}
        self._usual = self._values(AddedMix(weights, 0.0))

    def gains(self, mixes: list[AddedMix]) -> tuple[Interval, Interval]:
        """Over what is new to a customer and over everything; a mix for each half."""
        crossed = tuple(np.zeros_like(values) for values in self._usual)
        for own, mix in zip(self._halves, mixes, strict=True):
            for values, found in zip(crossed, self._values(mix), strict=True):
                values[own] = found[own]
        new, whole = (
            paired_interval(values[known], usual[known], self._seed)
            for values, usual in zip(crossed, self._usual, strict=True)
            for known in [~np.isnan(usual)]
        )
        return new, whole

    def best_offset(self, weights: dict[str, float], rows: np.ndarray) -> AddedMix:
        """By what the blend's weights are tuned for, of the customers in `rows`."""
        mixes = [AddedMix(weights, offset) for offset in OFFSETS]
        values = []
        for mix in mixes:
            new, whole = self._values(mix)
            values.append(mean_of_asked(whole[rows]) + NEW_ONLY_SHARE * mean_of_asked(new[rows]))
        return mixes[int(np.argmax(values))]

    def _values(self, mix: AddedMix) -> tuple[np.ndarray, np.ndarray]:
        """NDCG@10 over what is new to a customer and over everything, each (cases,)."""
        key = (*mix.weights.values(), mix.offset)
        if key not in self._measured:
            scores = self._simulation.everything(mix)
            self._measured[key] = self._board.new_ndcgs(scores), self._board.ndcgs(scores)
        return self._measured[key]


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
        return mean_of_asked(among.ndcgs(simulation.added(weights))[rows])

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


def _named(found: Interval) -> dict[str, float]:
    return dict(zip(("mean", "low", "high"), found, strict=True))
