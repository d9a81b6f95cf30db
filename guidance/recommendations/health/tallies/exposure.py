"""Exposure against relevance by group, and how evenly the catalogue is shown."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from guidance.recommendations.health.products import Catalogue, Grouping
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.shoppers import Shopper
from guidance.recommendations.health.tallies.lists import Lists
from models_ml.fairness.clusters import ClusterTable
from models_ml.fairness.concentration import coverage, gini, lorenz
from models_ml.fairness.exposure import (
    ALL_BOUGHT,
    ALL_CLICKED,
    ALL_EXPOSURE,
    BOUGHT,
    CLICKED,
    EXPOSURE,
    QUANTITIES,
    group_exposures,
)

Pairs = tuple[np.ndarray, np.ndarray]


class ExposureTally:
    """Adds up what was shown, bought and clicked, by group of products and in all.

    Relevance is what the shoppers who got lists bought in the period, each product once a shopper,
    whether it was recommended or not; and, beside it, what they clicked in the lists.
    """

    def __init__(self, scope: Scope, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._start, self._end = scope.bounds
        self._of_product = np.zeros(len(catalogue))
        self._tables = {
            key: ClusterTable(len(grouping.labels), QUANTITIES)
            for key, grouping in catalogue.groupings.items()
        }

    def add(self, shoppers: Sequence[Shopper], lists: Lists) -> None:
        bought = _pairs(
            shopper.bought_between(self._start, self._end) if decisions else set()
            for shopper, decisions in zip(shoppers, lists.counted, strict=True)
        )
        clicked = _pairs(
            {product for one in decisions for product in one.clicked} for decisions in lists.counted
        )
        self._of_product += np.bincount(
            lists.product, lists.exposure, minlength=len(self._of_product)
        )
        for key, table in self._tables.items():
            grouping = self._catalogue.groupings[key]
            table.add(_values(len(shoppers), grouping, lists, bought, clicked))

    def groups(self) -> dict[str, list[dict[str, Any]]]:
        """Return each kind of group's rows; groups neither shown nor wanted are left out."""
        return {
            key: self._rows(self._catalogue.groupings[key], table)
            for key, table in self._tables.items()
        }

    def evenness(self) -> dict[str, Any]:
        """Return how much of what may be recommended was shown, and how evenly."""
        shown = self._of_product[self._catalogue.recommendable]
        shares = lorenz(shown)
        return {
            "recommendable": len(shown),
            "shown": int((shown > 0).sum()),
            "coverage": coverage(shown),
            "gini": gini(shown),
            "lorenz": {"products": shares[0], "exposure": shares[1]},
        }

    def _rows(self, grouping: Grouping, table: ClusterTable) -> list[dict[str, Any]]:
        sizes = np.bincount(
            grouping.of_product[self._catalogue.recommendable], minlength=len(grouping.labels)
        )
        whole = max(int(sizes.sum()), 1)
        rows = [
            {
                "label": label,
                "products": int(sizes[place]),
                "catalogue": float(sizes[place] / whole),
                **found._asdict(),
            }
            for place, (label, found) in enumerate(
                zip(grouping.labels, group_exposures(table), strict=True)
            )
        ]
        return [row for row in rows if row["exposure"] or row["purchases"] or row["clicks"]]


def _pairs(products: Any) -> Pairs:
    rows = [(n, product) for n, found in enumerate(products) for product in found]
    table = np.array(rows, dtype=np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _values(
    shoppers: int, grouping: Grouping, lists: Lists, bought: Pairs, clicked: Pairs
) -> np.ndarray:
    """Return (shoppers, groups, quantities) as `models_ml.fairness.exposure` orders them."""
    groups = len(grouping.labels)
    values = np.zeros((shoppers, groups, QUANTITIES))
    parts = (
        (EXPOSURE, ALL_EXPOSURE, lists.shopper, lists.product, lists.exposure),
        (BOUGHT, ALL_BOUGHT, *bought, None),
        (CLICKED, ALL_CLICKED, *clicked, None),
    )
    for part, whole, shopper, product, weights in parts:
        cells = shopper * groups + grouping.of_product[product]
        sums = np.bincount(cells, weights, minlength=shoppers * groups)
        values[:, :, part] = sums.reshape(shoppers, groups)
        values[:, :, whole] = values[:, :, part].sum(axis=1, keepdims=True)
    return values
