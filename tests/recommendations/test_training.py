"""The recommender's recipe from the shop's events to a version: the real training, tiny."""

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.customers.models import Customer
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import curve_of
from guidance.training.services import request_training
from models_ml.recommender.config import TrainConfig
from tests.trained import TINY, tiny_frame

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_months(products: dict[str, Product]) -> None:
    """The tiny frame as the shop's events."""
    frame = tiny_frame(pd.Timestamp.now(tz="UTC") - pd.Timedelta(days=1))
    customers = {ref: Customer.objects.create(ref=ref) for ref in frame["customer"].unique()}
    Event.objects.bulk_create(
        Event(
            id=new_id(),
            kind=row.kind,
            customer=customers[row.customer],
            product=products[row.item],
            occurred_at=row.time,
            basket=row.basket or "",
            source="import",
        )
        for row in frame.itertuples()
    )


def test_a_training_measures_itself_against_what_serves_and_is_judged(
    two_months: None, new_version: Callable[..., ModelVersion]
) -> None:
    today = new_version()
    run = request_training(
        recipe_key="recommender", requested_by=None, params={**TINY, "epochs": 1}, start=False
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED, Job.objects.get(pk=run.job_id).error
    version = ModelVersion.objects.get(run=run)
    verdict = version.verdict
    assert verdict["current_version"] == str(today.pk)
    opponents = {one["against"] for one in verdict["comparisons"]}
    assert opponents == {version.best_baseline, "current_model"}
    assert verdict["low"] <= verdict["difference"] <= verdict["high"]
    assert version.status == ("candidate" if verdict["passed"] else "refused")
    assert version.policy == ("model" if verdict["passed"] else version.best_baseline)
    run = TrainingRun.objects.get(pk=run.pk)
    start = run.report["start"]
    assert {name: one["epochs"] for name, one in start["measured"].items()} == {
        "warm": 2,
        "scratch": 1,
    }
    assert len(curve_of(run)) == start["measured"][start["used"]]["epochs"]
    assert run.report["data"]["customers"] == Customer.objects.count()
    assert 0 < version.metrics["model"]["repeats_allowed"]["ndcg@10"] <= 1


def test_today_s_model_is_measured_customer_by_customer_with_the_form_that_saw_no_answers(
    trained_recommender: object,
) -> None:
    """Measured on its own test window, a version repeats the figures of its own report."""
    from models_ml.recommender.comparison import measure_served
    from models_ml.recommender.report import TrainReport

    report = TrainReport.load(trained_recommender)
    frame = tiny_frame(pd.Timestamp(report.data.end).tz_convert("UTC") + pd.Timedelta(days=1))
    config = TrainConfig(**TINY)
    for policy in ("co_occurrence", "model"):
        found = measure_served(trained_recommender, policy, frame, config)
        np.testing.assert_allclose(found, report.ndcgs[policy], atol=1e-6)


def test_earlier_cuts_are_measured_beside_the_training_and_one_without_data_is_left_out(
    two_months: None,
) -> None:
    run = request_training(
        recipe_key="recommender",
        requested_by=None,
        params={**TINY, "epochs": 1, "test_days": 21, "validation_days": 7, "origins": 2},
        start=False,
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED, Job.objects.get(pk=run.job_id).error
    report = TrainingRun.objects.get(pk=run.pk).report
    cuts = [one["test_cut"] for one in report["rolling_origin"]["origins"]]
    assert cuts[-1] == report["data"]["test_cut"]
    assert pd.Timestamp(cuts[1]) - pd.Timestamp(cuts[0]) == pd.Timedelta(days=21)
    (reason,) = report["rolling_origin"]["left_out"]
    assert f"Left out: {reason}" in Job.objects.get(pk=run.job_id).log


def test_a_shop_without_purchases_is_told_so(products: dict[str, Product]) -> None:
    run = request_training(recipe_key="recommender", requested_by=None, start=False)
    assert run_job(run.job_id) == Job.Status.FAILED
    assert "purchase" in Job.objects.get(pk=run.job_id).error.splitlines()[0]


def test_steps_are_measured_on_the_shop_s_own_events(two_months: None) -> None:
    """The job resumes, reports and leaves no version; its proposal is a training's settings."""
    run = request_training(
        recipe_key="recommender",
        requested_by=None,
        kind="effects",
        params={**TINY, "epochs": 1, "seeds": 2, "minutes": 0.001, "apply": True},
        start=False,
    )
    assert run_job(run.job_id) == Job.Status.SUCCEEDED, Job.objects.get(pk=run.job_id).error
    report = TrainingRun.objects.get(pk=run.pk).report
    assert 0 < report["ndcg@10"] <= 1
    assert report["customers"] > 10
    assert report["proposed"] == report["in_use"] == report["usual"]
    assert {one["verdict"] for one in report["steps"]} == {"unmeasured"}
    assert not ModelVersion.objects.exists()
    assert set(report["proposed"]) <= {field.name for field in fields(TrainConfig)}
