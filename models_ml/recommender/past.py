"""Everything known before a cut, with what models and baselines derive from it, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from models_ml.data.columns import PURCHASE_NUMBER
from models_ml.data.content import ContentMatrix
from models_ml.data.histories import Histories
from models_ml.recommender.features import ItemHabits, Trend, build_trend, item_habits
from models_ml.recommender.heirs import HEIRS_OF, Heirs
from models_ml.recommender.likeness import most_alike
from models_ml.recommender.scorers import Interest


@dataclass(frozen=True)
class Past:
    """Histories that end before `cut` (days since 1970); `content` tells what their items say about
    themselves, row by row, and `categories` (items,) numbers their categories, -1 for none; both
    None where the shop does not say.
    """

    histories: Histories
    cut: float
    content: ContentMatrix | None = None
    categories: np.ndarray | None = None

    @property
    def items(self) -> int:
        """The size of the catalogue."""
        return len(self.histories.skus)

    @cached_property
    def bought(self) -> np.ndarray:
        """Which rows are purchases."""
        return self.histories.kinds == PURCHASE_NUMBER

    @cached_property
    def has_browsing(self) -> bool:
        """Whether the shop tells what people look at."""
        return bool((self.histories.kinds < PURCHASE_NUMBER).any())

    @cached_property
    def trend(self) -> Trend:
        rows = self.bought
        return build_trend(
            self.histories.items[rows], self.histories.times[rows], self.items, self.cut
        )

    @cached_property
    def alike(self) -> tuple[np.ndarray, np.ndarray]:
        """The items most like each item by content, and how like they are; both (items, width)."""
        assert self.content is not None, "asked of items without content"
        return most_alike(self.content)

    @cached_property
    def inherited(self) -> Trend:
        """The trend as if every item had been added that day: what those most like it do."""
        neighbours, likeness = self.alike
        heirs = Heirs(neighbours[:, :HEIRS_OF], likeness[:, :HEIRS_OF])
        levels = [heirs.append(day)[self.items :] for day in self.trend.levels]
        return Trend(self.trend.first_day, np.stack(levels))

    @cached_property
    def habits(self) -> ItemHabits:
        rows = self.bought
        looks = self.histories.items[self.histories.kinds < PURCHASE_NUMBER]
        past = self.histories
        return item_habits(past.items[rows], past.owners[rows], past.times[rows], looks, self.items)

    @cached_property
    def baskets(self) -> sparse.csr_array:
        """Baskets by items, ones."""
        rows = self.bought
        moments = np.stack([self.histories.owners[rows], self.histories.times[rows]])
        _, baskets = np.unique(moments, axis=1, return_inverse=True)
        shape = (int(baskets.max()) + 1, self.items)
        ones = np.ones(len(baskets), np.float32)
        matrix = sparse.coo_array((ones, (baskets, self.histories.items[rows])), shape).tocsr()
        matrix.data[:] = 1.0
        return matrix

    def tastes(self, browsing: float) -> sparse.csr_array:
        """Customers by items: one where bought, less where only looked at."""
        weights = Interest(half_life=np.inf, browsing=browsing).of_kinds[self.histories.kinds]
        shape = (len(self.histories), self.items)
        places = (self.histories.owners, self.histories.items)
        matrix = sparse.coo_array((weights.astype(np.float32), places), shape).tocsr()
        matrix.data = np.minimum(matrix.data, np.float32(1.0))
        matrix.eliminate_zeros()
        return matrix

    def buyer_shares(self, days: float | None = None) -> np.ndarray:
        """Share of customers who bought each item, in the last `days` or ever; float32 (items,)."""
        rows = self.bought
        if days is not None:
            rows = rows & (self.histories.times >= self.cut - days)
        pairs = np.stack([self.histories.items[rows], self.histories.owners[rows]])
        buyers = np.bincount(np.unique(pairs, axis=1)[0], minlength=self.items)
        return (buyers / max(len(self.histories), 1)).astype(np.float32)
