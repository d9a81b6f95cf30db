"""What tends to follow what: a nearest-neighbour policy over the order of items. No network.

Item-to-item neighbours with decay by distance, as in sequential kNN (Ludewig & Jannach, UMUAI
2018), here with steps backward counted as well, at a discount.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

# Pairs further apart than this say little; each adds to the matrix.
WINDOW = 20


@dataclass(frozen=True, slots=True)
class TransitionSettings:
    """`backward`: what a step back counts beside one forward. `gap`: what each further step between
    two items leaves of it. `damping`: the power of a target's popularity that is divided out.
    `fade`: what each step into a customer's past leaves of an item's voice.
    """

    backward: float = 0.5
    gap: float = 0.8
    damping: float = 0.15
    fade: float = 0.6


class Transitions:
    """Fitted on sequences; scores (customers, catalogue) are sums over a customer's items."""

    def __init__(
        self, train: Sequence[np.ndarray], catalogue: int, settings: TransitionSettings
    ) -> None:
        self._fade = settings.fade
        counts = count_pairs(train, catalogue, settings)
        totals = np.bincount(np.concatenate(train), minlength=catalogue) + 1.0
        scaled = sparse.diags_array(totals**-0.5) @ counts
        self._matrix = (scaled @ sparse.diags_array(totals**-settings.damping)).tocsr()
        self._matrix = self._matrix.astype(np.float32)

    def score(self, contexts: Sequence[np.ndarray]) -> np.ndarray:
        """From items, oldest first, to scores (customers, catalogue), float32."""
        rows = np.repeat(np.arange(len(contexts)), [len(one) for one in contexts])
        voices = np.concatenate([self._fade ** np.arange(len(one) - 1, -1, -1) for one in contexts])
        shape = (len(contexts), self._matrix.shape[0])
        asked = sparse.coo_array((voices, (rows, np.concatenate(contexts))), shape)
        return (asked.tocsr().astype(np.float32) @ self._matrix).toarray()


def count_pairs(
    train: Sequence[np.ndarray], catalogue: int, settings: TransitionSettings
) -> sparse.csr_array:
    """Weighted counts (from, to) of pairs at most `WINDOW` places apart."""
    items = np.concatenate(train)
    owners = np.repeat(np.arange(len(train)), [len(one) for one in train])
    counts = sparse.csr_array((catalogue, catalogue), dtype=np.float64)
    for distance in range(1, WINDOW + 1):
        together = owners[:-distance] == owners[distance:]
        if not together.any():
            break
        earlier, later = items[:-distance][together], items[distance:][together]
        weights = np.full(len(earlier), settings.gap ** (distance - 1))
        pairs = sparse.coo_array((weights, (earlier, later)), (catalogue, catalogue)).tocsr()
        counts = counts + pairs + settings.backward * pairs.T
    counts.setdiag(0.0)
    counts.eliminate_zeros()
    return counts.tocsr()
