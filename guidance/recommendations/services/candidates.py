"""Rankings of one request: each computed once, under a deadline; missing ones say why."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from guidance.recommendations.catalogue import CatalogueIndex
from guidance.recommendations.popularity import Popularity
from guidance.recommendations.rankers import POPULARITY, LoadedVersion
from models_ml.recommender.serving import HistoryEvent, OwnEvent, Ranker, Scored

MODEL = "model"
BEST_BASELINE = "best_baseline"
CO_OCCURRENCE = "co_occurrence"
Origin = Literal["ranked", "popular", "new"]
# Rankings in flight at a time; one that hangs holds a thread, never a request.
_pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="rank")


class Candidate(NamedTuple):
    """A product that a policy proposes; `because` holds the shopper's own events that moved its
    score most, the strongest first."""

    sku: str
    score: float
    because: tuple[OwnEvent, ...] = ()
    origin: Origin = "ranked"


class Unavailable(Exception):
    """A policy has no answer; the message says why, for the decision log."""


@dataclass
class Rankings:
    """What every policy proposes for one shopper at one moment.

    `wanted` is how many products the whole request may show.
    """

    version: LoadedVersion | None
    index: CatalogueIndex
    popularity: Popularity
    history: Sequence[HistoryEvent]
    at: datetime
    wanted: int
    _running: dict[tuple[str, bool], "Future[list[Scored]]"] = field(default_factory=dict)

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

    def ranked(
        self, policy: str, *, without: Collection[str], deadline_ms: int
    ) -> Iterable[Candidate]:
        """Return a resolved policy's candidates, best first; raises Unavailable, also when late.

        Surfaces that leave out what was bought share one ranking, all others another.
        """
        if policy == POPULARITY:
            return self.popular(without=without)
        if not self.history:
            raise Unavailable("the shopper has no history")
        ranker = self._ranker(policy)
        key = (policy, bool(without))
        asked = time.perf_counter()
        if key not in self._running:
            self._running[key] = _pool.submit(self._rank, ranker, without)
        try:
            scored = self._running[key].result(timeout=deadline_ms / 1000)
        except Late:
            scored = None
        except Exception as problem:  # a ranker's failure must never reach the shopper
            raise Unavailable(f"{type(problem).__name__}: {problem}") from problem
        if scored is None or 1000 * (time.perf_counter() - asked) > deadline_ms:
            raise Unavailable(f"missed its deadline of {deadline_ms} ms")
        return [Candidate(*one) for one in scored]

    def popular(self, *, without: Collection[str]) -> Iterator[Candidate]:
        """Yield what sells now, then what is newest in the shop, which says nothing of demand."""
        index, known = self.index, set()
        for product, score in self.popularity.ranked:
            sku = index.skus.get(product, "")
            known.add(sku)
            if sku in index.recommendable and sku not in without:
                yield Candidate(sku, score, origin="popular")
        for sku in index.newest:
            if sku not in known and sku not in without:
                yield Candidate(sku, 0.0, origin="new")

    def _rank(self, ranker: Ranker, without: Collection[str]) -> list[Scored]:
        assert self.version is not None
        return ranker.rank(
            self.history,
            k=3 * self.wanted + 30,
            exclude=without,
            allowed=self.version.mask(ranker, self.index),
            now=self.at,
        )

    def _ranker(self, policy: str) -> Ranker:
        assert self.version is not None
        try:
            return self.version.rankers[policy]
        except KeyError:
            reason = self.version.broken.get(policy, "there is no such policy")
            raise Unavailable(f"{self.version.name}: {reason}") from None
