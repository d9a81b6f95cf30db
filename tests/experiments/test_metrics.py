"""Metrics: checked when written, a version kept for who uses it, shown in words."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.experiments.defined import definition_of
from guidance.experiments.metrics import READY_MADE
from guidance.experiments.models import Metric
from guidance.experiments.selectors import metrics_of
from guidance.experiments.services import save_metric
from guidance.experiments.services.defining import sync_metrics
from tests.experiments.conftest import draft, start

pytestmark = pytest.mark.django_db
DRAFT = "/admin/experiments/experiment/add/"
PAGE = "/admin/experiments/metric/"


def test_the_ready_made_metrics_are_there_pass_their_own_checks_and_are_written_once() -> None:
    assert Metric.objects.count() == len(READY_MADE)
    for metric in Metric.objects.all():
        metric.full_clean(exclude=["currency"])
    sync_metrics()
    assert Metric.objects.count() == len(READY_MADE)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"event_kinds": []}, "event_kinds"),
        ({"event_kinds": ["flying"]}, "event_kinds"),
        ({"kind": "ratio"}, "denominator"),
        ({"denominator": "seen"}, "denominator"),
        ({"kind": "ratio", "denominator": "seen"}, "denominator"),
        ({"kind": "ratio", "denominator": "events"}, "base_kinds"),
        ({"worth": "money"}, "worth"),
        ({"kind": "revenue"}, "worth"),
        ({"returns_days": 3}, "returns_days"),
        ({"cap": Decimal(1)}, "cap"),
        ({"window_days": 0}, "window_days"),
        ({"window_days": 91}, "window_days"),
    ],
)
def test_what_would_only_look_right_is_refused(given: dict[str, Any], field: str) -> None:
    plan = {"key": "mine", "name": "Mine", "kind": "proportion", "event_kinds": ["cart"]}
    with pytest.raises(ValidationError) as refused:
        Metric(**{**plan, **given}).full_clean()
    assert field in refused.value.message_dict


def test_a_metric_that_an_approved_experiment_uses_gets_a_new_version() -> None:
    written = Metric.objects.get(key="purchases")
    written.window_days = 5
    save_metric(metric=written, actor=None)
    assert Metric.objects.get(key="purchases").version == 1
    running = start(also_measured=["purchases"])
    written.window_days = 9
    save_metric(metric=written, actor=None)
    versions = Metric.objects.filter(key="purchases").values_list("version", "window_days")
    assert set(versions) == {(1, 5), (2, 9)}
    assert metrics_of(running)["purchases"].window_days == 5
    assert metrics_of(draft(key="next", also_measured=["purchases"]))["purchases"].version == 2
    audit = AuditEntry.objects.filter(verb="change_metric").order_by("pk").last()
    assert audit is not None
    assert audit.details == {"changed": ["window_days"], "version": 2}
    with pytest.raises(ValidationError):
        save_metric(metric=Metric.objects.get(key="purchases", version=1), actor=None)


def test_a_metric_is_told_in_a_sentence() -> None:
    said = {metric.key: definition_of(metric) for metric in Metric.objects.all()}
    assert said["conversion"] == (
        "share of shoppers exposed with purchase; within 7 days after the first decision; "
        "more is better"
    )
    assert "returns taken off for 30 more days" in said["revenue"]
    assert said["return"].startswith("return (pieces) / purchase, interval over shoppers")


def test_an_analyst_writes_a_metric_and_reads_it_back(desk: Callable[..., Client]) -> None:
    client = desk(Role.ANALYST)
    form = {
        "name": "Put into the basket",
        "key": "basket",
        "kind": "proportion",
        "counted": "events",
        "event_kinds": ["cart"],
        "worth": "count",
        "denominator": "exposed",
        "window_days": 3,
        "returns_days": 0,
        "direction": "up",
        "role": "goal",
    }
    wrong = client.post(f"{PAGE}add/", {**form, "denominator": "seen"})
    assert "A ratio is over decisions" in wrong.content.decode()
    assert client.post(f"{PAGE}add/", form).status_code == 302
    made = Metric.objects.get(key="basket")
    page = client.get(f"{PAGE}{made.pk}/change/").content.decode()
    assert "Share of shoppers exposed with cart; within 3 days after the first decision" in page
    assert (
        "Put into the basket" in client.get("/admin/experiments/experiment/add/").content.decode()
    )
    del form["key"]
    assert client.post(f"{PAGE}{made.pk}/change/", {**form, "window_days": 4}).status_code == 302
    assert Metric.objects.get(key="basket").window_days == 4
    assert desk(Role.MERCHANDISER).get(f"{PAGE}add/").status_code == 403
