"""The job that computes reports, in a process of its own."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_noop

from guidance.behaviour.days import day_bounds, today
from guidance.core.jobs import JobContext
from guidance.core.models import Job
from guidance.decisions.models import Decision
from guidance.recommendations.health.compute import compute_reports
from guidance.recommendations.health.findings import findings
from guidance.recommendations.health.scope import Scope, watched_scope
from guidance.recommendations.health.services import (
    JOB_KIND,
    evaluate_alerts,
    request_report,
    save_report,
)
from guidance.recommendations.models import Surface
from guidance.recommendations.rankers import RECIPE
from guidance.training.selectors import promoted_version

PHASE = gettext_noop("reading decisions and events")
# What people meet first is never older than this, and alerts never later.
REFRESH_EVERY = timedelta(hours=6)


def run(context: JobContext) -> dict[str, Any]:
    """Compute and keep the report of the job's scope; the runner of the job kind.

    The report that alerts go by brings every surface's own with it, from the same walk, and that
    of the promoted model, whose CTR retraining goes by.
    """
    scope = Scope(**context.params, last=today())
    watched = scope == watched_scope()
    scopes = [scope]
    if watched:
        scopes += [
            Scope(scope.source, key, "", scope.days, scope.last)
            for key in Surface.objects.filter(is_active=True).values_list("key", flat=True)
        ]
        served = promoted_version(RECIPE)
        scopes += [watched_scope(version=str(served))] if served else []
    reports = compute_reports(scopes, lambda share: context.progress(PHASE, share))
    context.check()
    for one, figures in zip(scopes, reports, strict=True):
        save_report(scope=one, figures=figures)
    opened = evaluate_alerts(found=findings(reports[0])) if watched else 0
    return {"reports": len(reports), "alerts_opened": opened}


def refresh_health() -> bool:
    """Ask for the watched report where the last attempt is too old; return whether it was asked.

    Workers call this every few minutes. A shop without live decisions is left alone.
    """
    scope = watched_scope()
    lately = Job.objects.filter(kind=JOB_KIND, created_at__gte=timezone.now() - REFRESH_EVERY)
    if any(job.params == scope.as_params() for job in lately.only("params")):
        return False
    start = day_bounds(scope.first)[0]
    if not Decision.objects.filter(source=scope.source, at__gte=start).exists():
        return False
    request_report(scope=scope, requested_by=None)
    return True
