"""Measures a ranking on the full catalogue, once with repeats allowed and once over what is new to
the customer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from models_ml.recommender.cases import Case
from models_ml.recommender.ranking import top_items
from models_ml.recommender.scorers import Scorer

TOP = 10
BOOTSTRAP_ROUNDS = 4_000


@dataclass(frozen=True, slots=True)
class Metrics:
    """Means over `customers`. Coverage: share of the catalogue in at least one top 10. Novelty:
    mean of -log2(share of customers who bought the item before), over recommended places (Zhou et
    al., PNAS 2010).
    """

    hr_at_10: float
    ndcg_at_10: float
    coverage: float
    novelty: float
    customers: int

    def as_dict(self) -> dict[str, float]:
        return {
            "hr@10": self.hr_at_10,
            "ndcg@10": self.ndcg_at_10,
            "coverage": self.coverage,
            "novelty": self.novelty,
            "customers": self.customers,
        }


@dataclass(frozen=True, slots=True)
class PerCase:
    """NDCG@10 and hits (0 or 1) of the customers that one protocol counts, both (customers,)."""

    ndcgs: np.ndarray
    hits: np.ndarray


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Both protocols of one policy, as means and customer by customer."""

    repeats_allowed: Metrics
    new_only: Metrics
    repeats_cases: PerCase
    new_cases: PerCase

    @property
    def ndcgs(self) -> np.ndarray:
        """What gates: NDCG@10 with repeats allowed, shape (cases,)."""
        return self.repeats_cases.ndcgs

    def by_protocol(self) -> tuple[dict[str, float], dict[str, float]]:
        """Repeats allowed, new only."""
        return self.repeats_allowed.as_dict(), self.new_only.as_dict()


def ndcg(ranked: np.ndarray, relevant: np.ndarray, total_relevant: int, k: int = TOP) -> float:
    """NDCG@k with binary relevance; the ideal ranking places min(k, total_relevant) items first."""
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    hits = np.isin(ranked[:k], relevant)
    return float((discounts[: len(hits)] * hits).sum() / discounts[: min(k, total_relevant)].sum())


Score = Callable[[int, Case], np.ndarray]


def by_scorer(scorer: Scorer, now: float) -> Score:
    """Ask a policy about every case at the same moment (days since 1970)."""
    return lambda place, case: scorer.score(case.history, now)


def mean_ndcg(score: Score, cases: list[Case]) -> float:
    """NDCG@10 with repeats allowed; `score` as in `evaluate`."""
    values = [
        ndcg(top_items(score(place, case), TOP), case.relevant, case.total)
        for place, case in enumerate(cases)
    ]
    return float(np.mean(values))


def evaluate(score: Score, cases: list[Case], popularity: np.ndarray) -> Evaluation:
    """Rank the catalogue for every case.

    `score(place, case)` returns one score per item, shape (items,), given the place of the case in
    the list. `popularity` is the share of customers who bought each item before the cut, shape
    (items,).
    """
    everything = _Tally(popularity)
    new = _Tally(popularity)
    for place, case in enumerate(cases):
        scores = score(place, case)
        everything.add(top_items(scores, TOP), case.relevant, case.total)
        owned = np.unique(case.history.purchases.items)
        unseen = np.setdiff1d(case.relevant, owned)
        if len(unseen) + case.unrankable:
            scores = scores.copy()
            scores[owned] = -np.inf
            new.add(top_items(scores, TOP), unseen, len(unseen) + case.unrankable)
    return Evaluation(everything.metrics(), new.metrics(), everything.per_case(), new.per_case())


class _Tally:
    """Collects the top 10 of one protocol."""

    def __init__(self, popularity: np.ndarray) -> None:
        self.information = -np.log2(np.maximum(popularity, 1e-6))
        self.shown = np.zeros(len(popularity), dtype=bool)
        self.ndcgs: list[float] = []
        self.hits: list[bool] = []
        self.novelties: list[float] = []

    def add(self, ranked: np.ndarray, relevant: np.ndarray, total: int) -> None:
        self.shown[ranked] = True
        self.ndcgs.append(ndcg(ranked, relevant, total))
        self.hits.append(bool(np.isin(ranked, relevant).any()))
        if len(ranked):
            self.novelties.append(float(self.information[ranked].mean()))

    def per_case(self) -> PerCase:
        return PerCase(np.array(self.ndcgs), np.array(self.hits, float))

    def metrics(self) -> Metrics:
        return Metrics(
            hr_at_10=_mean(self.hits),
            ndcg_at_10=_mean(self.ndcgs),
            coverage=float(self.shown.mean()),
            novelty=_mean(self.novelties),
            customers=len(self.ndcgs),
        )


def _mean(values: list) -> float:
    return float(np.mean(values)) if values else 0.0


def paired_interval(a: np.ndarray, b: np.ndarray, seed: int) -> tuple[float, float, float]:
    """Mean of a - b over customers with its 95 % percentile bootstrap interval, resampling
    customers.

    `a` and `b` hold one value per customer, in the same order. Raises `ValueError` when they cannot
    be paired.
    """
    if a.shape != b.shape or a.ndim != 1 or not len(a):
        raise ValueError(f"cannot pair arrays of shapes {a.shape} and {b.shape}")
    return interval(a - b, seed)


def interval(values: np.ndarray, seed: int) -> tuple[float, float, float]:
    """The mean over customers with its 95 % percentile bootstrap interval; `values` of at least one
    customer, shape (customers,).
    """
    means = [values[rows].mean() for rows in _resamples(len(values), seed)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def _resamples(count: int, seed: int) -> Iterator[np.ndarray]:
    random = np.random.default_rng(seed)
    for _ in range(BOOTSTRAP_ROUNDS):
        yield random.integers(0, count, count)
