"""Leave-one-out over the full catalogue: each customer's last item is the test, the one before it
chooses.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models_ml.data.sequence_file import Sequences

# Scores of so many customers are held at a time, so that 12,101 items stay in the cache: validating
# on Beauty took 10.6 s at 512 and 7.5 s at 128.
CUSTOMERS_AT_ONCE = 128
CUTOFFS = (5, 10)


@dataclass(frozen=True, slots=True)
class Questions:
    """What came before, oldest first, and the item that did come, one of each per customer."""

    contexts: list[np.ndarray]
    targets: np.ndarray

    def __len__(self) -> int:
        return len(self.targets)

    def sample(self, most: int, seed: int) -> "Questions":
        """All of them, or a seeded sample of `most`."""
        if len(self) <= most:
            return self
        rows = np.sort(np.random.default_rng(seed).choice(len(self), most, replace=False))
        return Questions([self.contexts[row] for row in rows], self.targets[rows])

    def blocks(self) -> Iterator["Questions"]:
        """Few enough at a time for their scores to be held, like lengths together so that a network
        pads little.
        """
        order = np.argsort([len(one) for one in self.contexts], kind="stable")
        for start in range(0, len(self), CUSTOMERS_AT_ONCE):
            rows = order[start : start + CUSTOMERS_AT_ONCE]
            yield Questions([self.contexts[row] for row in rows], self.targets[rows])


@dataclass(frozen=True, slots=True)
class Split:
    """`train` holds what may be learned from, one sequence a customer; `asked` the numbers of the
    customers with three items or more, whom `validation` and `test` ask about in that order.
    """

    train: list[np.ndarray]
    asked: np.ndarray
    validation: Questions
    test: Questions


Score = Callable[[Sequence[np.ndarray]], np.ndarray]


def split(sequences: Sequences) -> Split:
    """The last item of each customer is the test, the one before it the validation."""
    everyone = [sequences.of(customer) for customer in range(len(sequences))]
    numbers = np.flatnonzero([len(one) > 2 for one in everyone])
    asked = [everyone[number] for number in numbers]
    return Split(
        train=[one[:-2] if len(one) > 2 else one for one in everyone],
        asked=numbers,
        validation=Questions([one[:-2] for one in asked], np.array([one[-2] for one in asked])),
        test=Questions([one[:-1] for one in asked], np.array([one[-1] for one in asked])),
    )


def block_ranks(scores: np.ndarray, block: Questions) -> np.ndarray:
    """How many other items stand above each target, or level with it: ties count against us.

    `scores` (customers, catalogue) is changed: what a customer had before cannot be recommended.
    The target itself always can, as in SASRec's own measurement. A target whose score is no number
    ranks last.
    """
    rows = np.arange(len(block))
    targets = scores[rows, block.targets].copy()
    for row, context in enumerate(block.contexts):
        scores[row, context] = -np.inf
    scores[rows, block.targets] = -np.inf
    above = (scores >= targets[:, None]).sum(axis=1)
    return np.where(np.isfinite(targets), above, scores.shape[1])


def measure(score: Score, questions: Questions) -> dict[str, float]:
    """HR and NDCG at 5 and 10, means over customers, and coverage: the share of the catalogue that
    stands in somebody's top 10.

    `score(contexts)` returns scores of shape (customers, catalogue), which may be overwritten.
    """
    ranks, shown = [], np.zeros(0, bool)
    for block in questions.blocks():
        scores = score(block.contexts)
        shown = shown if len(shown) else np.zeros(scores.shape[1], bool)
        shown[_best(scores, block)] = True
        ranks.append(block_ranks(scores, block))
    return {**figures(np.concatenate(ranks)), "coverage": float(shown.mean())}


def mean_ndcg(score: Score, questions: Questions) -> float:
    """NDCG@10 alone, as `measure` gives it, several times sooner: nothing is sorted."""
    ranks = [block_ranks(score(block.contexts), block) for block in questions.blocks()]
    return figures(np.concatenate(ranks))["ndcg@10"]


def figures(ranks: np.ndarray) -> dict[str, float]:
    """From ranks counted from 0."""
    found = {}
    for cutoff in CUTOFFS:
        hits = ranks < cutoff
        found[f"hr@{cutoff}"] = float(hits.mean())
        found[f"ndcg@{cutoff}"] = float((hits / np.log2(ranks + 2.0)).mean())
    return found


def _best(scores: np.ndarray, block: Questions) -> np.ndarray:
    """The ten that each customer would be shown, any order."""
    shown = scores.copy()
    for row, context in enumerate(block.contexts):
        shown[row, context] = -np.inf
    width = min(max(CUTOFFS), shown.shape[1])
    best = np.argpartition(-shown, width - 1, axis=1)[:, :width]
    return best[np.isfinite(np.take_along_axis(shown, best, axis=1))]
