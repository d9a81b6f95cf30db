"""One walk through the shoppers of a period that makes every report asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count

from guidance.behaviour.models import Event
from guidance.decisions.models import Decision
from guidance.recommendations.drift import input_drift
from guidance.recommendations.health.products import Catalogue, read_catalogue
from guidance.recommendations.health.rows import CHOSEN, HISTORY, Reader
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.shoppers import Shopper
from guidance.recommendations.health.tallies.answers import AnswerTally, shift_row
from guidance.recommendations.health.tallies.exposure import ExposureTally
from guidance.recommendations.health.tallies.lists import Lists
from guidance.recommendations.health.tallies.quality import FEWEST_SHOPPERS, QualityTally
from guidance.recommendations.health.tallies.scores import ScoreTally
from guidance.recommendations.health.tallies.taste import TasteTally

OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Basis:
    """What all reports of one walk share."""

    catalogue: Catalogue
    popularity: np.ndarray
    needs_seen: bool
    came_in: dict[str, Any]


class ReportTally:
    """All tallies of one scope."""

    def __init__(self, scope: Scope, basis: Basis) -> None:
        self._scope, self._basis = scope, basis
        self._exposure = ExposureTally(scope, basis.catalogue)
        self._quality = QualityTally(scope, needs_seen=basis.needs_seen)
        self._taste = TasteTally(basis.catalogue, basis.popularity)
        self._scores = ScoreTally(scope)
        self._answers = AnswerTally(scope)

    def add(self, shoppers: Sequence[Shopper]) -> None:
        lists = Lists.of(shoppers, self._scope, needs_seen=self._basis.needs_seen)
        self._exposure.add(shoppers, lists)
        self._quality.add(shoppers)
        self._taste.add(shoppers, lists)
        self._scores.add(shoppers, lists)
        self._answers.add(shoppers)

    def figures(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "first": self._scope.first.isoformat(),
            "last": self._scope.last.isoformat(),
            "needs_seen": self._basis.needs_seen,
            "fewest_shoppers": FEWEST_SHOPPERS,
            "exposure": self._exposure.groups(),
            "evenness": self._exposure.evenness(),
            "quality": self._quality.by_segment(),
            "days": self._quality.by_day(),
            "changes": self._quality.changes(),
            "popularity": self._taste.popularity(),
            "calibration": self._taste.calibration(),
            "scores": self._scores.bands(),
            "came_in": self._basis.came_in,
            "answered": self._answers.shifts(self._scores.shift()),
        }


def compute_reports(scopes: Sequence[Scope], on_progress: OnProgress) -> list[dict[str, Any]]:
    """Return the figures of each scope; all of them share traffic and days.

    Memory is bounded by `rows.SHOPPERS_AT_ONCE` shoppers and a few numbers for each shopper and
    item.
    """
    whole = scopes[0]
    catalogue = read_catalogue(whole)
    basis = Basis(
        catalogue, _popularity(whole, catalogue), _impressions_reported(whole), _came_in(whole)
    )
    tallies = [ReportTally(scope, basis) for scope in scopes]
    reader = Reader(whole, catalogue, basis.needs_seen)
    customers = reader.customer_ids()
    done = 0
    for shoppers in reader.shoppers(customers):
        for tally in tallies:
            tally.add(shoppers)
        done += len(shoppers)
        on_progress(min(done / max(len(customers), 1), 1.0))
    return [tally.figures() for tally in tallies]


def _impressions_reported(scope: Scope) -> bool:
    start, end = scope.bounds
    decisions = Decision.objects.filter(source=scope.source, at__gte=start, at__lt=end)
    return decisions.order_by().seen().exists()


def _came_in(scope: Scope) -> dict[str, Any]:
    """Return what retraining measures of the inputs, the largest shift first, and the days that it
    compares; replayed traffic brings nothing in."""
    measures = [] if scope.is_replay else input_drift()
    rows = [
        shift_row(one.key, one.size, one.certain, one.before, one.now)
        for one in sorted(measures, key=lambda one: -one.size)
    ]
    return {"rows": rows, "days": measures[0].days if measures else {}}


def _popularity(scope: Scope, catalogue: Catalogue) -> np.ndarray:
    """Return the share of shoppers who had to do with each product in the year before the period;
    (products,)."""
    start = scope.bounds[0]
    events = Event.objects.filter(
        source__in=scope.history_sources,
        kind__in=CHOSEN,
        product__isnull=False,
        occurred_at__gte=start - HISTORY,
        occurred_at__lt=start,
    ).order_by()
    shoppers = events.aggregate(n=Count("customer", distinct=True))["n"]
    found = np.zeros(len(catalogue))
    for product, n in events.values_list("product").annotate(n=Count("customer", distinct=True)):
        if product in catalogue.by_id:
            found[catalogue.by_id[product]] = n / shoppers
    return found
