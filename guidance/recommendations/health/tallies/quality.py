"""How good lists were: CTR, conversion, hits and NDCG of purchases, by kind of shopper and day."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from guidance.core.models import Market
from guidance.customers.markets import Markets
from guidance.experiments.samples import RatioSample
from guidance.experiments.statistics import Estimate, clustered_proportion
from guidance.recommendations.health import segments
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.segments import segments_of, standing
from guidance.recommendations.health.shoppers import Shopper, Shown
from guidance.recommendations.health.tallies.segmented import Segmented
from models_ml.fairness.anonymity import too_small
from models_ml.fairness.clusters import ClusterTable
from models_ml.recommender.evaluate import ndcg

SERVED, SEEN, CLICKED, JUDGED, HITS, NDCG, STOOD_IN, OF_SHOPPER = range(8)
QUANTITIES = 8
# Nobody is shown in a group of fewer shoppers than this, nor can be found by subtraction.
FEWEST_SHOPPERS = 20
BEFORE, NOW = 0, 1
# A drop is only spoken of where so many successes came before, and as many were to be expected now.
FEWEST_TOLD = 10

Values = np.ndarray


class QualityTally:
    """Adds up decisions and what came of them over shoppers.

    A decision is judged where purchases count for it; it is a hit where its list held one of them.
    """

    def __init__(self, scope: Scope, *, needs_seen: bool) -> None:
        self._scope, self._needs_seen = scope, needs_seen
        self._markets = Markets(list(Market.objects.all()))
        self._segments = {kind: Segmented(QUANTITIES) for kind in segments.KINDS}
        self._days: dict[date, Values] = {}
        self._windows: dict[str, ClusterTable] = {}

    def add(self, shoppers: Sequence[Shopper]) -> None:
        windows: dict[str, list[Values]] = defaultdict(list)
        cells = [self._cells(shopper, windows) for shopper in shoppers]
        for kind, segmented in self._segments.items():
            segmented.add([found[kind] for found in cells if kind in found])
        for surface, rows in windows.items():
            table = self._windows.setdefault(surface, ClusterTable(2, QUANTITIES))
            table.add(np.array(rows))

    def _cells(
        self, shopper: Shopper, windows: dict[str, list[Values]]
    ) -> dict[str, dict[str, Values]]:
        """Return a shopper's sums in each segment of each kind; add to the windows' rows."""
        cells: dict[str, dict[str, Values]] = defaultdict(dict)
        own: dict[str, Values] = {}
        whole = np.zeros(QUANTITIES)
        for shown in shopper.shown:
            if not self._scope.holds(shown):
                continue
            values = self._outcome(shown, shopper)
            whole += values
            for kind, label in standing(shopper, shown).items():
                cells[kind][label] = cells[kind].get(label, 0.0) + values
            self._days[shown.day] = self._days.get(shown.day, 0) + values
            if self._scope.recent is not None:
                when = NOW if shown.day >= self._scope.recent else BEFORE
                for surface in ("", shown.surface):
                    own.setdefault(surface, np.zeros((2, QUANTITIES)))[when] += values
        for surface, rows in own.items():
            windows[surface].append(rows)
        if not whole.any():
            return {}
        steady = segments_of(shopper, self._markets)
        return cells | {kind: {label: whole} for kind, label in steady.items()}

    def _outcome(self, shown: Shown, shopper: Shopper) -> Values:
        counts = shown.is_seen or not self._needs_seen
        judged = counts and shown.has_purchase
        gain = _gain(shown) if judged else 0.0
        return np.array(
            [
                1.0,
                shown.is_seen,
                shown.is_seen and shown.has_click,
                judged,
                gain > 0,
                gain,
                shown.stood_in,
                shopper.facts is not None,
            ],
            dtype=float,
        )

    def by_segment(self) -> dict[str, dict[str, Any]]:
        """Return each kind's rows, those with most shoppers first, and what was withheld.

        Groups too small to be shown are put together where they are large enough together, and
        where they are not all there is.
        """
        return {kind: self._segment_rows(found) for kind, found in self._segments.items()}

    def by_day(self) -> list[dict[str, Any]]:
        """Return each day's counts, in order; days without decisions are not in it."""
        names = ("served", "seen", "clicked", "judged", "hits", "ndcg", "stood_in")
        return [
            {"day": day.isoformat(), **dict(zip(names, self._days[day].tolist(), strict=False))}
            for day in sorted(self._days)
        ]

    def changes(self) -> dict[str, dict[str, Any]]:
        """Return by surface ('' for all) how the recent days differ from those before them."""
        pairs = {
            "ctr": (CLICKED, SEEN),
            "conversion": (JUDGED, SEEN),
            "ndcg": (NDCG, JUDGED),
            "seen": (SEEN, SERVED),
        }
        return {
            surface: {
                **{name: _change(table, *pair) for name, pair in pairs.items()},
                "stood_in": _ratio(table.sums[NOW], STOOD_IN, SERVED),
                "served": table.sums[NOW][SERVED],
            }
            for surface, table in sorted(self._windows.items())
        }

    def _segment_rows(self, found: Segmented) -> dict[str, Any]:
        labels = sorted(found.labels())
        shoppers = {label: _shoppers(found.table({label})) for label in labels}
        withheld = too_small(shoppers, FEWEST_SHOPPERS, lambda some: _shoppers(found.table(some)))
        rows = [self._row(one, found.table({one})) for one in labels if one not in withheld]
        rows.sort(key=lambda row: -row["shoppers"])
        together = found.table(withheld)
        if rows and _shoppers(together) >= FEWEST_SHOPPERS:
            rows.append(self._row("*", together))
        return {"rows": rows, "withheld": len(withheld)}

    def _row(self, label: str, table: ClusterTable) -> dict[str, Any]:
        sums = table.sums[0]
        return {
            "label": label,
            "shoppers": _shoppers(table),
            "served": int(sums[SERVED]),
            "seen": int(sums[SEEN]),
            "clicked": int(sums[CLICKED]),
            "judged": int(sums[JUDGED]),
            "ctr": _share(table, CLICKED, SEEN),
            "conversion": _share(table, JUDGED, SEEN) if self._needs_seen else None,
            "hit_rate": _share(table, HITS, JUDGED),
            "ndcg": _share(table, NDCG, JUDGED),
        }


