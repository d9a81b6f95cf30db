"""The sequence model's side of numpy: what its encoder reads and how its answer becomes scores."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models_ml.data.history import History
from models_ml.recommender.features import ItemHabits, own_item_features, own_items_without
from models_ml.recommender.heirs import Additions
from models_ml.recommender.left_out import Explained, latest_rows

# Upper ends in days of the buckets of time between two events, and in steps of the buckets of
# distance.
GAP_EDGES = (0.0, 0.05, 1.0, 3.0, 7.0, 14.0, 30.0, 60.0, 120.0, 240.0)
STEP_EDGES = (0, 1, 2, 3, 5, 8, 16, 32)
# Added to the attention to what must not be seen.
HIDDEN = -1e9
_EDGES = np.array(GAP_EDGES, np.float32)
# Stands before every history, so that none is empty; no event is late enough to see it.
_HIDDEN_STEP = 1 << 20
_HIDDEN_ROW = np.zeros(1, np.int64)


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
    (never above zero), and in each variant steps that rise from basket to basket, the question's
    last. The first `shared` rows are the same in every variant; the first variant keeps every row,
    each other one leaves one out: those at `left_out` among the rest.

    Shapes: `items`, `kinds`, `times` (rows,); `shared_steps` (shared,); `steps` (variants,
    rows - shared + 1); `left_out` (variants - 1,); `gaps`, days since the last row kept,
    (variants,).
    """

    shared: int
    items: np.ndarray
    kinds: np.ndarray
    times: np.ndarray
    shared_steps: np.ndarray
    steps: np.ndarray
    left_out: np.ndarray
    gaps: np.ndarray


@dataclass(frozen=True, slots=True)
class Tables:
    """What the encoder looks up: vectors of event kinds (kinds, dim), of questions by how many
    edges the time since the last event has passed (edges + 1, dim), and what is added to attention
    over a time, (heads, edges + 1), and over steps, (heads, steps): the last is what must not be
    seen.
    """

    kinds: np.ndarray
    asked: np.ndarray
    gaps: np.ndarray
    steps: np.ndarray

    def events(self, vectors: np.ndarray, kinds: np.ndarray) -> np.ndarray:
        """Rows of events, (rows, dim), from the vectors of their items."""
        return vectors + self.kinds[kinds]

    def questions(self, gaps: np.ndarray) -> np.ndarray:
        """Rows of questions asked so many days after the last event, (questions, dim)."""
        return self.asked[np.searchsorted(_EDGES, gaps)]

    def bias(
        self, times: np.ndarray, seen_times: np.ndarray, steps: np.ndarray, seen_steps: np.ndarray
    ) -> np.ndarray:
        """What is added to the attention of rows to those they may see, (heads, variants, rows,
        seen), from times (rows,), (seen,) and steps (variants, rows), (variants, seen)."""
        passed = np.searchsorted(_EDGES, times[:, None] - seen_times)
        distances = steps[:, :, None] - seen_steps[:, None, :]
        # What comes later has the place -1: the last.
        places = np.clip(distances, -1, self.steps.shape[1] - 2)
        by_steps = np.take(self.steps, places, axis=1, mode="wrap")
        by_steps += np.take(self.gaps, passed, axis=1)[:, None]
        return by_steps


def ask(history: History, now: float, length: int, *, leave_out: bool) -> Question:
    """Prepare a history of at least one row; only its latest `length` rows are attended to.

    The first variant keeps every row; with `leave_out`, each other one leaves out one of the latest
    rows. Variants that would keep no row at all are not asked about.
    """
    window = history.latest(length)
    rows = len(window)
    out = latest_rows(window) if leave_out and rows > 1 else np.array([], np.int64)
    steps = steps_of(window.times)
    # Rows of one basket see each other: what is shared ends where the first basket begins that a
    # variant changes.
    shared = int(np.searchsorted(steps, steps[out[0] if len(out) else rows - 1]))
    times = np.minimum(window.times - now, 0.0).astype(np.float32)
    last = np.full(len(out) + 1, rows - 1)
    asked_steps = np.empty((len(out) + 1, rows - shared + 1), np.int64)
    asked_steps[:, :-1] = steps[shared:]
    if len(out):
        last[-1] -= 1
        alone = np.bincount(steps)[steps[out]] == 1
        asked_steps[1:, :-1] -= alone[:, None] & (np.arange(shared, rows) > out[:, None])
    asked_steps[:, -1] = asked_steps[np.arange(len(last)), last - shared] + 1
    return Question(
        shared=shared + 1,
        items=np.concatenate([_HIDDEN_ROW, window.items]),
        kinds=np.concatenate([_HIDDEN_ROW, window.kinds]),
        times=np.concatenate([times[:1], times]),
        shared_steps=np.concatenate([_HIDDEN_ROW + _HIDDEN_STEP, steps[:shared]]),
        steps=asked_steps,
        left_out=out - shared,
        gaps=-times[last],
    )


