"""A run's page while it trains: the curve grows by itself, and the end shows what was made."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from guidance.core.models import Job, User
from guidance.core.roles import Role
from guidance.training.models import RetrainingPolicy, TrainingRun
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

# Loss and NDCG@10: two points an epoch.
POINTS = "document.querySelectorAll('[data-figure] .scatterlayer .point').length"

EFFECTS: dict[str, Any] = {
    "customers": 1_205,
    "seeds": 2,
    "ndcg@10": 0.3217,
    "usual": {"cleaning": ["exact duplicates", "near duplicates", "bots"], "augmentation": []},
    "in_use": {"cleaning": ["exact duplicates", "near duplicates", "bots"], "augmentation": []},
    "proposed": {"cleaning": ["exact duplicates", "near duplicates"], "augmentation": ["crop"]},
    "steps": [
        {
            "setting": setting,
            "name": name,
            "in_use": in_use,
            "verdict": verdict,
            "dropped": dropped,
            "difference": {"mean": mean, "low": mean - reach, "high": mean + reach},
        }
        for setting, name, in_use, verdict, dropped, mean, reach in (
            ("cleaning", "exact duplicates", True, "no_change", 10_822, 0.0, 0.0),
            ("cleaning", "near duplicates", True, "helps", 14_203, 0.0121, 0.008),
            ("cleaning", "bots", True, "no_help", 2_480, -0.0017, 0.008),
            ("cleaning", "bursts", False, "no_help", 512, 0.0002, 0.008),
            ("augmentation", "crop", False, "helps", 0, 0.0093, 0.008),
            ("augmentation", "mask", False, "no_help", 0, -0.0041, 0.008),
        )
    ]
    + [{"setting": "augmentation", "name": "substitute", "in_use": False, "verdict": "unmeasured"}],
    "together": {"mean": 0.0112, "low": 0.0021, "high": 0.0203},
}


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


@pytest.mark.parametrize("width", [1280, 390])
def test_what_steps_are_worth_is_drawn_and_fits(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None], width: int
) -> None:
    job = factories.job(status="succeeded", fraction=1.0, result={"applied": False})
    run = factories.training_run(kind="effects", job=job, report=EFFECTS)
    page.set_viewport_size({"width": width, "height": 900})
    log_in(person(Role.ANALYST))
    policy = RetrainingPolicy.objects.get(recipe=run.recipe)
    for name, address in {
        "start": reverse("admin:training_trainingrun_changelist"),
        "run": reverse("admin:training_trainingrun_change", args=[run.pk]),
        "retraining": reverse("admin:training_retrainingpolicy_change", args=[policy.pk]),
    }.items():
        page.goto(address)
        if name == "run":
            page.wait_for_function(f"{POINTS} === {len(EFFECTS['steps']) - 1}")
        if name != "start":
            expect(page.get_by_text("does not measurably help").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=Path(folder) / f"effects-{name}-{width}.png", full_page=True)
    page.goto(reverse("admin:training_trainingrun_change", args=[run.pk]))
    page.get_by_role("button", name="Use them in every later training").click()
    expect(page.get_by_text("Every later training uses these settings.")).to_be_visible()
    policy.refresh_from_db()
    assert policy.params == EFFECTS["proposed"]
