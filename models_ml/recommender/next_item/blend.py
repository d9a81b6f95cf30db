"""Joins the networks with the transitions, by weights that the validation items choose."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from models_ml.recommender.next_item.leave_one_out import (
    Split,
    block_ranks,
    figures,
    mean_ndcg,
)
from models_ml.recommender.next_item.transitions import Transitions, TransitionSettings

Score = Callable[[Sequence[np.ndarray]], np.ndarray]

WEIGHTS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0, 1.3)
# Stands for a share of evidence where there is none; .01 to .0003 did not differ on Beauty's
# validation items.
FLOOR = 1e-3
_GRID: dict[str, tuple[float, ...]] = {
    "fade": (0.3, 0.45, 0.6, 0.8, 0.95),
    "backward": (0.2, 0.5, 1.0),
    "gap": (0.6, 0.8, 0.95),
    "damping": (0.0, 0.15, 0.3, 0.5),
}
# Above this many scores a seeded sample of customers stands for all; 40 million take 0.16 GB.
_MOST_SCORES = 40_000_000


@dataclass(frozen=True, slots=True)
class Blend:
    """`weight` of the transitions beside the networks; validation NDCG@10 of parts and whole."""

    settings: TransitionSettings
    weight: float
    network_ndcg: float
    transitions_ndcg: float
    ndcg: float

    def as_dict(self) -> dict[str, object]:
        """Ready for JSON."""
        return asdict(self)


def tune_transitions(
    split: Split, catalogue: int, seed: int
) -> tuple[Transitions, TransitionSettings]:
    """Coordinate ascent over the grid by validation NDCG@10, one pass."""
    questions = split.validation.sample(max(1, _MOST_SCORES // catalogue), seed)
    best = TransitionSettings()
    best_ndcg = mean_ndcg(Transitions(split.train, catalogue, best).score, questions)
    for name, values in _GRID.items():
        for value in values:
            tried = replace(best, **{name: value})
            if tried == best:
                continue
            ndcg = mean_ndcg(Transitions(split.train, catalogue, tried).score, questions)
            if ndcg > best_ndcg:
                best, best_ndcg = tried, ndcg
    return Transitions(split.train, catalogue, best), best


def tune_blend(
    network: Score, transitions: Transitions, settings: TransitionSettings, split: Split, seed: int
) -> Blend:
    """Choose the weight on the validation items; a part that does not help gets none."""
    catalogue = network(split.validation.contexts[:1]).shape[1]
    questions = split.validation.sample(max(1, _MOST_SCORES // catalogue), seed)
    ranks: dict[float, list[np.ndarray]] = {weight: [] for weight in WEIGHTS}
    for block in questions.blocks():
        base, evidence = network(block.contexts), log_evidence(transitions, block.contexts)
        for weight, found in ranks.items():
            found.append(block_ranks(base + np.float32(weight) * evidence, block))
    ndcgs = {weight: figures(np.concatenate(one))["ndcg@10"] for weight, one in ranks.items()}
    weight = max(ndcgs, key=lambda one: ndcgs[one])
    alone = mean_ndcg(transitions.score, questions)
    return Blend(settings, weight, ndcgs[0.0], alone, ndcgs[weight])


def blend_scorer(network: Score, transitions: Transitions, weight: float) -> Score:
    """A product of experts in log space, (customers, catalogue)."""

    def score(contexts: Sequence[np.ndarray]) -> np.ndarray:
        scores = network(contexts)
        if weight:
            scores = scores + np.float32(weight) * log_evidence(transitions, contexts)
        return scores

    return score


def log_evidence(transitions: Transitions, contexts: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithm of each item's share of a customer's evidence, floored, (customers, catalogue)."""
    scores = transitions.score(contexts)
    shares = scores / np.maximum(scores.sum(axis=1, keepdims=True), 1e-12)
    evidence: np.ndarray = np.log(FLOOR + shares)
    return evidence
