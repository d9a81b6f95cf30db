"""The blend that serves as "model": the sequence model's logits plus what the linear policies know.

Products of experts in log space: each part adds weight * log(floor + evidence). A part of weight
zero is left out.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from models_ml.data.history import History
from models_ml.recommender.heirs import Additions
from models_ml.recommender.left_out import Explained
from models_ml.recommender.scorers import ContentScorer, NeighbourScorer, RepeatScorer
from models_ml.recommender.sequence import SequenceScorer

# Of the floors tried on Online Retail's validation window (EASE .003 to .1, co-occurrence .01 to 1)
# the lowest were best, clearly so for what is new to the customer.
FLOORS = {"ease": 0.003, "co_occurrence": 0.01, "repeat_frequency": 0.01, "content": 0.01}


@dataclass(frozen=True, slots=True)
class Parts:
    """The linear policies that may join the blend; content only where items tell of themselves."""

    ease: NeighbourScorer
    co_occurrence: NeighbourScorer
    repeat_frequency: RepeatScorer
    content: ContentScorer | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in FLOORS if getattr(self, name) is not None]

    def with_added(self, added: Additions) -> "Parts":
        return Parts(**{name: getattr(self, name).with_added(added) for name in self.names})

    def log_evidence(self, name: str, history: History, now: float) -> np.ndarray:
        """Shape (items,), float32."""
        evidence = getattr(self, name).evidence(history, now)
        return np.log(FLOORS[name] + np.maximum(evidence, 0.0))

    def log_drops(self, name: str, history: History, now: float, wanted: np.ndarray) -> np.ndarray:
        """What the log evidence for `wanted` items owes to each of the latest events, shape
        (latest, wanted).
        """
        part = getattr(self, name)
        evidence = part.evidence(history, now)[wanted]
        without = evidence - part.evidence_drops(history, now, wanted)
        floor = FLOORS[name]
        return np.log(floor + np.maximum(evidence, 0)) - np.log(floor + np.maximum(without, 0))

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
    """The served blend. Its scores are log odds up to a constant of the customer."""

    sequence: SequenceScorer
    parts: Parts
    weights: dict[str, float]
    # One per cent of the odds.
    resolution: ClassVar[float] = 0.01

    def score(self, history: History, now: float) -> np.ndarray:
        scores = self.sequence.score(history, now)
        return self.parts.blend(scores, self.weights, history, now)

    def explained(self, history: History, now: float) -> Explained:
        network = self.sequence.explained(history, now)
        scores = self.parts.blend(network.scores, self.weights, history, now)

        def drops(wanted: np.ndarray) -> np.ndarray:
            found = network.drops(wanted)
            for name, weight in self.weights.items():
                if weight:
                    found = found + weight * self.parts.log_drops(name, history, now, wanted)
            return found

        return Explained(scores, drops)

    def with_added(self, added: Additions) -> "FusionScorer":
        """The same blend over a catalogue with further products at its end."""
        sequence, parts = self.sequence.with_added(added), self.parts.with_added(added)
        return FusionScorer(sequence, parts, self.weights)