def steps_of(times: np.ndarray) -> np.ndarray:
    """Number the different moments of rising times: rows of one basket share a step."""
    return np.concatenate([[0], np.cumsum(np.diff(times) > 0)]).astype(np.int64)


@dataclass(frozen=True, slots=True)
class ItemVectors:
    """Vectors of the products of the training (items, dim), mapped and shared by all processes, and
    of those added since (added, dim), this process's own; numbered one after the other.
    """

    known: np.ndarray
    added: np.ndarray

    def take(self, items: np.ndarray) -> np.ndarray:
        """Vectors of these item numbers, shape (items, dim)."""
        if not len(self.added):
            return self.known[items]
        places = items - len(self.known)
        found = self.known[np.minimum(items, len(self.known) - 1)]
        found[places >= 0] = self.added[places[places >= 0]]
        return found

    def dot(self, state: np.ndarray) -> np.ndarray:
        """The product of every vector with a state (dim,), shape (items + added,)."""
        scores = self.known @ state
        return np.concatenate([scores, self.added @ state]) if len(self.added) else scores


@dataclass(frozen=True, slots=True)
class SequenceHead:
    """Item vectors, biases (items,) and today's trend levels (items, trends)."""

    vectors: ItemVectors
    bias: np.ndarray
    trends: np.ndarray

    def combine(self, answer: Answer) -> np.ndarray:
        """Logits of the next basket, shape (items,)."""
        scores = self.vectors.dot(answer.state) + self.bias + self.trends @ answer.trend_weights
        scores[answer.own_items] += answer.own_scores
        return scores

    def with_added(self, added: Additions) -> "SequenceHead":
        """The same head over a catalogue with further products at its end."""
        return SequenceHead(
            ItemVectors(self.vectors.known, added.vectors),
            np.concatenate([self.bias, added.bias]),
            added.heirs.append(self.trends),
        )


class Encoder(Protocol):
    """The network behind the head."""

    def read(self, question: Question) -> tuple[np.ndarray, np.ndarray]:
        """States (variants, dim) and trend weights (variants, trends)."""
        ...

    def own_scores(self, features: np.ndarray) -> np.ndarray:
        """From own-item features (own, OWN_ITEM_FEATURES) to scores (own,)."""
        ...

    def with_vectors(self, vectors: ItemVectors) -> "Encoder":
        """The same network reading about a larger catalogue."""
        ...


@dataclass(frozen=True, slots=True)
class SequenceScorer:
    """The head behind an encoder that attends to the latest `length` events.

    Of a history without events the network cannot be asked: the item biases alone speak.
    """

    head: SequenceHead
    encoder: Encoder
    habits: ItemHabits
    length: int

    def score(self, history: History, now: float) -> np.ndarray:
        if not len(history):
            return np.array(self.head.bias)
        states, weights = self.encoder.read(ask(history, now, self.length, leave_out=False))
        own_items, features = own_item_features(history, now, self.habits)
        own_scores = self.encoder.own_scores(features)
        return self.head.combine(Answer(states[0], weights[0], own_items, own_scores))

    def explained(self, history: History, now: float) -> Explained:
        """The scores, and what they owe to each of the latest events."""
        states, weights = self.encoder.read(ask(history, now, self.length, leave_out=True))
        own = own_items_without(history, now, self.habits, latest_rows(history))
        own_scores = np.zeros(own.present.shape, np.float32)
        own_scores[own.present] = self.encoder.own_scores(own.features)
        answer = Answer(states[0], weights[0], own.items, own_scores[0])
        if len(states) == 1:
            states, weights = (np.vstack([one, np.zeros_like(one)]) for one in (states, weights))

        def drops(wanted: np.ndarray) -> np.ndarray:
            found = (states[0] - states[1:]) @ self.head.vectors.take(wanted).T
            found += (weights[0] - weights[1:]) @ self.head.trends[wanted].T
            places = np.minimum(np.searchsorted(own.items, wanted), len(own.items) - 1)
            known = own.items[places] == wanted
            found[:, known] += own_scores[0, places[known]] - own_scores[1:, places[known]]
            return found

        return Explained(self.head.combine(answer), drops)

    def with_added(self, added: Additions) -> "SequenceScorer":
        """The same network over a catalogue with further products at its end."""
        head, habits = self.head.with_added(added), self.habits.with_added(added.heirs)
        return SequenceScorer(head, self.encoder.with_vectors(head.vectors), habits, self.length)
