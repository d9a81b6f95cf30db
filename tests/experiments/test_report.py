"""The report says what the log and the events say, and names what it leaves out."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from guidance.customers.models import Customer
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import ArmReport, Report, report
from guidance.experiments.statistics import (
    Comparison,
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
)
from tests.experiments.conftest import Visit


def _arms(found: Report) -> dict[str, ArmReport]:
    return {arm.arm.key: arm for arm in found.arms}


def test_counts_of_each_arm(experiment: Experiment, visit: Visit) -> None:
    day = timezone.now() - timedelta(days=20)
    visit("c1", "model", at=day, seen=3, clicks=2)
    visit("c1", "model", at=day + timedelta(days=1), seen=3)
    visit("c1", "model", at=day + timedelta(days=2))
    visit("c2", "model", at=day, seen=3, clicks=1, fallback_from="model: deadline")
    visit("c3", "baseline", at=day, seen=3)
    arm = _arms(report(experiment))["model"]
    assert (arm.shoppers, arm.total.served, arm.total.seen, arm.total.clicked) == (2, 4, 3, 2)
    assert (arm.total.impressions, arm.total.clicks, arm.total.stood_in) == (9, 3, 1)
    ctr = arm.metrics["ctr"]
    assert isinstance(ctr, Estimate)
    assert ctr.value == pytest.approx(2 / 3)
    assert ctr.low < 2 / 3 < ctr.high


def test_a_shopper_of_two_arms_is_left_out_and_counted(
    experiment: Experiment, visit: Visit
) -> None:
    visit("both", "model", seen=3, clicks=1, buys_after_hours=1)
    visit("both", "baseline", seen=3)
    visit("one", "model", seen=3)
    found = report(experiment)
    assert _arms(found)["model"].shoppers == 1
    assert _arms(found)["baseline"].shoppers == 0
    assert _arms(found)["model"].total.clicked == 0
    assert _arms(found)["model"].converted == 0
    assert found.exclusions.shoppers_in_several_arms == 1
    assert found.exclusions.decisions_in_several_arms == 2


def test_decisions_without_a_shopper_and_failed_events_are_counted_out(
    experiment: Experiment, visit: Visit
) -> None:
    visit("", "model")
    decision = visit("c1", "model", seen=2, clicks=1)
    stranger = Customer.objects.create(ref="stranger")
    decision.customer = stranger  # the events stay with c1 and no longer match
    decision.save()
    found = report(experiment)
    assert found.exclusions.decisions_without_shopper == 1
    assert found.exclusions.events_not_counted == 3
    assert _arms(found)["model"].total.impressions == 0


@pytest.mark.parametrize(("hours", "converted"), [(-1, 0), (0, 1), (7 * 24, 1), (7 * 24 + 1, 0)])
def test_conversion_is_a_purchase_within_the_window_after_the_first_exposure(
    experiment: Experiment, visit: Visit, hours: float, converted: int
) -> None:
    first = timezone.now() - timedelta(days=20)
    visit("c1", "model", at=first, buys_after_hours=hours)
    visit("c1", "model", at=first + timedelta(days=10))
    assert _arms(report(experiment))["model"].converted == converted


def test_shoppers_whose_window_is_still_open_are_told(experiment: Experiment, visit: Visit) -> None:
    visit("late", "model", at=timezone.now() - timedelta(days=1))
    visit("early", "model", at=timezone.now() - timedelta(days=9))
    assert _arms(report(experiment))["model"].windows_open == 1


def test_what_nobody_reported_is_not_measured(experiment: Experiment, visit: Visit) -> None:
    visit("c1", "model")
    visit("c2", "baseline")
    for arm in report(experiment).arms:
        assert arm.metrics["ctr"] == NotMeasured(Unmeasured.NO_UNITS)
        assert arm.metrics["conversion"] == NotMeasured(Unmeasured.NOTHING_REPORTED)
        assert arm.metrics["satisfaction"] == NotMeasured(Unmeasured.NO_UNITS)


def test_an_experiment_nobody_met_reports_nothing_and_breaks_nothing(
    experiment: Experiment,
) -> None:
    found = report(experiment)
    assert found.shoppers == 0
    assert found.sample_ratio == NotMeasured(Unmeasured.NO_UNITS)
    assert found.first_exposure is None
    assert all(isinstance(versus.lift, NotMeasured) for versus in found.comparisons)


def test_ratings_are_averaged_over_shoppers(experiment: Experiment, visit: Visit) -> None:
    for ref, rating in [("c1", 5), ("c2", 4), ("c3", 2)]:
        visit(ref, "model", rating=rating)
    satisfaction = _arms(report(experiment))["model"].metrics["satisfaction"]
    assert isinstance(satisfaction, Estimate)
    assert satisfaction.value == pytest.approx(11 / 3)


def test_other_traffic_and_other_experiments_stay_out(experiment: Experiment, visit: Visit) -> None:
    visit("c1", "model", seen=1)
    other = visit("c2", "model", seen=1)
    other.experiment = "another"
    other.save()
    replayed = visit("c3", "model", seen=1)
    replayed.source = "replay"
    replayed.save()
    assert _arms(report(experiment))["model"].shoppers == 1


def test_a_real_difference_is_found_and_a_lopsided_split_is_called_off(
    experiment: Experiment, visit: Visit
) -> None:
    for number in range(60):
        visit(f"m{number}", "model", seen=1, clicks=int(number % 2 == 0))
    for number in range(20):
        visit(f"b{number}", "baseline", seen=1, clicks=int(number % 4 == 0))
    found = report(experiment)
    [ctr] = [versus for versus in found.comparisons if versus.metric == "ctr"]
    assert isinstance(ctr.difference, Comparison)
    assert ctr.difference.value == pytest.approx(0.25)
    assert ctr.difference.is_clear
    assert isinstance(found.sample_ratio, SampleRatio)
    assert found.sample_ratio.is_off
    assert found.sample_ratio.expected == (40.0, 40.0)


def test_the_report_takes_the_same_queries_at_any_size(
    experiment: Experiment, visit: Visit, django_assert_num_queries: Any
) -> None:
    visit("c0", "model", seen=1)
    with django_assert_num_queries(6):
        report(experiment)
    for number in range(40):
        visit(f"c{number}", "model", seen=1, buys_after_hours=1)
    with django_assert_num_queries(6):
        report(experiment)
