"""Other versions of a history to train on: crop and mask (CL4SRec, Xie et al., ICDE 2022), and
substitute by similarity (CoSeRec, Liu et al., 2021).

Pure functions: a history and a source of randomness in, another history of the same order out. The
shares are the papers' middle choices.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from models_ml.data.history import History

CROP, MASK, SUBSTITUTE = "crop", "mask", "substitute"
AUGMENTATIONS = (CROP, MASK, SUBSTITUTE)
# An item number that stands for "something, not known what".
MASKED = -1

CROP_SHARE = 0.6
MASK_SHARE = 0.3
SUBSTITUTE_SHARE = 0.2
# Half of all sequences stay as they are.
CHANCE = 0.5


def crop(history: History, share: float, keep: int, random: np.random.Generator) -> History:
    """Keep the latest events: at least `share` of them, and so many that at most `keep` of the
    oldest go.

    The papers also cut the end; here the end is the question, what is bought next.
    """
    most = min(int(len(history) * (1.0 - share)), keep)
    return history.latest(len(history) - int(random.integers(0, most + 1)))


def mask(history: History, share: float, random: np.random.Generator) -> History:
    """Hide which item each event was about, with probability `share`; when and of what kind it was
    stays.
    """
    hidden = random.random(len(history)) < share
    items = np.where(hidden, MASKED, history.items).astype(history.items.dtype)
    return History(items, history.times, history.kinds)


def substitute(
    history: History, similar: np.ndarray, share: float, random: np.random.Generator
) -> History:
    """Put a similar item in the place of each item, with probability `share`.

    `similar` of shape (items, width) holds item numbers, `MASKED` where an item has fewer; an item
    without any stays.
    """
    drawn = similar[history.items, random.integers(0, similar.shape[1], len(history))]
    changed = (random.random(len(history)) < share) & (drawn != MASKED)
    items = np.where(changed, drawn, history.items).astype(history.items.dtype)
    return History(items, history.times, history.kinds)


@dataclass(frozen=True, slots=True)
class Augmenter:
    """One of `names`, drawn anew for each sequence, half of the time none; `similar` as in
    `substitute`.
    """

    names: Collection[str]
    similar: np.ndarray

    def change(self, history: History, keep: int, random: np.random.Generator) -> History:
        """At most `keep` of the oldest events go."""
        if random.random() >= CHANCE:
            return history
        name = sorted(self.names)[int(random.integers(0, len(self.names)))]
        if name == CROP:
            return crop(history, CROP_SHARE, keep, random)
        if name == MASK:
            return mask(history, MASK_SHARE, random)
        return substitute(history, self.similar, SUBSTITUTE_SHARE, random)
