"""The lists of some shoppers as flat arrays, made once for every tally that needs them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.shoppers import Shopper, Shown
from models_ml.fairness.exposure import position_discount


@dataclass(frozen=True)
class Lists:
    """`counted[n]` are the decisions of shopper n that count for exposure; the arrays hold their
    items (items,): whose they are, the product's place, and the exposure of its position."""

    counted: list[list[Shown]]
    shopper: np.ndarray
    product: np.ndarray
    exposure: np.ndarray

    @classmethod
    def of(cls, shoppers: Sequence[Shopper], scope: Scope, *, needs_seen: bool) -> "Lists":
        """Collect the decisions of the scope that were seen, or all served without `needs_seen`."""
        counted = [
            [one for one in shopper.shown if scope.holds(one) and (one.is_seen or not needs_seen)]
            for shopper in shoppers
        ]
        rows = [
            (n, item.product, item.position)
            for n, decisions in enumerate(counted)
            for one in decisions
            for item in one.items
            if item.product >= 0
        ]
        table = np.array(rows, dtype=np.int64).reshape(-1, 3)
        return cls(counted, table[:, 0], table[:, 1], position_discount(table[:, 2]))
