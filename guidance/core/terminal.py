"""Jobs run from a shell: in this process, under the same lease, with a progress bar."""

import time

from django.core.management.base import CommandError
from django.utils import timezone
from tqdm import tqdm

from guidance.core.jobs import run_job
from guidance.core.models import Job


def run_with_bar(job: Job) -> Job:
    """Run a queued (or lost) job here and return it finished; raises CommandError if it is not.

    Ctrl-C leaves the job to the next start, which goes on where this one stopped. Where the last
    start was killed outright, this waits until the lease it held has run out.
    """
    _await_lease(job)
    layout = "{l_bar}{bar:30}| {elapsed}<{remaining}"
    with tqdm(total=1.0, desc=job.kind, bar_format=layout, mininterval=0.5) as bar:

        def show(phase: str, fraction: float) -> None:
            bar.set_description_str(phase, refresh=False)
            bar.update(max(fraction - bar.n, 0.0))

        status = run_job(job.pk, show)
        if status == Job.Status.SUCCEEDED:
            bar.update(1.0 - bar.n)
    job.refresh_from_db()
    if status is None:
        raise CommandError(f"The job {job.pk} runs in another process or is finished already.")
    if status != Job.Status.SUCCEEDED:
        raise CommandError(f"The job {job.pk} is {status}: {job.error.partition(chr(10))[0]}")
    return job


def _await_lease(job: Job) -> None:
    """Wait as long as the lease of a process that no longer renews it can last."""
    last = job.lease_expires_at
    while job.status == Job.Status.RUNNING and last is not None and last > timezone.now():
        time.sleep(0.5)
        job.refresh_from_db()
        if job.lease_expires_at != last:
            return
