"""`manage.py worker`: a django-q2 cluster, its sign of life, and the sweeper of lost jobs."""

import logging
import os
import signal
import socket
import threading

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections
from django.utils import timezone
from django_q.cluster import Cluster

from guidance.core.hooks import recover_all
from guidance.core.models import WorkerHeartbeat
from guidance.core.services.jobs import sweep_jobs
from guidance.core.services.schedules import sync_schedules

logger = logging.getLogger(__name__)
BEAT_SECONDS = 2.0
BEATS_PER_SWEEP = 2


class Command(BaseCommand):
    help = "Runs background tasks until stopped, and starts jobs again that lost their process."

    def handle(self, *args: object, **options: object) -> None:
        stop = threading.Event()
        sync_schedules()
        cluster = Cluster()
        cluster.start()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        beat = WorkerHeartbeat(host=socket.gethostname()[:100], pid=os.getpid())
        count = 0
        while not stop.wait(BEAT_SECONDS if count else 0):
            if not cluster.is_running:
                raise SystemExit("The task cluster stopped by itself.")
            self._beat(beat, sweep=count % BEATS_PER_SWEEP == 0)
            count += 1
        WorkerHeartbeat.objects.filter(pk=beat.pk).delete()
        cluster.stop()

    def _beat(self, beat: WorkerHeartbeat, *, sweep: bool) -> None:
        """Give a sign of life; a database that is away for a moment must not end the worker."""
        try:
            close_old_connections()
            beat.at = timezone.now()
            beat.save()
            if sweep:
                sweep_jobs()
                recover_all()
        except DatabaseError:
            logger.exception("The worker could not reach the database; trying again")
