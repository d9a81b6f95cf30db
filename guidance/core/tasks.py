"""Background tasks of core: starting the process of a job."""

import os
import subprocess
import sys
import uuid

from django.conf import settings

from guidance.core.models import Job
from guidance.core.services.jobs import running_jobs


def start_job(job_id: str) -> str:
    """Start the job's own process where a slot is free; the sweeper asks again where none is.

    The process is a session of its own: a worker that dies takes no job with it.
    """
    job = Job.objects.filter(pk=uuid.UUID(job_id)).first()
    if job is None or job.is_finished:
        return "nothing to do"
    if running_jobs() >= settings.JOB_SLOTS:
        return "waits for a free slot"
    log = settings.JOB_DIR / f"{job_id}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "run_job", job_id],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
        )
    return "started"
