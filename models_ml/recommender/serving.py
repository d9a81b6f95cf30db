"""Ranks for one shopper from a trained folder. numpy and onnxruntime only: this is what web processes import."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models_ml.data.history import History, HistoryEvent, as_days, as_history
from models_ml.recommender.artefacts import ArtefactError, read_array, read_manifest
from models_ml.recommender.evaluate import top_items
from models_ml.recommender.scorers import PopularityScorer, Scorer

__all__ = ["POLICIES", "ArtefactError", "HistoryEvent", "Ranker", "Scored", "load"]

POLICIES = ("model", "co_occurrence", "ease", "repeat_frequency", "popularity")


class Scored(NamedTuple):
    """A ranked item; `because` is the shopper's own past item that best explains it, None when nothing does."""

    item: str
    score: float
    because: str | None


class Ranker:
    """One policy over one catalogue; safe to share between threads.

    `item_numbers` maps a sku to its place in masks given as `allowed`.
    """

    def __init__(
        self, policy: str, skus: Sequence[str], scorer: Scorer, popularity: PopularityScorer
    ) -> None:
        self.policy = policy
        self.skus = list(skus)
        self.item_numbers: Mapping[str, int] = {sku: place for place, sku in enumerate(skus)}
        self._scorer = scorer
        self._popularity = popularity

    def rank(
        self,
        history: Sequence[HistoryEvent],
        *,
        k: int,
        exclude: Collection[str] = (),
        allowed: np.ndarray | Collection[str] | None = None,
        now: datetime,
    ) -> list[Scored]:
        """The k best items, best first, fewer if fewer may be shown.

        `allowed` is a boolean mask of shape (items,) or a collection of skus; `exclude` holds skus. Skus that the catalogue
        does not know are ignored everywhere. Without any known event the answer is by popularity.
        """
        known = as_history(history, self.item_numbers)
        scores = self.scores(known, as_days(now)).copy()
        scores[~self._mask(allowed)] = -np.inf
        scores[self._numbers(exclude)] = -np.inf
        return [
            Scored(self.skus[item], float(scores[item]), self._because(known, item))
            for item in top_items(scores, k)
        ]

    def scores(self, history: History, now: float) -> np.ndarray:
        """Scores of the whole catalogue, shape (items,), for a history in item numbers and days since 1970."""
        scorer = self._scorer if len(history) else self._popularity
        return scorer.score(history, now)

    def similar(self, item: str, k: int) -> list[Scored]:
        """Items most like this one, best first; empty for an unknown item."""
        return []

    def _because(self, history: History, item: int) -> str | None:
        return None

    def _mask(self, allowed: np.ndarray | Collection[str] | None) -> np.ndarray:
        if allowed is None:
            return np.ones(len(self.skus), dtype=bool)
        if isinstance(allowed, np.ndarray) and allowed.dtype == bool:
            return allowed
        mask = np.zeros(len(self.skus), dtype=bool)
        mask[self._numbers(allowed)] = True
        return mask

    def _numbers(self, skus: Collection[str]) -> list[int]:
        return [self.item_numbers[sku] for sku in skus if sku in self.item_numbers]


def load(directory: Path, policy: str) -> Ranker:
    """Open a trained folder for one policy after checking every file against the manifest.

    Raises `ArtefactError` naming the file and the problem, or the policy that the folder does not hold.
    """
    manifest = read_manifest(directory)
    if policy not in manifest["policies"]:
        raise ArtefactError(f"manifest.json: the policy {policy!r} is not among its policies")
    skus = read_array(directory / "items.npy").tolist()
    popularity = PopularityScorer(read_array(directory / "popularity.npy"))
    return Ranker(policy, skus, popularity, popularity)
