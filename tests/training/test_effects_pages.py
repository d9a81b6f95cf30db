"""What steps are worth, at the desk: asked for, shown with intervals, and acted on."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from guidance.core.jobs import run_job
from guidance.core.models import AuditEntry, Job
from guidance.core.roles import Role
from guidance.training.models import RetrainingPolicy, TrainingRun
from guidance.training.services import keep_params, request_training
from tests import factories

Desk = Callable[..., Client]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("recipe")]
BOUNDS = {"seeds": 3, "minutes": 9}
PROPOSED = {"cleaning": [], "augmentation": ["crop"]}


@pytest.fixture
def policy() -> RetrainingPolicy:
    RetrainingPolicy.objects.filter(recipe="quick").delete()
    return factories.retraining_policy(recipe="quick", params={"dim": 96})


def _measured(**params: object) -> TrainingRun:
    run = request_training(
        recipe_key="quick",
        requested_by=factories.user(),
        kind="effects",
        params={**BOUNDS, **params},
        start=False,
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED, Job.objects.get(pk=run.job_id).error
    return TrainingRun.objects.get(pk=run.pk)


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:training_{name}", args=args)


def test_a_measurement_is_asked_for_with_what_shall_become_of_it(desk: Desk) -> None:
    given = {"recipe": "quick", **BOUNDS, "apply": "on"}
    answer = desk(Role.ANALYST).post(_url("trainingrun_effects"), given)
    run = TrainingRun.objects.get()
    assert answer.url == _url("trainingrun_change", run.pk)
    assert (run.kind, run.params) == ("effects", {**BOUNDS, "apply": True})
    assert AuditEntry.objects.filter(verb="request_effects").exists()


def test_who_may_not_change_later_trainings_only_measures(desk: Desk) -> None:
    client = desk(Role.MERCHANDISER)
    page = client.get(_url("trainingrun_changelist")).content.decode()
    assert "Measure cleaning and augmentation" in page
    assert "Switch off what does not help" not in page
    client.post(_url("trainingrun_effects"), {"recipe": "quick", **BOUNDS, "apply": "on"})
    assert "apply" not in TrainingRun.objects.get().params


def test_bounds_without_sense_are_said_and_start_nothing(desk: Desk) -> None:
    client = desk(Role.ANALYST)
    given = {"recipe": "quick", "seeds": 1, "minutes": 9}
    answer = client.post(_url("trainingrun_effects"), given, follow=True)
    assert "Trainings of each variant" in " ".join(map(str, answer.context["messages"]))
    assert client.get(_url("trainingrun_effects")).status_code == 405
    assert not TrainingRun.objects.exists()


def test_a_model_whose_steps_cannot_be_measured_offers_nothing(desk: Desk) -> None:
    client = desk(Role.ANALYST)
    assert (
        client.post(_url("trainingrun_effects"), {"recipe": "writer", **BOUNDS}).status_code == 404
    )


def test_the_page_shows_each_effect_with_its_interval(desk: Desk) -> None:
    run = _measured()
    html = desk(Role.ANALYST).get(_url("trainingrun_change", run.pk)).content.decode()
    for text in ("1,234", "-0.0100", "-0.0200 … +0.0040", "does not measurably help", "helps"):
        assert text in html, text
    for text in ("off: scripts", "on: oldest events", "not measured", "+0.0300 (95 % interval"):
        assert text in html, text
    state = desk(Role.ANALYST).get(_url("trainingrun_curve", run.pk)).json()
    (drawn,) = state["figure"]["data"]
    assert drawn["x"] == [0.02, -0.01]
    assert drawn["error_x"]["array"] == pytest.approx([0.01, 0.014])


def test_what_does_not_help_is_switched_off_where_that_was_wished(
    desk: Desk, policy: RetrainingPolicy
) -> None:
    run = _measured(apply=True)
    policy.refresh_from_db()
    assert policy.params == {"dim": 96, **PROPOSED}
    entry = AuditEntry.objects.get(verb="keep_settings")
    assert entry.actor == run.job.requested_by
    page = desk(Role.ANALYST).get(_url("trainingrun_change", run.pk)).content.decode()
    assert "Every later training does so." in page
    assert "Train so once" not in page
    later = request_training(recipe_key="quick", requested_by=None, start=False)
    assert later.params == {"dim": 96, **PROPOSED}


def test_steps_that_somebody_chose_meanwhile_are_not_undone(policy: RetrainingPolicy) -> None:
    run = request_training(
        recipe_key="quick",
        requested_by=factories.user(),
        kind="effects",
        params={**BOUNDS, "apply": True},
        start=False,
    )
    keep_params(recipe_key="quick", params={"cleaning": ["bursts"]}, actor=factories.user())
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    policy.refresh_from_db()
    assert policy.params == {"dim": 96, "cleaning": ["bursts"]}
    assert Job.objects.get(pk=run.job_id).result["applied"] is False


def test_a_person_decides_afterwards_and_sees_what_is_in_use(
    desk: Desk, policy: RetrainingPolicy
) -> None:
    client = desk(Role.ANALYST)
    page = _url("retrainingpolicy_change", policy.pk)
    assert "was not measured yet" in client.get(page).content.decode()
    run = _measured()
    policy.refresh_from_db()
    assert policy.params == {"dim": 96}
    before = {row["step"]: row["is_on"] for row in client.get(page).context["steps"]}
    assert before["scripts"] is True
    client.post(_url("trainingrun_keep", run.pk))
    policy.refresh_from_db()
    assert policy.params == {"dim": 96, **PROPOSED}
    shown = client.get(page)
    after = {row["step"]: (row["is_on"], row["interval"]) for row in shown.context["steps"]}
    assert after["scripts"] == (False, "-0.0200 … +0.0040")
    assert after["oldest events left out at times"] == (True, "+0.0100 … +0.0300")
    client.post(_url("trainingrun_use", run.pk))
    last = TrainingRun.objects.latest("created_at")
    assert (last.kind, last.params) == ("train", {"dim": 96, **PROPOSED})


def test_a_search_s_settings_do_not_undo_a_measurement_s(policy: RetrainingPolicy) -> None:
    person = factories.user()
    keep_params(recipe_key="quick", params=PROPOSED, actor=person)
    keep_params(recipe_key="quick", params={"dim": 32}, actor=person)
    policy.refresh_from_db()
    assert policy.params == {"dim": 32, **PROPOSED}
