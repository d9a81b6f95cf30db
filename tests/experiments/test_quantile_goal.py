"""A quantile as a plan's primary metric: what it can find, when, and where that cannot be said."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from guidance.core.roles import Role
from guidance.experiments.histograms import Histogram
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.outlook import outlook_lines
from guidance.experiments.samples import QuantileSample
from guidance.experiments.selectors import report
from guidance.experiments.services import approve_experiment
from guidance.experiments.statistics import (
    Comparison,
    Plan,
    always_valid,
    compare,
    measure,
    minimum_effect,
)
from tests import factories
from tests.experiments.conftest import draft, start
from tests.experiments.counted import count_everybody
from tests.experiments.test_experiment_pages import DRAFT, PAGES

NU = 0.9


def _metric(key: str, **told: object) -> Metric:
    metric = Metric(key=key, name=key, kind="quantile", quantile=Decimal("0.9"), **told)
    metric.full_clean()
    metric.save()
    return metric


@pytest.fixture
def slow(db: None) -> Metric:
    return _metric("slow", counted="latency_us", denominator="timed", direction="down")


@pytest.fixture
def spent(db: None) -> Metric:
    return _metric("spent", event_kinds=["purchase"], worth="money", currency="USD")


@pytest.fixture
def pieces(db: None) -> Metric:
    return _metric("pieces", event_kinds=["purchase"], worth="quantity")


def _arm(values: np.ndarray) -> QuantileSample:
    return Histogram.of([float(value)] for value in values).sample(NU)


def test_the_smallest_effect_foretold_is_found_as_often_as_said() -> None:
    chance, n = np.random.default_rng(5), 1_000
    history = _arm(chance.lognormal(3, 0.6, 8_000))
    smallest = minimum_effect(Plan(history.mean, np.sqrt(history.variance)), 2 * n)
    assert isinstance(smallest, float)
    found = 0
    for _n in range(250):
        control = _arm(chance.lognormal(3, 0.6, n))
        treatment = _arm(chance.lognormal(3, 0.6, n) + smallest * history.mean)
        lift = compare(measure(control, treatment, relative=True))
        assert isinstance(lift, Comparison)
        found += lift.low > 0
    assert 0.72 < found / 250 < 0.87


def test_looking_every_day_at_a_quantile_of_times_errs_no_oftener_than_said() -> None:
    chance, wrong, fooled = np.random.default_rng(6), 0, 0
    for _n in range(120):
        arms = [Histogram(), Histogram()]
        seen = [False, False]
        for _day in range(10):
            arms = [
                arm + Histogram.of([float(v)] for v in chance.lognormal(3, 0.6, 120))
                for arm in arms
            ]
            effect = measure(*(arm.sample(NU) for arm in arms))
            for place, read in enumerate((always_valid, compare)):
                found = read(effect)
                seen[place] |= isinstance(found, Comparison) and found.is_clear
        wrong += seen[0]
        fooled += seen[1]
    assert wrong / 120 <= 0.05
    assert fooled / 120 > 0.08


@pytest.mark.parametrize(
    ("key", "stop_rule", "refused"),
    [
        ("slow", "fixed", ""),
        ("slow", "sequential", ""),
        ("spent", "fixed", ""),
        ("spent", "sequential", "prices recur"),
        ("pieces", "fixed", "whole counts"),
    ],
)
def test_it_is_refused_with_the_reason_where_nothing_can_be_said(
    slow: Metric,
    spent: Metric,
    pieces: Metric,
    desk: Callable[..., Client],
    key: str,
    stop_rule: str,
    refused: str,
) -> None:
    factories.surface(key="home", policy="popularity")
    form = {**DRAFT, "primary_metric": key, "stop_rule": stop_rule, "guardrails": []}
    answer = desk(Role.ANALYST).post(f"{PAGES}add/", form)
    assert (refused in answer.content.decode()) if refused else answer.status_code == 302
    written = draft(primary_metric=key, stop_rule=stop_rule, key="written")
    if refused:
        with pytest.raises(ValidationError, match=refused):
            approve_experiment(experiment=written, actor=None)
    else:
        assert approve_experiment(experiment=written, actor=None).status == "approved"


def _history(metric: Metric) -> list[str]:
    """Four hundred shoppers in twelve days, each with a time; every third spends something."""
    chance = np.random.default_rng(7)
    written = draft(primary_metric=metric.key, horizon_days=28)
    for number in range(400):
        at = timezone.now() - timedelta(days=1 + 12 * number / 400)
        made = factories.decision(surface="home", at=at, latency_ms=float(chance.lognormal(3, 0.6)))
        seen_before = at - timedelta(days=9)
        factories.event(customer=made.customer, kind="view", occurred_at=seen_before)
        if metric.key == "spent" and number % 3 == 0:
            factories.event(
                customer=made.customer, kind="purchase", currency="USD",
                price=Decimal(int(chance.lognormal(8, 0.5))) / 100,
                occurred_at=at + timedelta(hours=1),
            )  # fmt: skip
    return outlook_lines(written, list(written.arms.all()))


@pytest.mark.parametrize("key", ["slow", "spent"])
def test_the_outlook_says_what_the_plan_can_find(slow: Metric, spent: Metric, key: str) -> None:
    lines = _history(slow if key == "slow" else spent)
    assert "a lift of" in lines[1]
    assert "shoppers:" in lines[2]


def test_a_quantile_at_zero_says_that_nothing_can_be_told(spent: Metric) -> None:
    Metric.objects.filter(pk=spent.pk).update(quantile=Decimal("0.5"))
    [line] = _history(spent)
    assert "0.50 quantile was zero" in line


def test_it_is_measured_and_recommended_on(slow: Metric) -> None:
    running: Experiment = start(primary_metric="slow", stop_rule="sequential")
    chance = np.random.default_rng(8)
    for number in range(300):
        factories.decision(
            surface="home", experiment=running.key, arm="model" if number % 2 else "baseline",
            latency_ms=float(chance.lognormal(3, 0.4)) * (0.5 if number % 2 else 1),
        )  # fmt: skip
    count_everybody()
    [found] = [one for one in report(running).comparisons if one.metric == "slow"]
    assert isinstance(found.lift, Comparison)
    assert found.lift.high < 0
