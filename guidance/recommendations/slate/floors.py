"""Exposure floors: a share of the places for products that would otherwise stay unseen."""

import math

import numpy as np

from guidance.recommendations.slate.types import SlateRule

# Keeps 0.2 * 5 at 1 whatever the last bit of the product says.
EPSILON = 1e-9


class Floor:
    """One floor while a slate of `limit` places is built.

    After k places at least floor(share * k) rows of the group stand in it, as DetGreedy does
    (Geyik, Ambler and Kenthapadi 2019), and share * limit, rounded up, at the end.
    """

    def __init__(self, rule: SlateRule, limit: int) -> None:
        self.rule = rule
        self._limit = limit
        self._shown = 0
        self._wanted = math.ceil(rule.share * limit - EPSILON)

    def is_due(self, position: int) -> bool:
        """Tell whether the place at `position`, counted from 1, must go to the group."""
        by_now = math.floor(self.rule.share * position + EPSILON)
        at_last = self._wanted - (self._limit - position)
        return self._shown < max(by_now, at_last)

    def take(self, row: int) -> None:
        self._shown += bool(self.rule.mask[row])

    def narrow(self, eligible: np.ndarray) -> np.ndarray:
        """Return the group's rows among the eligible, or all of them where there are none."""
        group = eligible & self.rule.mask
        return group if group.any() else eligible
