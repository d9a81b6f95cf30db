"""The policies that need no network, in the form that both measurement and serving run. numpy only.

Every scorer gives one score per item, so that offline figures and served rankings come from the same lines of code.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models_ml.data.history import History

# Breaks ties by popularity without ever outweighing a policy's own evidence.
TIE_BREAK = 1e-6


class Scorer(Protocol):
    """A policy over a numbered catalogue."""

    def score(self, history: History, now: float) -> np.ndarray:
        """Scores of shape (items,), float32, for a customer at `now` (days since 1970)."""
        ...


@dataclass(frozen=True)
class PopularityScorer:
    """The same list for everybody; `shares` of shape (items,) lie between 0 and 1."""

    shares: np.ndarray

    def score(self, history: History, now: float) -> np.ndarray:
        return self.shares
