"""The metrics that an experiment measures, in the versions that it was approved with."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from guidance.core.selectors import default_market
from guidance.experiments.metrics import chosen_keys
from guidance.experiments.models import Experiment, Metric

FIRST_VERSION = 1


def metrics_of(experiment: Experiment) -> dict[str, Metric]:
    """Return the metrics by key, in the order of the page; a key that names none has no entry.

    From the approval on they are those of the approval: one that joined later is not counted. An
    experiment approved before there were versions has the first of each.
    """
    keys = chosen_keys(experiment)
    found = {(metric.key, metric.version): metric for metric in Metric.objects.filter(key__in=keys)}
    current = {metric.key: metric for metric in found.values() if metric.is_current}
    pinned = experiment.metric_versions
    if pinned or experiment.approved_at is None:
        chosen = {
            key: found.get((key, pinned[key])) if key in pinned else current.get(key)
            for key in keys
            if key in pinned or not pinned
        }
    else:
        chosen = {key: found.get((key, FIRST_VERSION)) for key in keys}
    named = {key: metric for key, metric in chosen.items() if metric is not None}
    currency, zone = conventions_of(experiment)
    for metric in named.values():
        metric.currency = metric.currency or (currency if metric.is_money else "")
        metric.time_zone = metric.time_zone or zone
    return named


def conventions_of(experiment: Experiment) -> tuple[str, str]:
    """Return the currency and time zone of metrics that name none: the default market's, from the
    approval on those that it had then."""
    if experiment.currency and experiment.time_zone:
        return experiment.currency, experiment.time_zone
    market = default_market()
    return market.currency, market.time_zone


def zone_of(experiment: Experiment) -> ZoneInfo:
    """Return the time zone in which an experiment's days begin."""
    return ZoneInfo(conventions_of(experiment)[1])


def current_metrics(keys: Iterable[str] | None = None) -> dict[str, Metric]:
    """Return the newest version of every metric, or of these, by key."""
    rows = Metric.objects.current()
    return {metric.key: metric for metric in (rows if keys is None else rows.filter(key__in=keys))}
