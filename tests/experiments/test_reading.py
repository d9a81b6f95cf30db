"""Reading by the plan: sequential ones on any day, corrected for many tests, by chance and loss."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone

from guidance.core.roles import Role
from guidance.experiments.advice import advise, stop_rule
from guidance.experiments.life import days_left_text
from guidance.experiments.models import Experiment
from guidance.experiments.pace import days_to_go
from guidance.experiments.recommending import Action, Recommendation, Rule
from guidance.experiments.selectors import Versus
from guidance.experiments.statistics import Comparison, Corrected, Posterior
from tests.experiments.conftest import Visit, start
from tests.experiments.counted import counted_report as report

pytestmark = pytest.mark.django_db
PAGES = "/admin/experiments/experiment/"
NOW = timezone.now
# A stream of 14 days, found by trying, in which chance looks like a difference on some days.
SEED_THAT_MISLEADS = 25


def _ran(experiment: Experiment, days: float, **plan: Any) -> Experiment:
    """Let it have run for so long, by a plan that was approved so."""
    Experiment.objects.filter(pk=experiment.pk).update(
        started_at=NOW() - timedelta(days=days), frozen={}, **plan
    )
    experiment.refresh_from_db()
    return experiment


def _clicks(visit: Visit, each: int, *, model: int, baseline: int, **at: Any) -> None:
    for number in range(each):
        visit(f"m{number}", "model", seen=1, clicks=int(number < model), **at)
        visit(f"b{number}", "baseline", seen=1, clicks=int(number < baseline), **at)


def _advice(experiment: Experiment) -> Recommendation:
    return advise(experiment, report(experiment))


def _versus(experiment: Experiment, metric: str = "ctr", arm: str = "model") -> Versus:
    found = report(experiment).comparisons
    return next(one for one in found if (one.metric, one.arm.key) == (metric, arm))


def test_a_clear_gain_is_shipped_before_the_end_of_a_sequential_plan_alone(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, 60, model=50, baseline=12)
    sequential = _ran(experiment, 8, stop_rule="sequential", horizon_units=200)
    found = _advice(sequential)
    assert (found.action, found.rule, found.arm) == (Action.SHIP, Rule.GOAL_BETTER, "model")
    early = _ran(experiment, 6)
    assert _advice(early).rule == Rule.TOO_EARLY
    fixed = _ran(experiment, 8, stop_rule="fixed")
    assert _advice(fixed).rule == Rule.NOT_YET_READABLE


def test_what_one_look_calls_clear_is_not_clear_to_who_looks_every_day(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, 60, model=31, baseline=18)
    fixed = _ran(experiment, 14)
    one_look = _versus(fixed).difference
    assert _advice(fixed).rule == Rule.GOAL_BETTER
    sequential = _ran(experiment, 8, stop_rule="sequential")
    every_look = _versus(sequential).difference
    assert _advice(sequential).rule == Rule.NOT_SURE_YET
    assert _advice(sequential).action == Action.KEEP_RUNNING
    assert isinstance(one_look, Comparison)
    assert isinstance(every_look, Comparison)
    assert (one_look.is_clear, every_look.is_clear) == (True, False)
    assert every_look.low < one_look.low < one_look.value == every_look.value


def test_peeking_every_day_at_arms_that_do_not_differ_keeps_it_running(
    experiment: Experiment, visit: Visit
) -> None:
    """Both arms click with a chance of 40 %; on some days one look alone would call it clear."""
    random = np.random.default_rng(SEED_THAT_MISLEADS)
    one_look_was_clear = False
    for day in range(14):
        for number in range(5):
            for arm in ("model", "baseline"):
                clicks = int(random.random() < 0.4)
                visit(f"{arm}{day}-{number}", arm, seen=1, clicks=clicks)
        if day < 7:
            continue
        _ran(experiment, day, stop_rule="sequential")
        assert _advice(experiment).action == Action.KEEP_RUNNING
        _ran(experiment, day, stop_rule="fixed")
        found = _versus(experiment).difference
        one_look_was_clear |= isinstance(found, Comparison) and found.is_clear
    assert one_look_was_clear
    assert _advice(_ran(experiment, 14, stop_rule="sequential")).rule == Rule.NOTHING_FOUND


def test_a_gain_is_corrected_for_all_that_was_tested(experiment: Experiment, visit: Visit) -> None:
    for number in range(60):
        clicked = {"model": 29, "baseline": 17}
        for arm in clicked:
            visit(
                f"{arm}{number}",
                arm,
                seen=1,
                clicks=int(number < clicked[arm]),
                rating=3 + number % 2,
                buys_after_hours=1 if number % 3 == 0 else None,
            )
    found = _versus(_ran(experiment, 14))
    assert isinstance(found.difference, Comparison)
    assert isinstance(found.corrected, Corrected)
    assert found.difference.is_clear
    assert found.corrected.family == 3
    assert found.corrected.adjusted == pytest.approx(3 * found.difference.p_value)
    assert not found.corrected.is_clear
    assert _advice(experiment).rule == Rule.NOTHING_FOUND


def test_chance_to_win_and_expected_loss_follow_the_data(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, 60, model=40, baseline=24)
    belief = _versus(experiment).belief
    assert isinstance(belief, Posterior)
    assert belief.chance_to_win > 0.95
    assert 0 < belief.loss_of_treatment < 0.01 < belief.loss_of_control
    difference = _versus(experiment).difference
    assert isinstance(difference, Comparison)
    known, held = difference.standard_error**-2, (0.3 * 24 / 60) ** -2
    assert belief.value == pytest.approx(difference.value * known / (known + held))


def test_the_days_left_follow_the_pace_of_the_last_week(
    experiment: Experiment, visit: Visit
) -> None:
    yesterday = NOW() - timedelta(days=1)
    _clicks(visit, 35, model=20, baseline=15, at=yesterday)
    _ran(experiment, 10, horizon_days=None, horizon_units=270)
    assert days_to_go(experiment, report(experiment)) == 20  # 200 missing, 70 in the last week
    assert _advice(experiment).reason.endswith("About 20 days are left.")
    _ran(experiment, 10, horizon_days=14, horizon_units=None)
    assert days_to_go(experiment, report(experiment)) == 4
    _ran(experiment, 10, horizon_days=14, horizon_units=270)
    assert days_to_go(experiment, report(experiment)) == 20
    sequential = _ran(
        experiment,
        10,
        stop_rule="sequential",
        horizon_days=60,
        horizon_units=None,
        smallest_effect=Decimal(100),
    )
    left = days_to_go(sequential, report(sequential))
    assert left is not None
    assert 0 < left < 50


def test_the_health_says_how_many_days_are_left_or_why_none(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, 4, model=1, baseline=1)
    _ran(experiment, 20)

    def told(**given: Any) -> str:
        Experiment.objects.filter(pk=experiment.pk).update(**given)
        fresh = Experiment.objects.get(pk=experiment.pk)
        return days_left_text(stop_rule(fresh, report(fresh)))

    assert told() == "None: it is at its planned end."
    assert told(horizon_days=21) == "About 1 day is left."
    assert "nobody can tell" in told(horizon_days=None, horizon_units=1_000)
    assert "It has ended" in told(status="stopped", stopped_at=timezone.now())


def test_nobody_knows_the_days_left_where_nobody_comes(
    experiment: Experiment, visit: Visit
) -> None:
    _clicks(visit, 10, model=5, baseline=5)
    _ran(experiment, 30, horizon_days=None, horizon_units=270)
    assert days_to_go(experiment, report(experiment)) is None


def test_the_page_says_health_then_the_recommendation_with_its_rule_then_the_metrics(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    _clicks(visit, 60, model=50, baseline=12)
    start(key="beside", surface="cart")
    _ran(experiment, 8, stop_rule="sequential", horizon_units=200)
    page = desk(Role.ANALYST).get(f"{PAGES}{experiment.pk}/change/")
    text = page.content.decode()
    places = [
        text.index(said)
        for said in (
            "Health",
            "Sample ratio",
            "Exposure",
            "Days left",
            "What the data recommend",
            "Ship model.",
            "CTR of model is better than the control&#x27;s.",
            "Bear in mind",
            "Shoppers may be in these at the same time: Beside.",
            "Pace: 0.0 new shoppers a day",
            "Its life",
            "What the data say",
            "Chance to win",
            "always valid",
        )
    ]
    assert places == sorted(places)
    [goal] = [row for row in page.context["versus"] if row.is_goal]
    assert (goal.chance, goal.is_clear) == ("100.0 %", True)
    assert goal.lift.startswith("+316.7 % (")
    assert goal.p_value == "< 0.001"
    assert "0 % ± 30 %" in text
    assert "tests of this page together (Holm): 1." in text


def test_a_fixed_plans_page_names_no_other_way_of_reading(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    _clicks(visit, 60, model=50, baseline=12)
    _ran(experiment, 8)
    text = desk(Role.ANALYST).get(f"{PAGES}{experiment.pk}/change/").content.decode()
    assert "Keep the experiment running." in text
    assert "It is read once, after its planned 14 days: 8 so far." in text
    assert "<strong>Days left:</strong> About 6 days are left." in text
    assert "always valid" not in text
    assert "for one look at a time set beforehand" in text


def test_the_csv_holds_chance_loss_and_the_corrected_p(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    _clicks(visit, 60, model=40, baseline=24)
    _ran(experiment, 8, stop_rule="sequential")
    answer = desk(Role.ANALYST).get(f"{PAGES}{experiment.pk}/table.csv")
    rows = csv.DictReader(io.StringIO(answer.content.decode()))
    found = {row["figure"]: row for row in rows if row["arm"] == "model"}
    one = _versus(experiment)
    assert isinstance(one.lift, Comparison)
    assert isinstance(one.belief, Posterior)
    assert isinstance(one.corrected, Corrected)
    assert float(found["CTR: relative lift"]["low"]) == one.lift.low
    assert found["CTR: relative lift"]["note"] == "always valid"
    assert float(found["CTR: chance to win"]["value"]) == one.belief.chance_to_win
    assert float(found["CTR: expected loss if shipped"]["value"]) == one.belief.loss_of_treatment
    assert float(found["CTR: p, corrected (Holm)"]["value"]) == one.corrected.adjusted
    assert "± 30 %" in found["CTR: chance to win"]["note"]
