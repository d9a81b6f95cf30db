"""Turns segments of histories into padded tensors."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models_ml.data.augmentation import Augmenter
from models_ml.data.history import History
from models_ml.data.sequences import Segment, Target, cut_segments
from models_ml.recommender.features import own_item_features
from models_ml.recommender.past import Past
from models_ml.recommender.sequence import steps_of

# Padding comes after every event, so that no event and no question sees it.
_PADDING_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Batch:
    """`items` to `steps` (batch, length); `question_times` and `contexts` (batch, questions),
    `asked` masks padding among them. Flat lists refer to asked questions by row: positives with
    weights that sum to one per question, and own items. `days` are rows of the trend, one per asked
    question.
    """

    items: Tensor
    kinds: Tensor
    times: Tensor
    steps: Tensor
    question_times: Tensor
    contexts: Tensor
    asked: Tensor
    positive_rows: Tensor
    positive_items: Tensor
    positive_weights: Tensor
    own_rows: Tensor
    own_items: Tensor
    own_features: Tensor
    days: Tensor


class Examples:
    """Targets over one past, cut into segments, with the features of own items computed once.

    Where there is an `augmenter`, it changes what is shuffled, never what is in order.
    """

    def __init__(
        self,
        past: Past,
        targets: list[Target],
        length: int,
        augmenter: Augmenter | None = None,
    ) -> None:
        self.past = past
        self.targets = targets
        self._augmenter = augmenter
        self.segments = cut_segments(past.histories, targets, length)
        self.lengths = np.array([segment.stop - segment.start for segment in self.segments])
        self._own = [
            own_item_features(
                past.histories.of(target.customer).first(target.context), target.now, past.habits
            )
            for target in targets
        ]

    def own_features(self) -> np.ndarray:
        """The own-item features of all targets, shape (rows, OWN_ITEM_FEATURES)."""
        return np.concatenate([features for _, features in self._own])

    def in_order(self, size: int) -> Iterator[Batch]:
        """Every segment once, targets in the order of the list."""
        for start in range(0, len(self.segments), size):
            yield self.collate(self.segments[start : start + size])

    def shuffled(self, size: int, random: np.random.Generator) -> Iterator[Batch]:
        """Every segment once; segments of similar length share a batch."""
        noise = random.random(len(self.segments)) * 20
        order = np.argsort(self.lengths + noise)
        starts = np.arange(0, len(order), size)
        random.shuffle(starts)
        for start in starts:
            segments = [self.segments[place] for place in order[start : start + size]]
            yield self.collate(segments, random if self._augmenter else None)

    def collate(self, segments: list[Segment], random: np.random.Generator | None = None) -> Batch:
        """Pad to the longest; times are relative to the last question of each segment. With
        `random`, augmented.
        """
        rows = len(segments)
        length = max(segment.stop - segment.start for segment in segments)
        width = max(segment.last - segment.first for segment in segments)
        items = np.zeros((rows, length), np.int64)
        kinds = np.zeros((rows, length), np.int64)
        times = np.zeros((rows, length), np.float32)
        steps = np.full((rows, length), _PADDING_STEP, np.int64)
        question_times = np.zeros((rows, width), np.float32)
        contexts = np.ones((rows, width), np.int64)
        asked = np.zeros((rows, width), bool)
        offsets = self.past.histories.offsets
        for row, segment in enumerate(segments):
            targets = self.targets[segment.first : segment.last]
            origin = targets[-1].now
            events = self._events(segment, random)
            count = len(events)
            skipped = segment.stop - count - offsets[targets[0].customer]
            items[row, :count] = events.items
            kinds[row, :count] = events.kinds
            times[row, :count] = np.minimum(events.times - origin, 0.0)
            steps[row, :count] = steps_of(events.times)
            question_times[row, : len(targets)] = [target.now - origin for target in targets]
            contexts[row, : len(targets)] = [target.context - skipped for target in targets]
            asked[row, : len(targets)] = True
        places = [place for one in segments for place in range(one.first, one.last)]
        positives = [self.targets[place].items for place in places]
        own = [self._own[place] for place in places]
        tensor = torch.from_numpy
        return Batch(
            items=tensor(items),
            kinds=tensor(kinds),
            times=tensor(times),
            steps=tensor(steps),
            question_times=tensor(question_times),
            contexts=tensor(contexts),
            asked=tensor(asked),
            positive_rows=_rows([len(one) for one in positives]),
            positive_items=tensor(np.concatenate(positives)).long(),
            positive_weights=tensor(
                np.concatenate([np.full(len(one), 1.0 / max(len(one), 1)) for one in positives])
            ).float(),
            own_rows=_rows([len(one[0]) for one in own]),
            own_items=tensor(np.concatenate([one[0] for one in own])).long(),
            own_features=tensor(np.concatenate([one[1] for one in own])),
            days=torch.tensor([self.past.trend.row(self.targets[place].now) for place in places]),
        )

    def _events(self, segment: Segment, random: np.random.Generator | None) -> History:
        """What the questions of a segment see; the first of them keeps at least one event."""
        histories = self.past.histories
        span = slice(segment.start, segment.stop)
        events = History(histories.items[span], histories.times[span], histories.kinds[span])
        if random is None or self._augmenter is None:
            return events
        first = self.targets[segment.first]
        keep = first.context - (segment.start - int(histories.offsets[first.customer])) - 1
        return self._augmenter.change(events, keep, random)


def _rows(counts: list[int]) -> Tensor:
    return torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
