"""The blend that serves as "model": the sequence model's logits plus what the linear policies know.

Products of experts in log space: each part adds weight * log(floor + evidence). A part of weight
zero is left out.
"""

from dataclasses import dataclass

import numpy as np

from models_ml.data.history import History
from models_ml.recommender.scorers import NeighbourScorer, RepeatScorer
from models_ml.recommender.sequence import SequenceScorer

# Of the floors tried on Online Retail's validation window (EASE .003 to .1, co-occurrence .01 to 1)
# the lowest were best, clearly so for what is new to the customer.
FLOORS = {"ease": 0.003, "co_occurrence": 0.01, "repeat_frequency": 0.01}


@dataclass(frozen=True, slots=True)
class Parts:
    """The linear policies that may join the blend."""

    ease: NeighbourScorer
    co_occurrence: NeighbourScorer
    repeat_frequency: RepeatScorer

    def log_evidence(self, name: str, history: History, now: float) -> np.ndarray:
        """Shape (items,), float32."""
        evidence = getattr(self, name).evidence(history, now)
        return np.log(FLOORS[name] + np.maximum(evidence, 0.0))

    def blend(
        self, scores: np.ndarray, weights: dict[str, float], history: History, now: float
    ) -> np.ndarray:
        """Add the weighted parts, named as in `FLOORS`, to the sequence model's scores (items,)."""
        for name, weight in weights.items():
            if weight:
                scores = scores + np.float32(weight) * self.log_evidence(name, history, now)
        return scores


@dataclass(frozen=True, slots=True)
class FusionScorer:
    """The served blend."""

    sequence: SequenceScorer
    parts: Parts
    weights: dict[str, float]

    def score(self, history: History, now: float) -> np.ndarray:
        scores = self.sequence.score(history, now)
        return self.parts.blend(scores, self.weights, history, now)

    def reasons(self, history: History, now: float, wanted: np.ndarray) -> np.ndarray:
        """What is bought together is the one part of the blend that a shopper can follow."""
        return self.parts.co_occurrence.reasons(history, now, wanted)
