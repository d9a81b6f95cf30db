"""The blend that serves as "model": the sequence model's logits plus what the linear policies know.

Products of experts in log space: each part adds weight * log(floor + evidence). A part of weight
zero is left out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np

from models_ml.data.history import History
from models_ml.recommender.heirs import Additions
from models_ml.recommender.left_out import Explained
from models_ml.recommender.scorers import ContentScorer, NeighbourScorer, RepeatScorer
from models_ml.recommender.sequence import SequenceScorer

# Of a part: one for every item, or item by item.
Weight = float | np.floating | np.ndarray
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
        return log_of(name, getattr(self, name).evidence(history, now))

    def blend(
        self, scores: np.ndarray, weights: Mapping[str, Weight], history: History, now: float
    ) -> np.ndarray:
        """Add the weighted parts, named as in `FLOORS`, to the sequence model's scores (items,)."""
        for name, weight in weights.items():
            if np.any(weight):
                scores = scores + np.float32(weight) * self.log_evidence(name, history, now)
        return scores


def log_of(name: str, evidence: np.ndarray) -> np.ndarray:
    """A part's evidence, of any shape, as it is added; few items have any, so that few logarithms
    are taken.
    """
    logs = np.full(evidence.shape, np.log(FLOORS[name]), np.float32)
    found = evidence > 0.0
    logs[found] = np.log(FLOORS[name] + evidence[found])
    return logs


@dataclass(frozen=True, slots=True)
class AddedMix:
    """How products are weighed that came after the training: the weights of the parts, and what is
    added to the score of each.
    """

    weights: dict[str, float]
    offset: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class FusionScorer:
    """The served blend. Its scores are log odds up to a constant of the customer.

    The last `added` products came after the training, and are weighed by `mix` where there is one.
    """

    sequence: SequenceScorer
    parts: Parts
    weights: dict[str, float]
    mix: AddedMix | None = None
    added: int = 0
    # One per cent of the odds.
    resolution: ClassVar[float] = 0.01

    def score(self, history: History, now: float) -> np.ndarray:
        scores = self._raised(self.sequence.score(history, now))
        return self.parts.blend(scores, self._weights(len(scores)), history, now)

    def explained(self, history: History, now: float) -> Explained:
        network = self.sequence.explained(history, now)
        scores = self._raised(network.scores)
        weights = self._weights(len(scores))
        evidence = {name: getattr(self.parts, name).evidence(history, now) for name in weights}
        for name, found in evidence.items():
            scores = scores + weights[name] * log_of(name, found)

        def drops(wanted: np.ndarray) -> np.ndarray:
            total = network.drops(wanted)
            for name, found in evidence.items():
                lost = getattr(self.parts, name).evidence_drops(history, now, wanted)
                without = log_of(name, found[wanted] - lost)
                weight = weights[name]
                if isinstance(weight, np.ndarray):
                    weight = weight[wanted]
                total = total + weight * (log_of(name, found[wanted]) - without)
            return total

        return Explained(scores, drops)

    def with_added(self, added: Additions) -> "FusionScorer":
        """The same blend over a catalogue with further products at its end."""
        sequence, parts = self.sequence.with_added(added), self.parts.with_added(added)
        return replace(self, sequence=sequence, parts=parts, added=len(added.skus))

    def _weights(self, items: int) -> dict[str, Weight]:
        """Each part's weight, item by item, (items,), where those added are weighed by themselves;
        parts that count nowhere are left out.
        """
        if not (self.mix and self.added):
            return {name: np.float32(one) for name, one in self.weights.items() if one}
        found: dict[str, Weight] = {}
        for name, weight in self.weights.items():
            one = np.full(items, weight, np.float32)
            one[items - self.added :] = self.mix.weights[name]
            if one.any():
                found[name] = one
        return found

    def _raised(self, scores: np.ndarray) -> np.ndarray:
        if not (self.mix and self.added):
            return scores
        offsets = np.zeros(len(scores), np.float32)
        offsets[len(scores) - self.added :] = self.mix.offset
        return scores + offsets
