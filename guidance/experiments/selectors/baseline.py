"""What a surface's own last days say of a metric, before an experiment starts on it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Max, Min
from django.utils import timezone

from guidance.decisions.models import Decision
from guidance.experiments.hooks import testable_of
from guidance.experiments.models import Experiment
from guidance.experiments.samples import Sample
from guidance.experiments.selectors.chosen import metrics_of, zone_of
from guidance.experiments.selectors.scope import Scope
from guidance.experiments.selectors.sums import raw_days, total_of

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

    A few statements, whoever was served by whatever policy; who could be in no arm, as shoppers of
    whom nothing is known, is not counted.
    """
    days = min(max(experiment.horizon_days or USUAL_DAYS, FEWEST_DAYS), MOST_DAYS)
    metric = metrics_of(experiment)[experiment.primary_metric]
    now, zone = timezone.now(), zone_of(experiment)
    since = now - timedelta(days=days)
    decisions = Decision.objects.filter(
        surface=experiment.surface, source=experiment.source, at__gte=since
    ).exclude(customer=None)
    testable, customers = testable_of(experiment.surface, experiment.subject), None
    exposing = testable.exposing(decisions) if testable else decisions
    if exposing is not decisions:
        customers = list(exposing.order_by().values_list("customer", flat=True).distinct())
    ends = exposing.aggregate(first=Min("at"), last=Max("at"))
    span = ends["last"] - ends["first"] if ends["first"] else timedelta(0)
    scope = Scope(experiment, zone.key, customers=customers, surface_since=since)
    found, _times = raw_days(scope, [metric], since=since)
    total = total_of(found, [metric], arm="", at=now, zone=zone)
    return History(days, total.counts["shoppers"], span, total.sample(metric))
