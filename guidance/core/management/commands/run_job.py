"""`manage.py run_job ID`: run one queued job to its end in this process."""

import uuid

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from guidance.core.jobs import run_job


class Command(BaseCommand):
    help = "Runs one queued job to its end in this process; workers start it, people need not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job_id", type=uuid.UUID)

    def handle(self, *args: object, **options: object) -> None:
        status = run_job(uuid.UUID(str(options["job_id"])), slots=settings.JOB_SLOTS)
        self.stdout.write(str(status or "not to be had: finished, or held by another process"))
