"""`manage.py doctor` tells what is well and what mends the rest."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from guidance.console.doctor import diagnose
from guidance.core.models import WorkerHeartbeat
from guidance.training.models import ModelVersion
from tests import factories

pytestmark = pytest.mark.django_db


def _found() -> dict[str, tuple[bool, str]]:
    return {str(d.name): (d.is_well, str(d.fix)) for d in diagnose()}


def test_what_is_missing_is_named_with_its_fix() -> None:
    found = _found()
    assert found["Database"] == (True, "")
    assert found["Migrations"] == (True, "")
    assert found["Cache"] == (True, "")
    assert found["Worker"] == (False, "Start one: manage.py worker")
    assert not found["Model files"][0]
    assert "Train one" in found["Model files"][1]


def test_a_running_worker_and_a_promoted_version_with_files_are_well(
    settings: Any, tmp_path: Path
) -> None:
    settings.MODEL_DIR = tmp_path
    WorkerHeartbeat.objects.create(host="here", pid=1, at=timezone.now())
    version = factories.model_version(status=ModelVersion.Status.PROMOTED)
    assert not _found()["Model files"][0]
    version.folder.mkdir(parents=True, exist_ok=True)
    (version.folder / "manifest.json").touch()
    found = _found()
    assert found["Worker"] == (True, "")
    assert found["Model files"] == (True, "")


def test_the_command_fails_while_anything_is_wrong() -> None:
    printed = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=printed)
    assert ended.value.code == 1
    assert "manage.py worker" in printed.getvalue()
