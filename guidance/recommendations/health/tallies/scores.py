"""Scores against what came of them: clicks and purchases by band of the predicted score."""

from collections import defaultdict
from collections.abc import Sequence
from math import isfinite
from typing import Any

import numpy as np

from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.shoppers import Shopper, Shown
from guidance.recommendations.health.tallies.lists import Lists
from models_ml.data.drift import Shift, compare_counts, count_bands, price_bands
from models_ml.fairness.calibration import score_bands

# Fewer items of a policy say nothing about ten bands of its scores.
FEWEST_ITEMS = 200
MOST_POLICIES = 6
Key = tuple[str, str]


class ScoreTally:
    """Keeps each scored product's score, whether it was clicked, bought, and is recent.

    Scores of different policies and versions mean different things and are kept apart: seven bytes
    an item, 7 MB for 100,000 lists of ten.
    """

    def __init__(self, scope: Scope) -> None:
        self._recent = scope.recent
        self._scores: dict[Key, list[np.ndarray]] = defaultdict(list)
        self._flags: dict[Key, list[np.ndarray]] = defaultdict(list)

    def add(self, shoppers: Sequence[Shopper], lists: Lists) -> None:
        rows: dict[Key, list[tuple[float, bool, bool, bool]]] = defaultdict(list)
        for decisions in lists.counted:
            for shown in decisions:
                rows[shown.policy, shown.policy_version] += self._items(shown)
        for key, found in rows.items():
            table = np.array(found, dtype=np.float32).reshape(-1, 4)
            # A copy: a view would hold the whole table.
            self._scores[key].append(table[:, 0].copy())
            self._flags[key].append(table[:, 1:].astype(bool))

    def _items(self, shown: Shown) -> list[tuple[float, bool, bool, bool]]:
        recent = self._recent is not None and shown.day >= self._recent
        return [
            (item.score, item.product in shown.clicked, item.product in shown.bought, recent)
            for item in shown.items
            if item.product >= 0 and item.score is not None and isfinite(item.score)
        ]

    def bands(self) -> list[dict[str, Any]]:
        """Return the bands of each policy and version, those with most items first."""
        found = []
        for key in self._largest():
            scores, flags = self._table(key)
            found.append(
                {
                    "policy": key[0],
                    "version": key[1],
                    "items": len(scores),
                    "bands": [
                        band._asdict() for band in score_bands(scores, flags[:, 0], flags[:, 1])
                    ],
                }
            )
        return found

    def shift(self) -> Shift | None:
        """Compare the scores of the policy with most items, before and in the recent days."""
        for key in self._largest()[:1]:
            scores, flags = self._table(key)
            before, now = scores[~flags[:, 2]], scores[flags[:, 2]]
            edges = price_bands(before, np.ones(len(before)))
            sides = [count_bands(side, np.ones(len(side)), edges) for side in (before, now)]
            return compare_counts(*sides)
        return None

    def _largest(self) -> list[Key]:
        sizes = {key: sum(map(len, parts)) for key, parts in self._scores.items()}
        told = [key for key, size in sizes.items() if size >= FEWEST_ITEMS]
        return sorted(told, key=lambda key: (-sizes[key], key))[:MOST_POLICIES]

    def _table(self, key: Key) -> tuple[np.ndarray, np.ndarray]:
        return np.concatenate(self._scores[key]), np.concatenate(self._flags[key])
