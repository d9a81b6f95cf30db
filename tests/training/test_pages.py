"""The pages of runs and versions at the desk."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.core.roles import Role
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.pages import data_facts
from guidance.training.services import promote_version, request_training
from tests import factories

Desk = Callable[..., Client]


@pytest.fixture
def trained(recipe: object, transactional_db: None) -> ModelVersion:
    """A version that a run of the quick recipe really made."""
    run = request_training(recipe_key="quick", requested_by=None, start=False)
    run_job(run.job_id)
    return ModelVersion.objects.get(run=run)


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:training_{name}", args=args)


def test_the_button_asks_for_a_training_and_opens_its_page(recipe: object, desk: Desk) -> None:
    client = desk(Role.MERCHANDISER)
    assert "Train quick model now" in client.get(_url("trainingrun_changelist")).content.decode()
    response = client.post(_url("trainingrun_start"), {"recipe": "quick"})
    run = TrainingRun.objects.get()
    assert response.url == _url("trainingrun_change", run.pk)
    assert run.job.requested_by is not None
    again = client.post(_url("trainingrun_start"), {"recipe": "quick"}, follow=True)
    assert "already on its way" in again.content.decode()
    assert TrainingRun.objects.count() == 1


def test_a_get_starts_nothing(recipe: object, desk: Desk) -> None:
    client = desk(Role.ANALYST)
    assert client.get(_url("trainingrun_start"), {"recipe": "quick"}).status_code == 405
    assert client.post(_url("trainingrun_start"), {"recipe": "nothing"}).status_code == 404
    assert not TrainingRun.objects.exists()


def test_only_those_who_may_train_start_one(recipe: object, desk: Desk) -> None:
    client = desk(Role.MARKETER)
    assert client.post(_url("trainingrun_start"), {"recipe": "quick"}).status_code == 403
    assert not TrainingRun.objects.exists()


def test_a_run_s_page_shows_its_curve_its_log_and_what_it_made(
    trained: ModelVersion, desk: Desk
) -> None:
    client = desk(Role.ANALYST)
    html = client.get(_url("trainingrun_change", trained.run_id)).content.decode()
    assert "epoch 2: validation NDCG@10 0.2000" in html
    assert _url("modelversion_change", trained.pk) in html
    state = client.get(_url("trainingrun_curve", trained.run_id)).json()
    assert state["figure"]["data"][0]["y"] == [0.1, 0.2]
    assert state["version_url"] == _url("modelversion_change", trained.pk)


def test_a_running_one_can_be_cancelled_from_its_page(recipe: object, desk: Desk) -> None:
    run = factories.training_run(recipe="quick", job=factories.job(status="running"))
    client = desk(Role.MERCHANDISER)
    cancel = reverse("admin:core_job_cancel", args=[run.job_id])
    assert cancel in client.get(_url("trainingrun_change", run.pk)).content.decode()
    client.post(cancel)
    assert Job.objects.get(pk=run.job_id).cancel_requested


def test_a_version_s_page_tells_verdict_metrics_data_and_what_serves(
    trained: ModelVersion, desk: Desk
) -> None:
    html = desk(Role.MERCHANDISER).get(_url("modelversion_change", trained.pk)).content.decode()
    assert "Passed: the model beats every opponent." in html
    assert "NDCG@10 is 0.0200 above popularity" in html
    assert "serves now: EASE" in html
    assert "half_life=7" in html
    assert "no customer: 3" in html
    assert "Roll back" not in html
    assert _url("modelversion_promote", trained.pk) not in html


def test_an_analyst_promotes_after_a_question_and_rolls_back_in_one_click(
    trained: ModelVersion, desk: Desk
) -> None:
    client = desk(Role.ANALYST)
    promote = _url("modelversion_promote", trained.pk)
    assert promote in client.get(_url("modelversion_change", trained.pk)).content.decode()
    assert "Promote quick model 1?" in client.get(promote).content.decode()
    trained.refresh_from_db()
    assert trained.status == "candidate"
    client.post(promote)
    trained.refresh_from_db()
    assert trained.status == "promoted"
    assert trained.promoted_by is not None
    page = client.get(_url("modelversion_change", trained.pk)).content.decode()
    assert "Roll back to the best baseline" in page
    assert client.get(_url("modelversion_roll_back")).status_code == 405
    client.post(_url("modelversion_roll_back"), {"recipe": "quick"})
    trained.refresh_from_db()
    assert trained.status == "retired"


def test_a_refusal_is_told_on_the_page(trained: ModelVersion, desk: Desk) -> None:
    (trained.folder / "weights").write_text("bad")
    page = desk(Role.ANALYST).post(_url("modelversion_promote", trained.pk), follow=True)
    assert "not as they were written" in page.content.decode()


def test_merchandisers_promote_nothing(trained: ModelVersion, desk: Desk) -> None:
    client = desk(Role.MERCHANDISER)
    assert client.post(_url("modelversion_promote", trained.pk)).status_code == 403
    assert client.post(_url("modelversion_roll_back"), {"recipe": "quick"}).status_code == 403
    trained.refresh_from_db()
    assert trained.status == "candidate"


def test_quality_over_time_has_a_point_a_version(trained: ModelVersion, desk: Desk) -> None:
    promote_version(version=trained, actor=None)
    run_job(request_training(recipe_key="quick", requested_by=None, start=False).job_id)
    page = desk(Role.ANALYST).get(_url("modelversion_change", trained.pk))
    model, baseline = page.context["quality"]["data"]
    assert model["x"] == baseline["x"] == ["1", "2"]
    assert model["y"] == [0.2, 0.2]


@pytest.mark.parametrize("name", ["trainingrun_change", "modelversion_change"])
def test_an_address_of_nothing_is_not_found(desk: Desk, name: str) -> None:
    client = desk(Role.ANALYST)
    assert client.get(_url(name, "0190b6a0-0000-7000-8000-000000000000")).status_code == 404
    assert client.get(_url(name, "no-id")).status_code == 404


def test_what_cleaning_left_out_is_said_in_words() -> None:
    counts = dict.fromkeys(("customers", "items", "interactions", "test_customers"), 9)
    cuts = dict.fromkeys(("validation_cut", "test_cut", "end"), "2026-05-01")
    dropped = {"no time": 0, "bots": 1200, "near duplicates": 7}
    report = {"data": {**counts, **cuts, "dropped": dropped}, "seconds": {"total": 1.0}}
    facts = dict(data_facts(report))
    assert facts["left out"] == "scripts: 1,200, the same again within seconds: 7"


def test_a_version_s_page_tells_what_the_model_is_made_of(
    trained: ModelVersion, desk: Desk
) -> None:
    told = {
        "weights": {"transformer": 1.0, "ease": 0.0, "content": 0.3},
        "best_part": "transformer",
        "gain": {"mean": 0.012, "low": 0.004, "high": 0.02},
        "alone": "",
    }
    trained.metrics = {"model": {"parameters": told, "validation_ndcg": 0.4}}
    trained.save()
    url = f"/admin/training/modelversion/{trained.pk}/change/"
    page = desk(Role.ANALYST).get(url).content.decode()
    assert "What the model is made of" in page
    assert "content likeness" in page
    assert "The blend is used" in page
    assert "+0.0120" in page
    told |= {"alone": "transformer", "weights": {"transformer": 1.0}}
    trained.save()
    assert (
        "The blend is not used: transformer alone"
        in desk(Role.ANALYST, "b").get(url).content.decode()
    )


def test_a_version_s_page_tells_how_products_added_later_are_ranked(
    trained: ModelVersion, desk: Desk
) -> None:
    same = {"mean": 0.0, "low": -0.0001, "high": 0.0001}
    added: dict[str, Any] = {
        "mix": {"weights": {"ease": 0.6}, "offset": 2.0},
        "customers": 615,
        "gain": {"mean": 0.0132, "low": 0.0041, "high": 0.0219},
        "new": {"mean": 0.0345, "low": 0.0235, "high": 0.0458},
        "whole": same,
    }
    url = f"/admin/training/modelversion/{trained.pk}/change/"
    assert "Products added later" not in desk(Role.ANALYST).get(url).content.decode()
    trained.metrics = {"model": {"parameters": {"added": added}, "validation_ndcg": 0.4}}
    trained.save()
    page = desk(Role.ANALYST, "b").get(url).content.decode()
    assert "615 customers bought one of those" in page
    assert "+0.0345 (95 % interval: +0.0235 to +0.0458) among all that is new" in page
    assert "An exposure floor or a freshness rule" in page
    assert "added.mix" not in page
    added["mix"] = None
    trained.save()
    assert "are not used" in desk(Role.ANALYST, "c").get(url).content.decode()
