"""Drift of inputs: what came in during the recent days against the days before them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Count, QuerySet

from guidance.behaviour.days import day_bounds
from guidance.behaviour.models import Event
from guidance.decisions.attribution import purchase_sources
from guidance.recommendations.health.products import CATEGORY, Catalogue
from guidance.recommendations.health.rows import CHOSEN, Shopper
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.segments import Past
from models_ml.data.drift import Shift, compare_counts, count_bands, price_bands

# Fewer events on either side are no distribution to speak of.
FEWEST_EVENTS = 100
HISTORY_EDGES = (0, 1, 4, 19, 99)
Counts = dict[str, float]


class InputTally:
    """Adds up what decisions were made from: the policy that answered, and how long a history."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._sides: dict[str, tuple[Counts, Counts]] = {
            name: (defaultdict(float), defaultdict(float)) for name in ("policy", "history")
        }

    def add(self, shoppers: Sequence[Shopper]) -> None:
        if self._scope.recent is None:
            return
        for shopper in shoppers:
            past = Past(shopper)
            for shown in shopper.shown:
                if self._scope.holds(shown):
                    now = shown.day >= self._scope.recent
                    known = _history_band(past.events_before(shown))
                    self._sides["policy"][now][shown.policy] += 1
                    self._sides["history"][now][known] += 1

    def shifts(self, catalogue: Catalogue, scores: Shift | None) -> list[dict[str, Any]]:
        """Return every input's shift, the largest first; none where there is nothing before."""
        if self._scope.recent is None:
            return []
        sides = self._sides | _event_counts(self._scope, catalogue)
        found = {
            name: compare_counts(*pair)
            for name, pair in sides.items()
            if min(sum(side.values()) for side in pair) >= FEWEST_EVENTS
        } | {"scores": scores}
        rows = [_row(name, shift) for name, shift in found.items() if shift is not None]
        return sorted(rows, key=lambda row: -row["index"])


def _row(name: str, shift: Shift) -> dict[str, Any]:
    """Return an input's index, whether chance explains it, and the group that moved most."""
    moved = max(shift.before, key=lambda group: abs(shift.now[group] - shift.before[group]))
    return {
        "input": name,
        "index": shift.index,
        "by_chance": shift.by_chance,
        "moved": moved,
        "before": shift.before[moved],
        "now": shift.now[moved],
    }


def _history_band(events: int) -> str:
    return next((f"≤ {edge}" for edge in HISTORY_EDGES if events <= edge), f"> {HISTORY_EDGES[-1]}")


def _event_counts(scope: Scope, catalogue: Catalogue) -> dict[str, tuple[Counts, Counts]]:
    """Return the events of the days before and of the recent ones by kind, language, category and
    price; six statements that group in the database."""
    start, end = scope.bounds
    assert scope.recent is not None
    cut = day_bounds(scope.recent)[0]
    windows = [_events(scope, start, cut), _events(scope, cut, end)]
    kinds, languages = (
        tuple(_grouped(window, field) for window in windows)
        for field in ("kind", "customer__language")
    )
    products = [_by_product(window, catalogue) for window in windows]
    priced = ~np.isnan(catalogue.prices)
    edges = price_bands(catalogue.prices[priced], products[0][priced])
    return {
        "kind": (kinds[0], kinds[1]),
        "language": (languages[0], languages[1]),
        "category": _pair(_categories(catalogue, counts) for counts in products),
        "price": _pair(
            count_bands(catalogue.prices[priced], counts[priced], edges) for counts in products
        ),
    }


def _pair(sides: Any) -> tuple[Counts, Counts]:
    before, now = sides
    return before, now


def _events(scope: Scope, start: datetime, end: datetime) -> "QuerySet[Event]":
    return Event.objects.filter(
        source__in=purchase_sources(scope.source), occurred_at__gte=start, occurred_at__lt=end
    ).order_by()


def _grouped(events: "QuerySet[Event]", field: str) -> Counts:
    rows = events.values_list(field).annotate(n=Count("pk"))
    return {value or "": float(n) for value, n in rows}


def _by_product(events: "QuerySet[Event]", catalogue: Catalogue) -> np.ndarray:
    counts = np.zeros(len(catalogue))
    rows = events.filter(kind__in=CHOSEN, product__isnull=False)
    for product, n in rows.values_list("product").annotate(n=Count("pk")).iterator():
        if product in catalogue.by_id:
            counts[catalogue.by_id[product]] = n
    return counts


def _categories(catalogue: Catalogue, counts: np.ndarray) -> Counts:
    grouping = catalogue.groupings[CATEGORY]
    sums = np.bincount(grouping.of_product, counts, minlength=len(grouping.labels))
    return dict(zip(grouping.labels, sums.tolist(), strict=True))
