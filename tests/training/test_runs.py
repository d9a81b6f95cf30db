"""Runs: asked for, carried out under a lease, gone on with after a death, cancelled."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job
from guidance.training.hooks import Recipe
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import curve_of, serving
from guidance.training.services import AlreadyTraining, request_training

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recipe")]


def _request(**params: Any) -> TrainingRun:
    return request_training(recipe_key="quick", requested_by=None, params=params, start=False)


def test_a_run_ends_as_a_candidate_with_its_metrics() -> None:
    run = _request()
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    version = ModelVersion.objects.get(run=run)
    assert (version.number, version.status) == (1, "candidate")
    assert (version.policy, version.best_baseline) == ("model", "ease")
    assert version.metrics["model"]["repeats_allowed"]["ndcg@10"] == 0.2
    assert (version.folder / "weights").exists()
    run.refresh_from_db()
    assert [point["validation_ndcg"] for point in curve_of(run)] == [0.1, 0.2]
    lines = [line.partition(" ")[2] for line in run.job.log.splitlines()]
    assert lines[:2] == ["preparing the data", "training the model"]
    assert "epoch 2: validation NDCG@10 0.2000, loss 0.5000" in lines
    assert "Passed: the model beats every opponent." in lines
    assert run.job.result["number"] == 1
    assert AuditEntry.objects.filter(verb="train_version", object_id=str(version.pk)).exists()


def test_a_refused_run_serves_its_best_baseline() -> None:
    run = _request(passed=False)
    run_job(run.job_id)
    version = ModelVersion.objects.get(run=run)
    assert (version.status, version.policy) == ("refused", "ease")
    now = serving("quick")
    assert now is not None
    assert (now.version_id, now.policy, now.is_promoted) == (version.pk, "ease", False)


def test_a_second_start_begins_a_curve_of_its_own() -> None:
    run = _request(warm_epochs=3, die_at=2)
    with pytest.raises(SystemExit):
        run_job(run.job_id)
    run.refresh_from_db()
    assert [(one["epoch"], one["validation_ndcg"]) for one in curve_of(run)] == [(1, 0.1)]


def test_a_run_whose_process_died_goes_on_where_it_was(recipe: Recipe) -> None:
    run = _request(die_at=2)
    with pytest.raises(SystemExit):
        run_job(run.job_id)
    run.refresh_from_db()
    assert [point["epoch"] for point in curve_of(run)] == [1]
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(1))
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    folder = ModelVersion.objects.get(run=run).folder
    assert (folder / "epoch-1").read_text() == "1"
    assert (folder / "epoch-2").read_text() == "2"
    run.refresh_from_db()
    assert run.job.log.count("epoch 1:") == 1


def test_a_run_that_died_after_its_version_was_written_makes_no_second_one() -> None:
    run = _request()
    run_job(run.job_id)
    Job.objects.filter(pk=run.job_id).update(
        status="running", lease_expires_at=timezone.now() - timedelta(1)
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    assert ModelVersion.objects.count() == 1


def test_a_cancelled_run_stops_and_leaves_nothing_behind() -> None:
    run = _request(cancel_at=1)
    assert run_job(run.job_id) == Job.Status.CANCELLED
    assert not ModelVersion.objects.exists()
    assert not (Path(settings.MODEL_DIR) / "quick" / str(run.pk)).exists()


def test_a_failed_run_says_why() -> None:
    run = _request(fail=1)
    assert run_job(run.job_id) == Job.Status.FAILED
    run.job.refresh_from_db()
    assert run.job.error.startswith("ValueError: the data hold no purchase")
    assert not ModelVersion.objects.exists()


def test_one_training_of_a_model_at_a_time() -> None:
    run = _request()
    with pytest.raises(AlreadyTraining) as refused:
        _request()
    assert refused.value.run == run
    run_job(run.job_id)
    assert _request() != run


def test_numbers_of_versions_rise() -> None:
    for _ in range(2):
        run_job(_request().job_id)
    assert list(ModelVersion.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


def test_the_command_trains_and_tells_the_verdict() -> None:
    out = StringIO()
    call_command("train", "quick", "--wait", stdout=out)
    assert "quick 1: candidate" in out.getvalue()
    assert "Passed: the model beats every opponent." in out.getvalue()


def test_the_command_goes_on_with_a_run_that_was_stopped() -> None:
    run = _request(die_at=2)
    with pytest.raises(SystemExit):
        run_job(run.job_id)
    Job.objects.filter(pk=run.job_id).update(lease_expires_at=timezone.now() - timedelta(1))
    out = StringIO()
    call_command("train", "quick", "--wait", stdout=out)
    assert "joining it" in out.getvalue()
    assert ModelVersion.objects.get().run == run


def test_the_command_without_a_worker_says_what_to_start() -> None:
    out, err = StringIO(), StringIO()
    call_command("train", "quick", stdout=out, stderr=err)
    assert TrainingRun.objects.get().job.status == Job.Status.QUEUED
    assert "manage.py worker" in err.getvalue()


def test_the_command_names_the_models_there_are() -> None:
    with pytest.raises(CommandError, match="recommender"):
        call_command("train", "nothing")
