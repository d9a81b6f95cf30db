"""Jobs: one process at a time holds the lease; what is lost is started again; nothing hides."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from guidance.core import hooks
from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job
from guidance.core.services import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def probe_kind() -> Iterator[None]:
    hooks.register_job_kind(hooks.JobKind("probe", "Probe", "tests.core.probe_job.run"))
    yield
    del hooks._job_kinds["probe"]


def _lose(job: Job) -> None:
    """Leave the job as a killed process leaves it: running, its lease run out."""
    Job.objects.filter(pk=job.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


def test_a_job_runs_to_its_end_and_shows_how_it_went() -> None:
    job = jobs.request_job(kind="probe", params={})
    assert run_job(job.pk) == Job.Status.SUCCEEDED
    job.refresh_from_db()
    assert (job.status, job.fraction, job.result) == ("succeeded", 1.0, {"marks": "x"})
    assert (job.detail, job.lease) == ({"loss": 1.5}, None)
    assert "half way" in job.log
    assert AuditEntry.objects.filter(verb="request_job", object_id=str(job.pk)).exists()


def test_a_job_is_started_on_commit(django_capture_on_commit_callbacks: Any) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.request_job(kind="probe", params={})
        assert not OrmQ.objects.exists()
    assert OrmQ.objects.get().task["args"] == (str(job.pk),)


def test_two_processes_cannot_hold_one_job() -> None:
    job = jobs.request_job(kind="probe", params={})
    assert jobs.claim_job(job_id=job.pk) is not None
    assert jobs.claim_job(job_id=job.pk) is None
    assert run_job(job.pk) is None


def test_a_job_waits_while_every_slot_is_taken() -> None:
    first, second = (jobs.request_job(kind="probe", params={}) for _ in range(2))
    assert jobs.claim_job(job_id=first.pk, slots=1) is not None
    assert jobs.claim_job(job_id=second.pk, slots=1) is None
    assert jobs.claim_job(job_id=second.pk, slots=2) is not None


def test_a_lost_job_is_taken_over_and_its_old_process_may_write_no_more() -> None:
    job = jobs.request_job(kind="probe", params={})
    first = jobs.claim_job(job_id=job.pk)
    assert first is not None
    assert first.lease is not None
    _lose(job)
    assert jobs.sweep_jobs() == 1
    assert run_job(job.pk) == Job.Status.SUCCEEDED
    job.refresh_from_db()
    assert job.attempts == 2
    with pytest.raises(jobs.LeaseLost):
        jobs.renew_lease(job_id=job.pk, lease=first.lease)
    with pytest.raises(jobs.LeaseLost):
        jobs.report_progress(job_id=job.pk, lease=first.lease, phase="ghost", fraction=0.1)
    with pytest.raises(jobs.LeaseLost):
        jobs.finish_job(job_id=job.pk, lease=first.lease, status=Job.Status.FAILED)


def test_a_later_attempt_finds_what_the_earlier_one_left() -> None:
    job = jobs.request_job(kind="probe", params={"fail": True})
    run_job(job.pk)
    Job.objects.filter(pk=job.pk).update(status=Job.Status.QUEUED, params={})
    run_job(job.pk)
    job.refresh_from_db()
    assert job.result == {"marks": "xx"}


def test_a_failed_job_says_what_and_where() -> None:
    job = jobs.request_job(kind="probe", params={"fail": True})
    assert run_job(job.pk) == Job.Status.FAILED
    job.refresh_from_db()
    assert job.error.startswith("ValueError: the third row is upside down")
    assert "probe_job.py" in job.error


def test_a_running_job_can_be_cancelled() -> None:
    job = jobs.request_job(kind="probe", params={"cancel": True})
    assert run_job(job.pk) == Job.Status.CANCELLED


def test_a_waiting_job_is_cancelled_at_once() -> None:
    job = jobs.request_job(kind="probe", params={})
    jobs.cancel_job(job=job, actor=None)
    job.refresh_from_db()
    assert job.status == Job.Status.CANCELLED
    assert run_job(job.pk) is None


def test_a_job_that_dies_on_every_attempt_is_given_up() -> None:
    job = jobs.request_job(kind="probe", params={})
    Job.objects.filter(pk=job.pk).update(max_attempts=1)
    jobs.claim_job(job_id=job.pk)
    _lose(job)
    assert jobs.sweep_jobs() == 0
    job.refresh_from_db()
    assert job.status == Job.Status.FAILED


def test_the_sweeper_starts_no_more_than_there_are_slots(settings: Any) -> None:
    settings.JOB_SLOTS = 1
    for _ in range(3):
        jobs.request_job(kind="probe", params={})
    assert jobs.sweep_jobs() == 1
    running = jobs.request_job(kind="probe", params={})
    jobs.claim_job(job_id=running.pk)
    assert jobs.sweep_jobs() == 0
