"""The sequence model's side of numpy: what its encoder reads and how its answer becomes scores."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models_ml.data.history import History
from models_ml.recommender.features import ItemHabits, own_item_features


@dataclass(frozen=True, slots=True)
class Answer:
    """What the encoder says about one customer at one moment: state (dim,), trend weights
    (trends,), and the scores (own,) that are added for the customer's own items (own,).
    """

    state: np.ndarray
    trend_weights: np.ndarray
    own_items: np.ndarray
    own_scores: np.ndarray


@dataclass(frozen=True, slots=True)
class Question:
    """What the encoder reads about one customer: the latest rows, times in days relative to now
    (never above zero), steps that rise from basket to basket, and the features of all own items.
    """

    items: np.ndarray
    kinds: np.ndarray
    times: np.ndarray
    steps: np.ndarray
    own_items: np.ndarray
    own_features: np.ndarray


def ask(history: History, now: float, habits: ItemHabits, length: int) -> Question:
    """Prepare a history of at least one row; only its latest `length` rows are attended to."""
    own_items, own_features = own_item_features(history, now, habits)
    window = history.latest(length)
    return Question(
        items=window.items.astype(np.int64),
        kinds=window.kinds.astype(np.int64),
        times=np.minimum(window.times - now, 0.0).astype(np.float32),
        steps=steps_of(window.times),
        own_items=own_items,
        own_features=own_features,
    )


def steps_of(times: np.ndarray) -> np.ndarray:
    """Number the different moments of rising times: rows of one basket share a step."""
    return np.concatenate([[0], np.cumsum(np.diff(times) > 0)]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class SequenceHead:
    """Item vectors (items, dim), biases (items,) and today's trend levels (items, trends)."""

    vectors: np.ndarray
    bias: np.ndarray
    trends: np.ndarray

    def combine(self, answer: Answer) -> np.ndarray:
        """Logits of the next basket, shape (items,)."""
        scores = self.vectors @ answer.state + self.bias + self.trends @ answer.trend_weights
        scores[answer.own_items] += answer.own_scores
        return scores


@dataclass(frozen=True, slots=True)
class SequenceScorer:
    """The head behind an encoder."""

    head: SequenceHead
    encode: Callable[[History, float], Answer]

    def score(self, history: History, now: float) -> np.ndarray:
        return self.head.combine(self.encode(history, now))
