"""How much of its quality the served version lost: clicks on what it showed, and how it ranks what
was bought since, against its own figures at first.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import Event
from guidance.recommendations.health.scope import watched_scope
from guidance.recommendations.health.selectors import kept_report
from guidance.recommendations.rankers import RECIPE
from guidance.training.hooks import DriftMeasure
from guidance.training.models import ModelVersion
from guidance.training.selectors import promoted_version
from models_ml.data.columns import KINDS, PURCHASE
from models_ml.data.drift import Decay, compare_means
from models_ml.data.history import HistoryEvent, as_days, as_history, as_seconds
from models_ml.recommender.artefacts import ArtefactError
from models_ml.recommender.evaluate import TOP, ndcg
from models_ml.recommender.ranking import top_items
from models_ml.recommender.report import TrainReport
from models_ml.recommender.serving import Ranker, load

# So many shoppers are ranked for: a second or two, and an interval of about +-.03.
MOST_SHOPPERS = 400


def quality_loss() -> list[DriftMeasure]:
    """Compare the promoted version with itself; nothing where none is promoted."""
    version = promoted_version(RECIPE)
    if version is None:
        return []
    return [one for one in (_click_rate(version), _ranking_loss(version)) if one is not None]


def _click_rate(version: ModelVersion) -> DriftMeasure | None:
    """The last seven days against the three weeks before, as the health report has it; None where
    it was not computed lately or where too little was clicked to tell."""
    scope = watched_scope(version=str(version))
    report = kept_report(scope)
    if report is None or report.last_day < scope.last - timedelta(days=1):
        return None
    found = report.figures["changes"].get("", {}).get("ctr", {"change": None})
    if found["change"] is None:
        return None
    change, _low, high = found["change"]
    return _measure("ctr", -change, high < 0.0, found["before"], found["now"])


def _ranking_loss(version: ModelVersion) -> DriftMeasure | None:
    decay = _ranking(version)
    if decay is None:
        return None
    return _measure("ndcg", decay.lost, decay.at_least > 0.0, decay.before, decay.now)


def _measure(key: str, lost: float, certain: bool, before: float, now: float) -> DriftMeasure:
    return DriftMeasure(
        key=key,
        group="quality",
        size=lost,
        certain=certain,
        before={"value": before},
        now={"value": now},
    )


def _ranking(version: ModelVersion) -> Decay | None:
    """NDCG@10 over a window as long as its own test window, all of it after its last purchase."""
    try:
        report = TrainReport.load(version.folder)
        ranker = load(version.folder, version.policy)
    except (ArtefactError, OSError):
        return None
    end = datetime.fromisoformat(report.data.end)
    days = (end - datetime.fromisoformat(report.data.test_cut)).days
    cut = _cut(end, days)
    if cut is None:
        return None
    return compare_means(report.ndcgs[version.policy], _ndcgs_since(ranker, cut))


def _cut(end: datetime, days: int) -> datetime | None:
    """The midnight from which the latest `days` are measured; None while they are not over."""
    latest = Event.objects.real().filter(kind=PURCHASE).order_by("-occurred_at")
    last = latest.values_list("occurred_at", flat=True).first()
    if last is None:
        return None
    zone = shop_zone()
    first: date = last.astimezone(zone).date() - timedelta(days=days)
    cut = day_bounds(first, zone)[0]
    return cut if cut >= end else None


def _ndcgs_since(ranker: Ranker, cut: datetime) -> np.ndarray:
    """NDCG@10 (repeats allowed) of a sample of those who bought after the cut and were known."""
    buyers = np.array(
        sorted(
            Event.objects.real()
            .filter(kind=PURCHASE, occurred_at__gte=cut, product__isnull=False)
            .order_by()
            .values_list("customer_id", flat=True)
            .distinct()
        )
    )
    if len(buyers) > MOST_SHOPPERS:
        random = np.random.default_rng(cut.toordinal())
        buyers = random.choice(buyers, MOST_SHOPPERS, replace=False)
    values = [_ndcg(ranker, events, cut) for events in _events_of(buyers.tolist())]
    return np.array([value for value in values if value is not None])


def _events_of(customers: Sequence[int]) -> list[list[HistoryEvent]]:
    found: dict[int, list[HistoryEvent]] = {customer: [] for customer in customers}
    rows = (
        Event.objects.real()
        .filter(customer_id__in=customers, kind__in=KINDS, product__isnull=False)
        .order_by("occurred_at")
        .values_list("customer_id", "product__sku", "occurred_at", "kind", "basket", "id")
    )
    for customer, sku, time, kind, basket, key in rows:
        found[customer].append(HistoryEvent(sku, time, kind, basket or f"event {key}"))
    return list(found.values())


def _ndcg(ranker: Ranker, events: list[HistoryEvent], cut: datetime) -> float | None:
    """Products that the version does not know stay in the ideal ranking, so that it pays."""
    start = as_seconds(cut)
    before = [event for event in events if as_seconds(event.time) < start]
    after = [event for event in events if as_seconds(event.time) >= start]
    bought = {event.item for event in after if event.kind == PURCHASE}
    if not before or not bought:
        return None
    history = as_history(before, ranker.item_numbers)
    ranked = top_items(ranker.scores(history, as_days(cut)), TOP)
    known = [number for sku in bought if (number := ranker.item_numbers.get(sku)) is not None]
    return ndcg(ranked, np.array(known, dtype=np.int64), len(bought))
