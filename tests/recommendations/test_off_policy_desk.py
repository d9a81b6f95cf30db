"""Estimates from the log at the desk: who asks for them, and what each is of."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db.models import F
from django.test import Client
from django.urls import reverse

from guidance.behaviour.models import Event
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.recommendations.models import Surface
from guidance.training.hooks import Trained
from guidance.training.models import ModelVersion
from guidance.training.rewards import Reward
from guidance.training.services.runs import record_version
from tests import factories
from tests.recommendations.shown import buy, show

pytestmark = pytest.mark.django_db


def test_a_person_chooses_what_is_estimated_and_reads_each_beside_the_others(
    version: ModelVersion,
    shoppers: list[Customer],
    sold: None,
    explored: Surface,
    desk: Callable[..., Client],
) -> None:
    Event.objects.update(occurred_at=F("occurred_at") - timedelta(days=9))
    show(explored, shoppers, times=2)
    Decision.objects.update(at=F("at") - timedelta(days=4))
    Event.objects.filter(decision__isnull=False).update(
        occurred_at=F("occurred_at") - timedelta(days=4)
    )
    for one in Decision.objects.select_related("customer"):
        named = {"customer": one.customer, "decision": one.pk}
        Event.objects.create(kind="rating", rating=4, occurred_at=one.at, **named)
        buy(one.customer, one.items[0]["sku"], one.at + timedelta(hours=1))
    client = desk(Role.ANALYST)
    url = reverse("admin:training_modelversion_estimate", args=[version.pk])
    page = reverse("admin:training_modelversion_change", args=[version.pk])
    assert (
        "Choose what is to be estimated"
        in client.post(url, {"reward": "applause"}, follow=True).content.decode()
    )
    for reward in Reward:
        client.post(url, {"reward": reward.value})
        job = Job.objects.filter(kind="estimate_version").latest("pk")
        assert job.params["reward"] == reward
        assert run_job(job.pk) == Job.Status.SUCCEEDED
    text = client.get(page).content.decode()
    for told in (
        *("Estimated by clicks", "Estimated by purchases", "Estimated by revenue"),
        *("Estimated by satisfaction", "Places clicked", "Places bought"),
        *("Revenue of 1,000 places", "Stars", "lists are judged 60 hours after they were shown"),
    ):
        assert told in text, told
    assert "4.00 … 4.00" in text


def test_a_person_asks_once_and_others_not_at_all(
    version: ModelVersion, desk: Callable[..., Client]
) -> None:
    url = reverse("admin:training_modelversion_estimate", args=[version.pk])
    client = desk(Role.ANALYST)
    for _click in range(2):
        assert client.post(url, follow=True).status_code == 200
    (job,) = Job.objects.filter(kind="estimate_version")
    page = client.get(reverse("admin:training_modelversion_change", args=[version.pk]))
    assert reverse("admin:core_job_change", args=[job.pk]) in page.content.decode()
    assert desk(Role.COMPLIANCE).post(url).status_code == 403


def test_a_training_s_end_asks_for_the_estimate_and_a_writer_has_none(
    desk: Callable[..., Client],
) -> None:
    made = {}
    for recipe in ("recommender", "writer"):
        trained = Trained(
            folder=Path(settings.MODEL_DIR) / recipe,
            report={"candidates": {}, "best_baseline": "plain"},
            verdict={**factories.PASSED_VERDICT, "passed": False, "problems": [], "products": 50},
        )
        made[recipe] = record_version(run=factories.training_run(recipe=recipe), trained=trained)
    (job,) = Job.objects.filter(kind="estimate_version")
    assert job.params == {"version": str(made["recommender"].pk), "reward": "click"}
    url = reverse("admin:training_modelversion_change", args=[made["writer"].pk])
    page = desk(Role.ANALYST).get(url).content.decode()
    assert "holds no probabilities of it" in page
    assert "Estimate from the log" not in page
