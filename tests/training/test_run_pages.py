"""Options of a training, searches and retraining at the desk."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job
from guidance.core.roles import Role
from guidance.training.models import RetrainingPolicy, TrainingRun
from guidance.training.services import ensure_policies, request_training
from tests import factories
from tests.training.quick_recipe import SHOP

Desk = Callable[..., Client]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recipe")]


@pytest.fixture
def policy() -> Iterator[RetrainingPolicy]:
    before = dict(SHOP)
    RetrainingPolicy.objects.filter(recipe="quick").delete()
    yield factories.retraining_policy(recipe="quick")
    SHOP.update(before)


@pytest.fixture
def searched() -> TrainingRun:
    """A search of three trials, the last of which is the best."""
    run = request_training(
        recipe_key="quick",
        requested_by=None,
        kind="search",
        params={"trials": 3, "minutes": 5},
        start=False,
    )
    run_job(run.job_id)
    return TrainingRun.objects.get(pk=run.pk)


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:training_{name}", args=args)


def test_options_of_a_training_become_its_settings(desk: Desk) -> None:
    given = {"recipe": "quick", "start": "warm", "origins": 3}
    desk(Role.ANALYST).post(_url("trainingrun_start"), given)
    run = TrainingRun.objects.get()
    assert run.params == {"start": "warm", "origins": 3}
    assert run.trigger == "person"


def test_options_left_alone_are_the_usual_training(desk: Desk) -> None:
    given = {"recipe": "quick", "start": "both", "origins": 0}
    desk(Role.ANALYST).post(_url("trainingrun_start"), given)
    assert TrainingRun.objects.get().params == {}


@pytest.mark.parametrize(
    ("page", "given", "told"),
    [
        ("start", {"origins": 99}, "earlier cuts"),
        ("start", {"start": "sideways"}, "Start of the network"),
        ("search", {"trials": 1, "minutes": 5}, "Settings to try"),
        ("search", {"trials": 9}, "Minutes at most"),
    ],
)
def test_what_cannot_be_is_said_by_the_field_s_name_and_starts_nothing(
    desk: Desk, page: str, given: dict[str, Any], told: str
) -> None:
    answer = desk(Role.ANALYST).post(
        _url(f"trainingrun_{page}"), {"recipe": "quick", **given}, follow=True
    )
    shown = [str(message) for message in answer.context["messages"]]
    assert any(told in message for message in shown), shown
    assert not TrainingRun.objects.exists()


def test_a_search_is_asked_for_and_its_page_shows_every_trial(
    desk: Desk, searched: TrainingRun
) -> None:
    client = desk(Role.ANALYST)
    html = client.get(_url("trainingrun_change", searched.pk)).content.decode()
    assert "The best reach 0.1200, the settings in use 0.1000" in html
    assert html.count("dim=") == 3
    state = client.get(_url("trainingrun_curve", searched.pk)).json()
    assert state["figure"]["data"][0]["y"] == pytest.approx([0.1, 0.11, 0.12])
    assert not hasattr(searched, "version")
    answer = client.post(_url("trainingrun_search"), {"recipe": "quick", "trials": 7, "minutes": 9})
    run = TrainingRun.objects.latest("created_at")
    assert answer.url == _url("trainingrun_change", run.pk)
    assert (run.kind, run.params) == ("search", {"trials": 7, "minutes": 9})


def test_one_click_trains_with_the_best_settings(desk: Desk, searched: TrainingRun) -> None:
    client = desk(Role.MERCHANDISER)
    client.post(_url("trainingrun_use", searched.pk))
    run = TrainingRun.objects.latest("created_at")
    assert (run.kind, run.params) == ("train", {"dim": 96})
    page = client.get(_url("trainingrun_change", searched.pk)).content.decode()
    assert "Use them in every later training" not in page
    assert client.post(_url("trainingrun_keep", searched.pk)).status_code == 403


def test_the_best_settings_can_be_kept_and_given_up_again(
    desk: Desk, searched: TrainingRun, policy: RetrainingPolicy
) -> None:
    client = desk(Role.ANALYST)
    client.post(_url("trainingrun_keep", searched.pk))
    policy.refresh_from_db()
    assert policy.params == {"dim": 96}
    page = client.get(_url("retrainingpolicy_change", policy.pk)).content.decode()
    assert "dim=96" in page
    client.post(_url("retrainingpolicy_usual", policy.pk))
    policy.refresh_from_db()
    assert policy.params == {}
    verbs = AuditEntry.objects.filter(verb="keep_settings").order_by("at")
    assert [entry.details["now"] for entry in verbs] == [{"dim": 96}, {}]


def test_a_search_that_could_measure_nothing_says_so(desk: Desk) -> None:
    run = request_training(
        recipe_key="quick",
        requested_by=None,
        kind="search",
        params={"trials": 0, "minutes": 5},
        start=False,
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    run.job.refresh_from_db()
    assert run.job.result == {"trials": 0, "best": None}
    html = desk(Role.ANALYST).get(_url("trainingrun_change", run.pk)).content.decode()
    assert html.count("No settings could be measured") == 2  # in the log and on the page


def test_a_run_that_found_nothing_has_nothing_to_use(desk: Desk) -> None:
    run = factories.training_run(recipe="quick", kind="search", job=factories.job())
    assert desk(Role.ANALYST).post(_url("trainingrun_use", run.pk)).status_code == 404


def test_an_analyst_changes_what_starts_a_training_and_the_audit_trail_keeps_it(
    desk: Desk, policy: RetrainingPolicy
) -> None:
    given = {
        "is_active": "on",
        "every_days": "",
        "at_hour": 5,
        "growth_percent": 25,
        "input_drift": 0.2,
        "quality_loss_percent": "",
        "cooldown_hours": 48,
    }
    answer = desk(Role.ANALYST).post(_url("retrainingpolicy_change", policy.pk), given)
    assert answer.status_code == 302
    policy.refresh_from_db()
    assert (policy.every_days, policy.growth_percent, policy.input_drift) == (None, 25, 0.2)
    entry = AuditEntry.objects.get(verb="change_retraining")
    assert entry.details["growth_percent"] == 25


@pytest.mark.parametrize(
    ("field", "value"),
    [("at_hour", 24), ("every_days", 0), ("input_drift", 0), ("quality_loss_percent", 101)],
)
def test_a_threshold_without_sense_is_refused(
    desk: Desk, policy: RetrainingPolicy, field: str, value: float
) -> None:
    given = {"is_active": "on", "at_hour": 5, "cooldown_hours": 48, field: value}
    answer = desk(Role.ANALYST).post(_url("retrainingpolicy_change", policy.pk), given)
    assert answer.status_code == 200
    assert field in answer.context["adminform"].form.errors


def test_the_page_tells_how_near_each_trigger_is(desk: Desk, policy: RetrainingPolicy) -> None:
    policy.input_drift = 0.2
    policy.save()
    job = factories.job(status="succeeded", finished_at=timezone.now())
    factories.training_run(recipe="quick", job=job, data_size=800, trigger="command")
    before, now = {"view": 0.7, "purchase": 0.3}, {"view": 0.3, "purchase": 0.7}
    factories.drift_reading(
        recipe="quick",
        measures=[
            {
                "key": "kinds",
                "group": "inputs",
                "size": 0.31,
                "certain": True,
                "before": before,
                "now": now,
            }
        ],
    )
    client = desk(Role.MERCHANDISER)
    html = client.get(_url("retrainingpolicy_change", policy.pk)).content.decode()
    assert "25.0 % (800 → 1,000 events)" in html
    assert "starts a training" in html
    assert "view: 70.0 % → 30.0 %" in html
    assert "A command asked for it" in html
    assert "so that this starts none" not in html
    Job.objects.update(finished_at=timezone.now() + timedelta(minutes=1))
    html = client.get(_url("retrainingpolicy_change", policy.pk)).content.decode()
    assert "so that this starts none" in html


def test_every_registered_model_has_its_retraining(policy: RetrainingPolicy) -> None:
    RetrainingPolicy.objects.all().delete()
    ensure_policies()
    ensure_policies()
    assert set(RetrainingPolicy.objects.values_list("recipe", flat=True)) == {
        "quick",
        "propensity",
        "recommender",
        "segments",
        "uplift",
        "writer",
        "writer_adapter",
    }
