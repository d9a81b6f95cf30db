"""Jobs: requested, claimed under a lease, kept alive, finished, and found again when lost."""

import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from guidance.core.locks import hold_lock
from guidance.core.models import Job, User
from guidance.core.services.audit import record_audit

LOG_LIMIT = 20_000


class LeaseLost(Exception):
    """Another process took the job over; this one must stop without writing more."""


class JobCancelled(Exception):
    """Somebody asked the job to stop."""


@transaction.atomic
def request_job(
    *, kind: str, params: dict[str, Any], requested_by: User | None = None, start: bool = True
) -> Job:
    """Queue a job and, on commit, ask a worker to start its process."""
    job = Job.objects.create(kind=kind, params=params, requested_by=requested_by)
    record_audit(actor=requested_by, verb="request_job", target=job, details={"kind": kind})
    if start:
        transaction.on_commit(partial(enqueue_start, job_id=job.pk))
    return job


def enqueue_start(*, job_id: uuid.UUID) -> None:
    """Ask a worker to start the job's process; asking twice is harmless."""
    async_task("guidance.core.tasks.start_job", str(job_id), task_name=f"start-{job_id}"[:100])


@transaction.atomic
def claim_job(*, job_id: uuid.UUID, slots: int | None = None) -> Job | None:
    """Take the job's lease, or return None where it is finished or another process holds it.

    With `slots` it is None as well while so many jobs run already.
    """
    hold_lock("core.jobs")
    now = timezone.now()
    if slots is not None and running_jobs() >= slots:
        return None
    waiting = Job.objects.filter(pk=job_id, status=Job.Status.QUEUED)
    lost = Job.objects.filter(pk=job_id).lost()
    lease = uuid.uuid4()
    for candidates in (waiting, lost):
        taken = candidates.filter(cancel_requested=False).update(
            status=Job.Status.RUNNING,
            lease=lease,
            lease_expires_at=now + Job.LEASE,
            started_at=now,
            attempts=F("attempts") + 1,
            error="",
        )
        if taken:
            return Job.objects.get(pk=job_id)
    return None


def renew_lease(*, job_id: uuid.UUID, lease: uuid.UUID) -> bool:
    """Renew the lease and return whether somebody asked to cancel; raises LeaseLost."""
    held = Job.objects.filter(pk=job_id, lease=lease, status=Job.Status.RUNNING)
    if not held.update(lease_expires_at=timezone.now() + Job.LEASE):
        raise LeaseLost(str(job_id))
    return bool(held.values_list("cancel_requested", flat=True).get())


def report_progress(
    *,
    job_id: uuid.UUID,
    lease: uuid.UUID,
    phase: str,
    fraction: float,
    detail: dict[str, Any] | None = None,
    line: str = "",
) -> None:
    """Store what the job's page shows while it runs; raises LeaseLost."""
    with transaction.atomic():
        job = Job.objects.select_for_update().filter(pk=job_id, lease=lease).first()
        if job is None:
            raise LeaseLost(str(job_id))
        job.phase, job.fraction = phase, min(max(fraction, 0.0), 1.0)
        if detail is not None:
            job.detail = detail
        if line:
            job.log = f"{job.log}{timezone.now():%H:%M:%S} {line}\n"[-LOG_LIMIT:]
        job.save(update_fields=["phase", "fraction", "detail", "log"])


def release_job(*, job_id: uuid.UUID, lease: uuid.UUID) -> None:
    """Let go of a job that was interrupted, so that the next start need not wait for its lease."""
    Job.objects.filter(pk=job_id, lease=lease).update(lease_expires_at=timezone.now())


def finish_job(
    *,
    job_id: uuid.UUID,
    lease: uuid.UUID,
    status: Job.Status,
    result: dict[str, Any] | None = None,
    error: str = "",
) -> None:
    """Close the job and release its lease; raises LeaseLost."""
    closed = Job.objects.filter(pk=job_id, lease=lease).update(
        status=status,
        result=result or {},
        error=error,
        finished_at=timezone.now(),
        lease=None,
        lease_expires_at=None,
        **({"fraction": 1.0} if status == Job.Status.SUCCEEDED else {}),
    )
    if not closed:
        raise LeaseLost(str(job_id))


@transaction.atomic
def cancel_job(*, job: Job, actor: User | None) -> None:
    """Ask a running job to stop; one that still waits stops at once."""
    locked = Job.objects.select_for_update().get(pk=job.pk)
    if locked.is_finished:
        return
    locked.cancel_requested = True
    if locked.status == Job.Status.QUEUED:
        locked.status, locked.finished_at = Job.Status.CANCELLED, timezone.now()
    locked.save(update_fields=["cancel_requested", "status", "finished_at"])
    record_audit(actor=actor, verb="cancel_job", target=locked)


def sweep_jobs(*, now: datetime | None = None) -> int:
    """Start again what lost its lease or was never started; return how many were asked for.

    A job that was lost as often as it may be tried is closed as failed.
    """
    exhausted = Job.objects.lost().filter(attempts__gte=F("max_attempts"))
    exhausted.update(
        status=Job.Status.FAILED,
        error="The process died on every attempt allowed.",
        finished_at=now or timezone.now(),
        lease=None,
        lease_expires_at=None,
    )
    Job.objects.lost().filter(cancel_requested=True).update(
        status=Job.Status.CANCELLED, finished_at=now or timezone.now(), lease=None
    )
    free = settings.JOB_SLOTS - running_jobs()
    waiting = list(Job.objects.lost().order_by("created_at")) + list(
        Job.objects.filter(status=Job.Status.QUEUED).order_by("created_at")
    )
    for job in waiting[: max(free, 0)]:
        enqueue_start(job_id=job.pk)
    return len(waiting[: max(free, 0)])


def running_jobs() -> int:
    """Count the jobs whose process holds a valid lease."""
    return Job.objects.filter(
        status=Job.Status.RUNNING, lease_expires_at__gte=timezone.now()
    ).count()
