"""What sells now, from rollups alone: it answers with no model, no file and no history."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from django.db.models import Q, Sum

from guidance.behaviour.models import ProductDayRollup, Source
from guidance.recommendations.catalogue import CatalogueIndex

DAYS = 30


@dataclass(frozen=True)
class PopularOrder:
    """All products of an index, what sells first, then the newest, which says nothing of demand.

    `order` holds their places; `scores`, `views` and `known`, whether they were bought or viewed
    at all, are by place, shape (products,).
    """

    order: np.ndarray
    scores: np.ndarray
    views: np.ndarray
    known: np.ndarray


@dataclass(frozen=True)
class Popularity:
    """Products by their purchases in the last 30 days, then by views; the most popular first.

    `products` are primary keys; all three are of shape (products sold or viewed,).
    """

    products: np.ndarray
    bought: np.ndarray
    viewed: np.ndarray
    _orders: dict[str, tuple[CatalogueIndex, PopularOrder]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def over(self, index: CatalogueIndex) -> PopularOrder:
        """Return the popularity of an index's products; kept until the index is another."""
        kept = self._orders.get("last")
        if kept is None or kept[0] is not index:
            self._orders["last"] = kept = (index, self._over(index))
        return kept[1]

    def _over(self, index: CatalogueIndex) -> PopularOrder:
        scores, views = np.zeros(len(index)), np.zeros(len(index), np.int64)
        places = index.places_of(self.products)
        known = places >= 0
        first = places[known]
        scores[first], views[first] = self.bought[known], self.viewed[known]
        rest = np.ones(len(index), dtype=bool)
        rest[first] = False
        order = np.concatenate([first, np.flatnonzero(rest)])
        return PopularOrder(order, scores, views, ~rest)


def read_popularity(*, day: date, with_replay: bool) -> Popularity:
    """Count the 30 days that end with `day`, on the shop's calendar; one statement.

    Replayed traffic counts only for replayed requests.
    """
    rows = ProductDayRollup.objects.filter(day__gt=day - timedelta(days=DAYS), day__lte=day)
    if not with_replay:
        rows = rows.exclude(source=Source.REPLAY)
    found = (
        rows.values("product_id")
        .annotate(bought=Sum("purchases"), viewed=Sum("views"))
        .filter(Q(bought__gt=0) | Q(viewed__gt=0))
        .order_by("-bought", "-viewed", "product_id")
        .values_list("product_id", "bought", "viewed")
    )
    table = np.array(list(found), np.int64).reshape(-1, 3)
    return Popularity(table[:, 0], table[:, 1].astype(np.float64), table[:, 2])
