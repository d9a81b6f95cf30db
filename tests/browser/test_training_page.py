"""A run's page while it trains: the curve grows by itself, and the end shows what was made."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from guidance.core.models import Job, User
from guidance.core.roles import Role
from guidance.training.models import TrainingRun
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

# Loss and NDCG@10: two points an epoch.
POINTS = "document.querySelectorAll('[data-figure] .scatterlayer .point').length"


def _tell(run: TrainingRun, epoch: int) -> None:
    points = [{"epoch": n, "loss": 1 / n, "validation_ndcg": n / 10} for n in range(1, epoch + 1)]
    TrainingRun.objects.filter(pk=run.pk).update(report={"epochs": points})
    Job.objects.filter(pk=run.job_id).update(
        phase="training the model", fraction=epoch / 4, detail={"epoch": epoch}
    )


def test_the_curve_grows_and_the_end_leads_to_the_version(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    run = factories.training_run(job=factories.job(status="running"))
    _tell(run, 1)
    log_in(person(Role.ANALYST))
    page.goto(reverse("admin:training_trainingrun_change", args=[run.pk]))
    page.wait_for_function(f"{POINTS} === 2")
    _tell(run, 3)
    page.wait_for_function(f"{POINTS} === 6")
    expect(page.locator("[data-job-share]")).to_have_text("75 %")
    factories.model_version(run=run)
    Job.objects.filter(pk=run.job_id).update(status=Job.Status.SUCCEEDED, fraction=1.0)
    expect(page.get_by_role("link", name="Open the model version it made")).to_be_visible()


def test_a_run_is_cancelled_from_its_page(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    run = factories.training_run(job=factories.job(status="running"))
    log_in(person(Role.MERCHANDISER))
    page.goto(reverse("admin:training_trainingrun_change", args=[run.pk]))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("asked to stop")).to_be_visible()
    assert Job.objects.get(pk=run.job_id).cancel_requested
