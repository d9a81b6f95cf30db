"""Inside a job's own process: the context a runner gets, and the loop that keeps its lease."""

import json
import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

from guidance.core.hooks import job_kind
from guidance.core.models import Job
from guidance.core.services import jobs

logger = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 4.0
REPORT_SECONDS = 0.5


Listener = Callable[[str, float], None]


class JobContext:
    """What a runner may use: its parameters, a folder that survives a kill, progress, cancel."""

    def __init__(self, job: Job, listener: Listener | None = None) -> None:
        assert job.lease is not None
        self.job_id, self.kind, self.params = job.pk, job.kind, job.params
        self.attempts = job.attempts
        self._lease: uuid.UUID = job.lease
        self._listener = listener
        self._reported = 0.0
        self._stop = threading.Event()
        self._cancelled = threading.Event()
        self._lost = threading.Event()

    @property
    def folder(self) -> Path:
        """A folder of this job alone; a later attempt finds what an earlier one left."""
        path = Path(settings.JOB_DIR) / str(self.job_id)
        path.mkdir(parents=True, exist_ok=True)
        return path

    def recall(self) -> dict[str, Any]:
        """Return what an earlier attempt remembered last, or {}."""
        kept = self.folder / "remembered.json"
        state: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
        return state

    def remember(self, state: dict[str, Any]) -> None:
        """Keep how far the work is for a later attempt, whole or not at all."""
        kept = self.folder / "remembered.json"
        written = kept.with_suffix(".new")
        written.write_text(json.dumps(state))
        written.replace(kept)

    def progress(
        self,
        phase: str,
        fraction: float,
        *,
        detail: dict[str, Any] | None = None,
        line: str = "",
    ) -> None:
        """Show progress (at most twice a second unless it logs a line); raise when to stop."""
        self.check()
        if self._listener is not None:
            self._listener(phase, fraction)
        now = time.monotonic()
        if not line and now - self._reported < REPORT_SECONDS:
            return
        self._reported = now
        jobs.report_progress(
            job_id=self.job_id,
            lease=self._lease,
            phase=phase,
            fraction=fraction,
            detail=detail,
            line=line,
        )

    def check(self) -> None:
        """Raise JobCancelled or LeaseLost where the work must not go on."""
        if self._lost.is_set():
            raise jobs.LeaseLost(str(self.job_id))
        if self._cancelled.is_set():
            raise jobs.JobCancelled(str(self.job_id))

    def should_stop(self) -> bool:
        """Tell whether the work must not go on."""
        return self._lost.is_set() or self._cancelled.is_set()

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease from a thread while the body runs."""
        thread = threading.Thread(target=self._beat_until_stopped, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(timeout=HEARTBEAT_SECONDS)

    def release(self) -> None:
        """Leave the job to whoever starts it next."""
        self._stop.set()
        jobs.release_job(job_id=self.job_id, lease=self._lease)

    def finish(self, status: Job.Status, result: dict[str, Any], error: str) -> None:
        """Close the job."""
        jobs.finish_job(
            job_id=self.job_id, lease=self._lease, status=status, result=result, error=error
        )

    def beat(self) -> None:
        """Renew the lease once and learn whether to stop."""
        try:
            if jobs.renew_lease(job_id=self.job_id, lease=self._lease):
                self._cancelled.set()
        except jobs.LeaseLost:
            self._lost.set()

    def _beat_until_stopped(self) -> None:
        while not self._stop.wait(HEARTBEAT_SECONDS):
            try:
                self.beat()
            except DatabaseError:
                logger.exception("The lease of job %s was not renewed; trying again", self.job_id)
        connections.close_all()


def run_job(
    job_id: uuid.UUID, listener: Listener | None = None, *, slots: int | None = None
) -> Job.Status | None:
    """Claim the job and run it to its end in this process; None where it was not to be had.

    `listener(phase, fraction)` hears of every step, for a progress bar in a terminal. With `slots`
    the job is left waiting while so many run already.
    """
    job = jobs.claim_job(job_id=job_id, slots=slots)
    if job is None:
        return None
    context = JobContext(job, listener)
    status, result, error = Job.Status.SUCCEEDED, {}, ""
    with context.kept_alive():
        try:
            result = job_kind(job.kind).load()(context)
        except jobs.JobCancelled:
            status = Job.Status.CANCELLED
        except jobs.LeaseLost:
            return None
        except (KeyboardInterrupt, SystemExit):
            context.release()
            raise
        except Exception as problem:
            logger.exception("Job %s failed", job_id)
            status = Job.Status.FAILED
            error = f"{type(problem).__name__}: {problem}\n\n{traceback.format_exc()}"
    try:
        context.finish(status, result, error)
    except jobs.LeaseLost:
        return None
    return status
