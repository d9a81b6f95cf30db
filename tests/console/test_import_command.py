"""`manage.py import_shop`: the report people read, the job behind it, and how it refuses."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from guidance.behaviour.models import DirtyDay, Event
from guidance.console.importing.runner import job_params
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.core.services.jobs import claim_job, request_job
from tests.console.conftest import LINE, write_csv

pytestmark = pytest.mark.django_db


@pytest.fixture
def retail(tmp_path: Path, settings: Any) -> Path:
    settings.VAR_DIR = tmp_path / "var"
    settings.JOB_DIR = tmp_path / "jobs"
    lines = [LINE, LINE | {"StockCode": "POST"}, LINE | {"Quantity": "x"}]
    return write_csv(tmp_path / "retail.csv", lines)


def _printed(*arguments: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("import_shop", *arguments, stdout=out, **options)
    return out.getvalue()


def test_the_report_accounts_for_every_row(retail: Path) -> None:
    printed = _printed(str(retail))
    counts = next(line for line in printed.splitlines() if line.startswith("order lines"))
    assert counts.split()[2:] == ["3", "1", "0", "0", "1", "1"]
    assert "not a product: POST" in printed
    assert "quantity" in printed
    assert "rejects.jsonl" in printed
    assert not DirtyDay.objects.exists()


def test_the_command_is_a_job_with_its_result(retail: Path) -> None:
    _printed(str(retail), until="2011-01-01", shift_weeks=3)
    job = Job.objects.get()
    assert (job.kind, job.status) == ("import_shop", "succeeded")
    assert job.params == {
        "path": str(retail),
        "until": "2011-01-01T00:00:00",
        "shift_weeks": 3,
    }
    assert job.result["tables"]["order_lines"]["imported"] == 1


def test_a_stopped_import_is_taken_up_and_not_begun_beside(retail: Path) -> None:
    stopped = request_job(kind="import_shop", params=job_params(retail, None, 0), start=False)
    claim_job(job_id=stopped.pk)
    Job.objects.update(lease_expires_at=timezone.now() - timedelta(seconds=1))
    _printed(str(retail))
    assert Job.objects.get().status == "succeeded"
    assert Event.objects.count() == 1


def test_a_job_that_cannot_read_its_file_fails_with_the_reason(retail: Path) -> None:
    job = request_job(kind="import_shop", params=job_params(retail, None, 0), start=False)
    retail.unlink()
    assert run_job(job.pk) == Job.Status.FAILED
    job.refresh_from_db()
    assert "neither a folder nor a file" in job.error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.csv"], "neither a folder nor a file"),
        (["{retail}", "--until", "last week"], "--until needs a date"),
    ],
)
def test_what_cannot_be_imported_is_refused_before_a_job_is_made(
    retail: Path, arguments: list[str], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        _printed(*[argument.format(retail=retail) for argument in arguments])
    assert not Job.objects.exists()


def test_the_columns_of_the_files_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("import_shop", "--columns")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert re.search(r"^  sku +\* The shop", shown, re.MULTILINE)
    assert "joined_at" in shown
