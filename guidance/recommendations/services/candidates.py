"""Rankings of one request: each computed once, under a deadline; missing ones say why."""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.leanings import Leaning
from guidance.recommendations.popularity import PopularOrder
from guidance.recommendations.rankers import POPULARITY, LoadedVersion
from models_ml.data.history import as_days, as_history
from models_ml.recommender.ranking import top_items
from models_ml.recommender.serving import HistoryEvent, OwnEvent, Ranker

logger = logging.getLogger(__name__)
MODEL = "model"
BEST_BASELINE = "best_baseline"
CO_OCCURRENCE = "co_occurrence"
Because = tuple[OwnEvent, ...]
Origin = Literal["ranked", "popular", "new", "pinned"]
# Rankings in flight at a time; one that hangs holds a thread, never a request.
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="rank")


class Candidate(NamedTuple):
    """A product that a policy proposes; `because` holds the shopper's own events that moved its
    score most, the strongest first; `leaning` what popularity was lifted by for a newcomer."""

    sku: str
    score: float
    because: Because = ()
    origin: Origin = "ranked"
    leaning: Leaning | None = None


class Unavailable(Exception):
    """A policy has no answer; the message says why, for the decision log."""


@dataclass(frozen=True)
class Ranking:
    """What one policy says of the whole catalogue for one shopper.

    `scores` (products,) are by place in the index, NaN where the policy knows nothing.
    `explain` gives, for SKUs that were scored, the shopper's own events that moved each score.
    `vectors` gives unit vectors, shape (skus, dim), zeros where the model has none.
    """

    scores: np.ndarray
    explain: Callable[[Sequence[str]], list[Because]]
    vectors: Callable[[Sequence[str]], np.ndarray | None]

    def best(self, k: int, allowed: np.ndarray) -> np.ndarray:
        """Return the places of the k best scored products among those allowed, best first."""
        judged = allowed & np.isfinite(self.scores)
        if k <= 0 or not judged.any():
            return np.array([], np.int64)
        return top_items(np.where(judged, self.scores, -np.inf), k)


@dataclass
class Rankings:
    """What every policy proposes for one shopper at one moment."""

    version: LoadedVersion | None
    index: CatalogueIndex
    popular: PopularOrder
    history: Sequence[HistoryEvent]
    at: datetime
    _running: dict[str, "Future[Ranking]"] = field(default_factory=dict)

    def resolve(self, policy: str) -> str:
        """Return the policy that a surface or an arm means; raises Unavailable."""
        if policy == POPULARITY:
            return policy
        if self.version is None:
            raise Unavailable("no model was ever trained")
        if policy == BEST_BASELINE:
            return self.version.serving.best_baseline
        if policy == MODEL and self.version.serving.policy != MODEL:
            raise Unavailable("no model is promoted")
        return policy

    def stand_in(self, policy: str) -> list[str]:
        """Return the policies to try, in order, where this one is asked for."""
        chain = [policy, CO_OCCURRENCE, POPULARITY]
        if policy == MODEL and self.version and self.version.serving.policy != MODEL:
            chain.insert(1, BEST_BASELINE)
        return list(dict.fromkeys(chain)) if policy != POPULARITY else [POPULARITY]

    def ranked(self, policy: str, *, deadline_ms: int) -> Ranking | None:
        """Return a resolved policy's ranking; raises Unavailable, also when late.

        None for popularity: it has no scores of its own beside `popular`.
        """
        if policy == POPULARITY:
            return None
        if not self.history:
            raise Unavailable("the shopper has no history")
        ranker = self._ranker(policy)
        asked = time.perf_counter()
        if policy not in self._running:
            self._running[policy] = _pool.submit(self._rank, ranker)
        try:
            ranking = self._running[policy].result(timeout=deadline_ms / 1000)
        except Late:
            ranking = None
        except Exception as problem:  # a ranker's failure must never reach the shopper
            raise Unavailable(f"{type(problem).__name__}: {problem}") from problem
        if ranking is None or 1000 * (time.perf_counter() - asked) > deadline_ms:
            raise Unavailable(f"missed its deadline of {deadline_ms} ms")
        return ranking

    def _rank(self, ranker: Ranker) -> Ranking:
        assert self.version is not None
        known, now = as_history(self.history, ranker.item_numbers), as_days(self.at)
        places = self.version.places(ranker, self.index)
        sold = places >= 0
        scores = np.full(len(self.index), np.nan)
        judgement = ranker.judge(known, now)
        scores[places[sold]] = judgement.scores[sold]
        if sold.any() and not np.isfinite(scores).any():
            raise Unavailable("none of its scores is a number")

        def explain(skus: Sequence[str]) -> list[Because]:
            try:
                return judgement.because(np.array([ranker.item_numbers[sku] for sku in skus]))
            except Exception:  # an answer without reasons is still an answer
                logger.exception("Reasons of %s failed", ranker.policy)
                return [()] * len(skus)

        return Ranking(scores, explain, ranker.unit_vectors)

    def _ranker(self, policy: str) -> Ranker:
        assert self.version is not None
        try:
            return self.version.rankers[policy]
        except KeyError:
            reason = self.version.broken.get(policy, "there is no such policy")
            raise Unavailable(f"{self.version.name}: {reason}") from None
