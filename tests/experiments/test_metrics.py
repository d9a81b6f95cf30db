"""Metrics: checked when written, a version kept for who uses it, shown in words."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.experiments.defined import definition_of
from guidance.experiments.metrics import READY_MADE
from guidance.experiments.models import Metric
from guidance.experiments.samples import MeanSample, RatioSample
from guidance.experiments.selectors import metrics_of
from guidance.experiments.services import save_metric
from guidance.experiments.services.defining import is_used, sync_metrics
from tests import factories
from tests.experiments.conftest import draft, start
from tests.experiments.counted import counted_report as report

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
        ({"kind": "quantile"}, "quantile"),
        ({"quantile": Decimal("0.5")}, "quantile"),
        ({"kind": "quantile", "quantile": Decimal(1)}, "quantile"),
        ({"kind": "quantile", "quantile": Decimal("0.5"), "denominator": "seen"}, "denominator"),
        ({"kind": "mean", "cap": Decimal(0)}, "cap"),
        ({"kind": "mean", "cap": Decimal("2.5")}, "cap"),
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


@pytest.mark.parametrize("key", ["30", "contains", "margin__30"])
def test_any_key_is_known_to_be_in_use(key: str) -> None:
    named = {"name": "Mine", "kind": "mean", "event_kinds": ["cart"]}
    metric = save_metric(metric=Metric(key=key, **named), actor=None)
    assert not is_used(metric)
    start(also_measured=[key])
    assert is_used(metric)


def test_a_metric_that_joined_after_the_approval_is_not_counted() -> None:
    experiment = start()
    assert "purchases" not in metrics_of(experiment)
    experiment.also_measured = ["purchases"]
    assert "purchases" not in metrics_of(experiment)
    written = Metric.objects.get(key="conversion")
    written.window_days = 3
    save_metric(metric=written, actor=None)
    experiment.metric_versions = {}
    assert metrics_of(experiment)["conversion"].window_days == 7


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


def test_returns_of_what_was_bought_before_the_first_decision_are_nobodys_doing() -> None:
    experiment = start(also_measured=["return"])
    month_ago = timezone.now() - timedelta(days=30)
    who, tea, cup = factories.customer(), factories.product(), factories.product()
    factories.decision(
        customer=who, surface="home", experiment=experiment.key, arm="model", at=month_ago,
        source=experiment.source,
    )  # fmt: skip
    for kind, product, days, pieces in (
        ("purchase", cup, -7, 5),
        ("purchase", tea, 1, 2),
        ("return", cup, 2, 5),
        ("return", tea, 3, 1),
    ):
        at = month_ago + timedelta(days=days)
        factories.event(
            customer=who, kind=kind, product=product, quantity=pieces, occurred_at=at,
            source=experiment.source,
        )  # fmt: skip
    sample = next(a for a in report(experiment).arms if a.arm.key == "model").samples["return"]
    assert isinstance(sample, RatioSample)
    assert (sample.numerator, sample.denominator) == (1, 2)


def test_a_cap_holds_for_decisions_too() -> None:
    named = {"name": "Clicks", "kind": "mean", "counted": "clicks", "cap": Decimal(2)}
    save_metric(metric=Metric(key="clicks-capped", **named), actor=None)
    experiment = start(also_measured=["clicks-capped"])
    who = factories.customer()
    decision = factories.decision(
        customer=who, surface="home", experiment=experiment.key, arm="model",
        source=experiment.source,
    )  # fmt: skip
    for _n in range(5):
        factories.event(customer=who, kind="click", decision=decision.pk, source=experiment.source)
    arm = next(a for a in report(experiment).arms if a.arm.key == "model")
    assert arm.total.clicks == 5
    assert arm.samples["clicks-capped"] == MeanSample(1, 2, 4)
