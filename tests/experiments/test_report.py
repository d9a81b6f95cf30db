"""The report says what the log and the events say, and names what it leaves out."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.ids import derived_id, new_id
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import ArmReport, Problem, Report, Trouble
from guidance.experiments.selectors import report as uncounted_report
from guidance.experiments.selectors.report import decisions_of
from guidance.experiments.services import stop_experiment
from guidance.experiments.statistics import (
    Comparison,
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
)
from guidance.experiments.wording import problem_text
from tests.experiments.conftest import Visit
from tests.experiments.counted import counted_report as report


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


@pytest.mark.parametrize("excluded_as", ["staff", "bot"])
def test_staff_and_scripts_are_left_out_counted_and_their_rows_told(
    experiment: Experiment, visit: Visit, excluded_as: str
) -> None:
    visit("own", "model", seen=3, clicks=1, buys_after_hours=1)
    visit("one", "model", seen=2)
    own = Customer.objects.get(ref="own")
    assert _arms(report(experiment))["model"].shoppers == 2
    exclude_customers(customer_ids=[own.pk], excluded_as=excluded_as, source="desk")
    advance_rollups()
    for found in (report(experiment), report(experiment, as_of=timezone.now())):
        arm = _arms(found)["model"]
        assert (arm.shoppers, arm.total.impressions, arm.converted) == (1, 2, 0)
        left_out = found.exclusions
        assert (left_out.staff + left_out.scripts, left_out.shoppers_in_several_arms) == (1, 0)
        assert left_out.events_not_counted == 0
    counted = decisions_of(experiment).in_one_arm()
    assert [one.customer.ref for one in counted] == ["one"]
    assert [one.customer.ref for one in decisions_of(experiment).for_excluded(excluded_as)] == [
        "own"
    ]


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
    with django_assert_num_queries(19):
        uncounted_report(experiment)
    for number in range(40):
        visit(f"c{number}", "model", seen=1, buys_after_hours=1)
    with django_assert_num_queries(19):
        uncounted_report(experiment)


def test_a_report_as_of_a_past_moment_is_the_one_of_that_moment(
    experiment: Experiment, visit: Visit
) -> None:
    """Later decisions, events received later and a second arm met later change nothing in it."""
    day = timezone.now() - timedelta(days=20)
    Experiment.objects.update(started_at=day)

    def meets(ref: str, arm: str, days: float, **more: Any) -> None:
        at = day + timedelta(days=days)
        visit(ref, arm, at=at, id=derived_id(at, ref, arm, days), **more)
        Event.objects.filter(occurred_at__gte=at).update(received_at=F("occurred_at"))

    for number in range(8):
        meets(f"m{number}", "model", 1, seen=2, clicks=number % 2, rating=4)
        meets(f"b{number}", "baseline", 1, seen=2, clicks=number % 4 == 0, rating=3)
    moment = timezone.now() - timedelta(days=15)
    then = report(experiment, as_of=moment)
    assert then.shoppers == 16
    assert [arm.windows_open for arm in then.arms] == [8, 8]
    assert report(experiment).arms[0].windows_open == 0
    meets("m0", "baseline", 9, seen=1)
    meets("late", "model", 9, seen=1, clicks=1)
    bought = Event.objects.filter(kind="click").first()
    bought.pk, bought.kind, bought.received_at = new_id(), "purchase", timezone.now()
    bought.save(force_insert=True)
    again = report(experiment, as_of=moment)
    assert again == then
    today = report(experiment)
    assert today.exclusions.shoppers_in_several_arms == 1
    assert sum(arm.converted for arm in today.arms) == 1
    assert today.shoppers == 16
    assert report(experiment, as_of=day).shoppers == 0


def test_a_shopper_is_exposed_once_at_the_first_decision(
    experiment: Experiment, visit: Visit
) -> None:
    first = timezone.now() - timedelta(days=20)
    for days in (3, 0, 9):
        visit("c1", "model", at=first + timedelta(days=days), seen=1)
    found = report(experiment)
    assert found.first_exposure == found.last_exposure == first
    assert _arms(found)["model"].shoppers == 1


def _troubles(experiment: Experiment) -> list[Trouble]:
    return [problem.trouble for problem in report(experiment).problems]


def test_rows_that_cannot_be_believed_are_told(experiment: Experiment, visit: Visit) -> None:
    visit("c1", "model")
    assert _troubles(experiment) == [Trouble.EMPTY_ARM]
    visit("c2", "baseline")
    assert _troubles(experiment) == []
    visit("c3", "renamed")
    early = timezone.now() - timedelta(days=1)
    visit("c4", "model", id=derived_id(early, "early"))
    visit("c5", "model", id=derived_id(timezone.now() + timedelta(days=1), "ahead"))
    experiment.arms.filter(key="model").update(weight="0.4")
    found = report(experiment).problems
    assert [problem.trouble for problem in found] == [
        Trouble.CHANGED,
        Trouble.UNKNOWN_ARM,
        Trouble.OUTSIDE_ITS_TIME,
    ]
    said = [problem_text(problem) for problem in found]
    assert said[1].startswith("Decisions that name an arm which the experiment does not have: 1.")
    assert "after the stop or in the future: 2." in said[2]
    assert all(problem_text(Problem(Trouble.EMPTY_ARM, {"arms": "a"})) for _ in said)


def test_a_decision_after_the_stop_is_told(experiment: Experiment, visit: Visit) -> None:
    stop_experiment(experiment=experiment, actor=None)
    Experiment.objects.update(
        started_at=timezone.now() - timedelta(days=9), stopped_at=timezone.now() - timedelta(days=1)
    )
    experiment.refresh_from_db()
    visit("c1", "model")
    visit("c2", "baseline")
    assert _troubles(experiment) == [Trouble.OUTSIDE_ITS_TIME]
