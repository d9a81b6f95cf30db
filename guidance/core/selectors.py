"""Reads that core answers: workers alive, the default market."""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.models import Job, Market, WorkerHeartbeat

# A stopped worker must be said within ten seconds; it beats every two.
WORKER_SILENCE = timedelta(seconds=7)


def is_worker_alive() -> bool:
    """Tell whether any worker gave a sign of life lately."""
    return WorkerHeartbeat.objects.filter(at__gte=timezone.now() - WORKER_SILENCE).exists()


def default_market() -> Market:
    """Return the default market, else the first; an unsaved plain one before a shop exists."""
    market = Market.objects.order_by("-is_default", "key").first()
    return market or Market(key="default", name="Default")


def job_state(job: Job) -> dict[str, Any]:
    """Return what a page shows of a job while it runs, as JSON."""
    return {
        "status": job.status,
        "status_label": str(job.get_status_display()),
        "phase": _(job.phase) if job.phase else "",
        "fraction": job.fraction,
        "detail": job.detail,
        "labels": {name: _(name) for name in job.detail},
        "log": job.log,
        "error": job.error_line,
        "is_finished": job.is_finished,
    }