def _gain(shown: Shown) -> float:
    """Return NDCG of the whole list against its purchases; 0 for products not in the catalogue."""
    if not shown.items or not shown.bought:
        return 0.0
    listed = np.array([item.product for item in shown.items])
    return ndcg(listed, np.array(list(shown.bought)), len(shown.bought), k=len(listed))


def _shoppers(table: ClusterTable) -> int:
    """Return how many different shoppers are in a table; decisions for nobody have none."""
    return int(table.units[0, OF_SHOPPER])


def _share(table: ClusterTable, top: int, bottom: int) -> list[float] | None:
    sums, products = table.sums[0], table.products[0]
    found = clustered_proportion(
        RatioSample(
            n=int(table.units[0, bottom]),
            numerator=sums[top],
            numerator_squares=products[top, top],
            denominator=sums[bottom],
            denominator_squares=products[bottom, bottom],
            products=products[top, bottom],
        )
    )
    return [found.value, found.low, found.high] if isinstance(found, Estimate) else None


def _change(table: ClusterTable, top: int, bottom: int) -> dict[str, Any]:
    before, now = (_ratio(table.sums[when], top, bottom) for when in (BEFORE, NOW))
    expected = (before or 0.0) * table.sums[NOW][bottom]
    told = min(table.sums[BEFORE][top], expected) >= FEWEST_TOLD
    return {
        "before": before,
        "now": now,
        "change": table.relative_change(BEFORE, NOW, top, bottom) if told else None,
    }


def _ratio(sums: Values, top: int, bottom: int) -> float | None:
    return float(sums[top] / sums[bottom]) if sums[bottom] else None
