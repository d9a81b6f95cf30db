"""`manage.py import_shop PATH`: the shop's products, customers and history, from files."""

import sys
from argparse import Action, ArgumentParser, Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from guidance.console.importing.columns import described
from guidance.console.importing.files import FileProblem
from guidance.console.importing.runner import job_params, recognise
from guidance.core.models import Job
from guidance.core.services.jobs import request_job
from guidance.core.terminal import run_with_bar


class ShowColumns(Action):
    """Prints the columns of the shop's own files and ends."""

    def __call__(
        self, parser: ArgumentParser, namespace: Namespace, values: Any, option: str | None = None
    ) -> None:
        sys.stdout.write(f"{described()}\n")
        parser.exit()


class Command(BaseCommand):
    help = (
        "Imports a folder of the shop's own files (products, customers, events, campaigns as "
        "CSV, JSON lines or Parquet), or one file of the Online Retail layout. Stopped and "
        "started again it goes on; a second import of the same files changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path")
        parser.add_argument(
            "--until",
            metavar="DATE",
            help="Import only events before this date of the files; a replay brings the rest.",
        )
        parser.add_argument(
            "--shift-weeks",
            type=int,
            default=0,
            metavar="N",
            help="Move every event N weeks later, so that weekdays stay; its own time is kept too.",
        )
        parser.add_argument(
            "--columns", action=ShowColumns, nargs=0, help="Show the columns of the files and end."
        )

    def handle(self, *args: object, **options: Any) -> None:
        path = Path(options["path"])
        try:
            recognise(path)
            until = datetime.fromisoformat(options["until"]) if options["until"] else None
        except FileProblem as problem:
            raise CommandError(str(problem)) from None
        except ValueError:
            raise CommandError("--until needs a date such as 2011-11-25.") from None
        params = job_params(path, until, options["shift_weeks"])
        job = run_with_bar(_job_for(params))
        self.stdout.write(job.result["text"])


def _job_for(params: dict[str, Any]) -> Job:
    """Return the job of an earlier start that was stopped, or a new one."""
    active = Job.objects.active().filter(kind="import_shop")
    stopped = next((job for job in active if job.params == params), None)
    return stopped or request_job(kind="import_shop", params=params, start=False)
