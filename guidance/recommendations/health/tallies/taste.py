"""Popularity bias and calibration: lists against what their own shoppers chose before."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from guidance.recommendations.health.products import CATEGORY, Catalogue
from guidance.recommendations.health.shoppers import Shopper
from guidance.recommendations.health.tallies.lists import Lists
from guidance.recommendations.health.tallies.quality import FEWEST_SHOPPERS
from models_ml.fairness.calibration import SMOOTHING, miscalibration
from models_ml.fairness.clusters import ClusterTable
from models_ml.fairness.popularity import head_of, popularity_lift, taste_groups

# With fewer different products a shopper's taste is not known well enough to compare with.
FEWEST_CHOSEN = 5
TASTES = ("niche", "diverse", "blockbuster")


class TasteTally:
    """Compares each shopper's products before their first list of the period with the lists.

    Three numbers are kept of each shopper, and of their categories only the sums.
    """

    def __init__(self, catalogue: Catalogue, popularity: np.ndarray) -> None:
        self._popularity = popularity
        self._head = head_of(popularity)
        self._grouping = catalogue.groupings[CATEGORY]
        size = len(self._grouping.labels)
        self._own, self._shown = np.zeros(size), np.zeros(size)
        self._divergence = ClusterTable(1, 2)
        self._entropy = 0.0
        self._rows: list[tuple[float, float, float]] = []

    def add(self, shoppers: Sequence[Shopper], lists: Lists) -> None:
        owns, showns = [], []
        for n, (shopper, decisions) in enumerate(zip(shoppers, lists.counted, strict=True)):
            mine = lists.shopper == n
            shown = lists.product[mine]
            if not decisions or not len(shown):
                continue
            chosen = shopper.chosen_before(decisions[0].at)
            if len(chosen) < FEWEST_CHOSEN:
                continue
            own = np.array(sorted(chosen))
            self._rows.append(
                (
                    float(self._popularity[own].mean()),
                    float(self._popularity[shown].mean()),
                    float(self._head[own].mean()),
                )
            )
            owns.append(self._by_category(own, None))
            showns.append(self._by_category(shown, lists.exposure[mine]))
        if owns:
            self._calibrate(np.array(owns), np.array(showns))

    def _by_category(self, products: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
        places = self._grouping.of_product[products]
        sums = np.bincount(places, weights, minlength=len(self._grouping.labels))
        return np.asarray(sums / sums.sum())

    def _calibrate(self, own: np.ndarray, shown: np.ndarray) -> None:
        divergence = miscalibration(own, shown)
        self._divergence.add(np.stack([divergence, np.ones(len(own))], axis=1)[:, None, :])
        logs = np.log(own, out=np.zeros_like(own), where=own > 0)
        self._entropy -= float((own * logs).sum())
        self._own += own.sum(axis=0)
        self._shown += shown.sum(axis=0)

    def popularity(self) -> list[dict[str, Any]]:
        """Return the lift of all shoppers and of each taste; too small groups are left out.

        Nothing where no product's popularity before the period is known.
        """
        if not self._popularity.any() or len(self._rows) < FEWEST_SHOPPERS:
            return []
        table = np.array(self._rows)
        groups = taste_groups(table[:, 2])
        parts = [("all", np.ones(len(table), dtype=bool))]
        parts += [(name, groups == place) for place, name in enumerate(TASTES)]
        if min(int(inside.sum()) for _name, inside in parts) < FEWEST_SHOPPERS:
            parts = parts[:1]
        return [
            {"label": name, **popularity_lift(table[inside, 0], table[inside, 1])._asdict()}
            for name, inside in parts
        ]

    def calibration(self) -> dict[str, Any]:
        """Return the mean divergence, that of one list for everybody, and both distributions.

        The list for everybody has the categories of all lists together: lists that follow their
        shoppers diverge less than it does.
        """
        n = int(self._divergence.units[0, 1])
        if n < FEWEST_SHOPPERS:
            return {"shoppers": n if n else 0, "mean": None, "everybody": None, "categories": []}
        own, shown = self._own / n, self._shown / n
        mixed = (1 - SMOOTHING) * shown + SMOOTHING * own
        cross = -float((own * np.log(mixed, out=np.zeros_like(mixed), where=mixed > 0)).sum())
        categories = [
            {"label": label, "own": float(own[place]), "shown": float(shown[place])}
            for place, label in enumerate(self._grouping.labels)
            if own[place] or shown[place]
        ]
        return {
            "shoppers": n,
            "mean": self._divergence.ratio(0, 0, 1),
            "everybody": cross - self._entropy / n,
            "categories": sorted(categories, key=lambda row: -row["own"]),
        }
