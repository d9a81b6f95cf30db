"""Quotas: how many of a group may still stand in a slate."""

from collections import Counter

import numpy as np

from guidance.recommendations.slate.types import SlateRule


class Quota:
    """One quota while a slate is built. Rows promised to pins take their room beforehand."""

    def __init__(self, rule: SlateRule, promised: list[int]) -> None:
        self.rule = rule
        groups = rule.groups if rule.groups is not None else np.where(rule.mask, 0, -1)
        self._groups = groups
        self._taken = Counter(int(groups[row]) for row in promised if groups[row] >= 0)
        self._open = np.ones(len(groups), dtype=bool)
        self._promised = set(promised)
        self._refresh()

    @property
    def open(self) -> np.ndarray:
        """Rows that the quota lets in, shape (rows,)."""
        return self._open

    def take(self, row: int) -> None:
        """Count a row that now stands in the slate; a promised one was counted before."""
        group = int(self._groups[row])
        if group >= 0 and row not in self._promised:
            self._taken[group] += 1
            self._refresh()

    def _refresh(self) -> None:
        full = [group for group, taken in self._taken.items() if taken >= self.rule.at_most]
        if self.rule.at_most == 0:
            self._open = self._groups < 0
        elif full:
            self._open = ~np.isin(self._groups, full)
