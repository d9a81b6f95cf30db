"""What sells now, from rollups alone: it answers with no model, no file and no history."""

from collections.abc import Mapping
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
    """Products by their purchases in the last 30 days, then by views; the most popular first."""

    ranked: tuple[tuple[int, float], ...]
    views: Mapping[int, int] = field(default_factory=dict)
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
        first = []
        for product, score in self.ranked:
            place = index.places.get(index.skus.get(product, ""))
            if place is not None:
                first.append(place)
                scores[place] = score
                views[place] = self.views.get(product, 0)
        rest = np.ones(len(index), dtype=bool)
        rest[first] = False
        order = np.concatenate([np.array(first, np.int64), np.flatnonzero(rest)])
        return PopularOrder(order, scores, views, ~rest)


def read_popularity(*, day: date, with_replay: bool) -> Popularity:
    """Count the 30 days that end with `day`, on the shop's calendar; one statement.

    Replayed traffic counts only for replayed requests.
    """
    rows = ProductDayRollup.objects.filter(day__gt=day - timedelta(days=DAYS), day__lte=day)
    if not with_replay:
        rows = rows.exclude(source=Source.REPLAY)
    found = list(
        rows.values("product_id")
        .annotate(bought=Sum("purchases"), viewed=Sum("views"))
        .filter(Q(bought__gt=0) | Q(viewed__gt=0))
        .order_by("-bought", "-viewed", "product_id")
        .values_list("product_id", "bought", "viewed")
    )
    return Popularity(
        tuple((product, float(bought)) for product, bought, _viewed in found),
        {product: viewed for product, _bought, viewed in found},
    )
