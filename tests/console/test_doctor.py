"""`manage.py doctor` tells what is well and what mends the rest."""

import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from guidance.console.doctor import diagnose
from guidance.core.models import WorkerHeartbeat
from guidance.training.models import ModelVersion
from models_ml.recommender.artefacts import read_manifest, write_manifest
from models_ml.recommender.encoder import TABLES
from tests import factories
from tests.campaigns.smtp_server import receiving_mail
from tests.trained import let_serve_alone

pytestmark = pytest.mark.django_db
SMTP = "django.core.mail.backends.smtp.EmailBackend"


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
    settings: Any, tmp_path: Path, trained_recommender: Path
) -> None:
    settings.MODEL_DIR = tmp_path
    WorkerHeartbeat.objects.create(host="here", pid=1, at=timezone.now())
    version = factories.model_version(status=ModelVersion.Status.PROMOTED, policy="model")
    is_well, fix = _found()["Model files"]
    assert not is_well
    assert "Roll back" in fix
    shutil.copytree(trained_recommender, version.folder, dirs_exist_ok=True)
    found = _found()
    assert found["Worker"] == (True, "")
    assert found["Model files"] == (True, "")


def test_a_folder_that_an_earlier_version_wrote_is_named_and_wants_a_training(
    settings: Any, tmp_path: Path, trained_recommender: Path
) -> None:
    settings.MODEL_DIR = tmp_path
    version = factories.model_version(status=ModelVersion.Status.PROMOTED, policy="model")
    shutil.copytree(trained_recommender, version.folder, dirs_exist_ok=True)
    let_serve_alone(version.folder, "transformer")
    lacking = next(iter(TABLES.values()))
    (version.folder / lacking).unlink()
    told = read_manifest(version.folder, only=[])
    facts = {key: value for key, value in told.items() if key not in {"format", "files"}}
    write_manifest(version.folder, [name for name in told["files"] if name != lacking], facts)
    (found,) = [one for one in diagnose() if str(one.name) == "Model files"]
    assert not found.is_well
    assert lacking in found.detail
    assert found.fix == "Train again, then promote: manage.py train recommender"


def test_the_command_fails_while_anything_is_wrong() -> None:
    printed = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", stdout=printed)
    assert ended.value.code == 1
    assert "manage.py worker" in printed.getvalue()


def _mail(settings: Any) -> tuple[bool, str]:
    settings.DEFAULT_FROM_EMAIL, settings.PUBLIC_URL = "news@shop.example", "https://shop.example"
    return _found()["Mail"]


def test_mail_is_well_where_the_server_answers_and_letters_can_be_answered(settings: Any) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_PROVIDER = SMTP, ""
    with receiving_mail() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        assert _mail(settings) == (True, "")
        settings.PUBLIC_URL = "http://shop.example"
        settings.DEFAULT_FROM_EMAIL = "Shop <shop@localhost>"
        is_well, fix = _found()["Mail"]
        assert not is_well
        assert "PUBLIC_URL" in fix
        assert "DEFAULT_FROM_EMAIL" in fix
    is_well, fix = _mail(settings)
    assert not is_well
    assert "EMAIL_HOST" in fix


def test_a_providers_missing_key_and_webhook_secret_are_named(settings: Any) -> None:
    settings.EMAIL_BACKEND = "anymail.backends.postmark.EmailBackend"
    settings.ANYMAIL = {}
    assert "ANYMAIL_" in _mail(settings)[1]
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x"}
    assert "ANYMAIL_WEBHOOK_SECRET" in _mail(settings)[1]
    settings.ANYMAIL = {"POSTMARK_SERVER_TOKEN": "x", "WEBHOOK_SECRET": "a:b"}
    assert _mail(settings) == (True, "")
