"""What a surface's own last days say of a metric, before an experiment starts on it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Max, Min, Q, Sum
from django.utils import timezone

from guidance.decisions.models import Decision
from guidance.experiments.hooks import testable_of
from guidance.experiments.models import Experiment
from guidance.experiments.samples import ProportionSample, RatioSample, Sample

# The days looked back over: as many as the plan runs, so that as many distinct shoppers, each with
# as many visits, are met as the experiment will meet; within these bounds, and where it names none.
FEWEST_DAYS, MOST_DAYS, USUAL_DAYS = 7, 56, 28


@dataclass(frozen=True)
class History:
    """The last `days` of a surface: its shoppers, the span they came in, the metric's sample."""

    days: int
    shoppers: int
    span: timedelta
    sample: Sample

    @property
    def daily(self) -> float:
        """Distinct shoppers a day."""
        return self.shoppers / self.days


def history_of(experiment: Experiment) -> History:
    """Return what the log says of the experiment's surface, traffic and primary metric.

    Three statements at most, whoever was served by whatever policy; who could be in no arm, as
    shoppers of whom nothing is known, is not counted.
    """
    days = min(max(experiment.horizon_days or USUAL_DAYS, FEWEST_DAYS), MOST_DAYS)
    since = timezone.now() - timedelta(days=days)
    decisions = Decision.objects.filter(
        surface=experiment.surface, source=experiment.source, at__gte=since
    ).exclude(customer=None)
    if testable := testable_of(experiment.surface, experiment.subject):
        decisions = testable.exposing(decisions)
    rows: Iterable[Any] = (
        decisions.with_outcomes()
        .with_counts()
        .order_by()
        .values("customer")
        .annotate(
            seen=Count("pk", filter=Q(is_seen=True)),
            clicked=Count("pk", filter=Q(is_clicked=True)),
            stars=Sum("rating_sum"),
            rated=Sum("ratings"),
            first=Min("at"),
            last=Max("at"),
        )
    )
    shoppers = list(rows)
    first = min((row["first"] for row in shoppers), default=since)
    last = max((row["last"] for row in shoppers), default=since)
    sample: Sample
    if experiment.primary_metric == "conversion":
        firsts = {(row["customer"], row["first"]) for row in shoppers}
        bought = decisions.converted().order_by().values_list("customer", "at")
        sample = ProportionSample(len(shoppers), len(firsts & set(bought)))
    elif experiment.primary_metric == "satisfaction":
        sample = RatioSample.of(((row["stars"], row["rated"]) for row in shoppers), cases=False)
    else:
        sample = RatioSample.of((row["clicked"], row["seen"]) for row in shoppers)
    return History(days, len(shoppers), last - first, sample)
