"""Metrics written: the ready-made after every migration, a person's by the desk."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.experiments.metrics import READY_MADE
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.selectors.chosen import FIRST_VERSION


def sync_metrics(**kwargs: Any) -> None:
    """Write the ready-made metrics that are not there yet; one that a person changed stays so."""
    known = set(Metric.objects.values_list("key", flat=True))
    with override("en"):
        Metric.objects.bulk_create(
            Metric(**{**one, "name": str(one["name"])}, is_ready_made=True)
            for one in READY_MADE
            if one["key"] not in known
        )


@transaction.atomic
def save_metric(*, metric: Metric, actor: User | None) -> Metric:
    """Write a new metric, or change one: in place while no approved experiment uses this version,
    else as the next version, which experiments approved from now on use.

    Raises ValidationError for a version that is not the newest.
    """
    if metric.pk is None:
        metric.save()
        record_audit(actor=actor, verb="create_metric", target=metric)
        return metric
    before = Metric.objects.select_for_update().get(pk=metric.pk)
    if not before.is_current:
        raise ValidationError(_("A newer version of this metric is there; change that one."))
    changed = [name for name in Metric.SAID if getattr(before, name) != getattr(metric, name)]
    if not changed:
        return before
    metric.is_ready_made = before.is_ready_made and "name" not in changed
    if is_used(before):
        Metric.objects.filter(pk=before.pk).update(is_current=False)
        metric.pk, metric.version = None, before.version + 1
        metric._state.adding = True
    metric.save()
    details = {"changed": changed, "version": metric.version}
    record_audit(actor=actor, verb="change_metric", target=metric, details=details)
    return metric


def is_used(metric: Metric) -> bool:
    """Tell whether an experiment was approved with this version, or counted by it before there
    were versions."""
    pinned = Experiment.objects.exclude(approved_at=None).values_list("metric_versions", flat=True)
    # In Python: a key may read like a lookup or a place in a list.
    return any(
        versions.get(metric.key) == metric.version if versions else metric.version == FIRST_VERSION
        for versions in pinned.iterator()
    )
