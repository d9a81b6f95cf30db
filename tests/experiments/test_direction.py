"""Metrics of which less is better, such as complaints: judged by their samples alone."""

import pytest

from guidance.experiments.advice import harm_between, may_be_worth
from guidance.experiments.recommending import (
    Action,
    Health,
    Result,
    Role,
    Rule,
    StopRule,
    recommend,
)
from guidance.experiments.samples import ProportionSample
from guidance.experiments.selectors import LIFT_PRIOR
from guidance.experiments.statistics import (
    Comparison,
    NotMeasured,
    Posterior,
    Question,
    SampleRatio,
    believe,
    compare,
    correct,
    measure,
    rare_difference,
)

SOUND = Health(SampleRatio(0.4, (2000.0, 2000.0)))
ENDED = StopRule(days=14, units=4000, is_sequential=False, planned_days=14, has_ended=True)
FEWER, SAME, MORE = (ProportionSample(2000, successes) for successes in (100, 200, 320))


def _result(control: ProportionSample, treatment: ProportionSample, role: Role) -> Result:
    difference = compare(measure(control, treatment))
    lift = compare(measure(control, treatment, relative=True))
    return Result(
        metric="Complaints",
        arm="model",
        role=role,
        comparison=difference,
        corrected=correct({Question("complaints", "model"): difference})[
            Question("complaints", "model")
        ],
        less_is_better=True,
        may_be_worth=may_be_worth(lift, 0.05, less_is_better=True),
        is_alarm=role == Role.GUARD
        and harm_between(control, treatment, less_is_better=True) is not None,
    )


@pytest.mark.parametrize(
    ("treatment", "action", "rule"),
    [
        (FEWER, Action.SHIP, Rule.GOAL_BETTER),
        (MORE, Action.STOP, Rule.GOAL_WORSE),
        (SAME, Action.STOP, Rule.NOTHING_FOUND),
    ],
)
def test_a_goal_of_which_less_is_better(
    treatment: ProportionSample, action: Action, rule: Rule
) -> None:
    found = recommend(SOUND, [_result(SAME, treatment, Role.GOAL)], ENDED)
    assert (found.action, found.rule) == (action, rule)


def test_a_guard_of_which_less_is_better_alarms_when_it_rises() -> None:
    running = StopRule(days=3, units=4000, is_sequential=True, planned_days=14)
    found = recommend(SOUND, [_result(SAME, MORE, Role.GUARD)], running)
    assert (found.action, found.rule) == (Action.STOP, Rule.GUARD_ALARM)
    found = recommend(SOUND, [_result(SAME, FEWER, Role.GUARD)], running)
    assert found.action == Action.KEEP_RUNNING


def test_a_harm_is_a_rise_where_less_is_better_and_a_fall_elsewhere() -> None:
    rise, fall = (harm_between(SAME, other, less_is_better=True) for other in (MORE, FEWER))
    assert isinstance(rise, Comparison)
    assert rise.low > 0
    assert fall is None
    assert harm_between(SAME, MORE) is None
    assert isinstance(harm_between(SAME, FEWER), Comparison)
    assert harm_between(SAME, ProportionSample(0, 0), less_is_better=True) is None


def test_a_guard_with_next_to_no_cases_in_one_arm_is_seen_to_rise() -> None:
    two, many = ProportionSample(20_000, 2), ProportionSample(20_000, 150)
    risen = harm_between(two, many, less_is_better=True)
    assert isinstance(risen, Comparison)
    assert risen.value == pytest.approx(148 / 20_000)
    assert 0.005 < risen.low < risen.value < risen.high < 0.011
    assert harm_between(two, ProportionSample(20_000, 6), less_is_better=True) is None
    assert harm_between(many, two, less_is_better=True) is None
    none = ProportionSample(20_000, 0)
    assert harm_between(none, none, less_is_better=True) is None


def test_the_interval_of_rare_cases_is_the_published_one() -> None:
    """Newcombe 1998, table II, method 10: 56/70 and 48/80, 9/10 and 3/10, 10/10 and 0/20."""
    for (a, n), (b, m), low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
        ((5, 56), (0, 29), -0.0381, 0.1926),
    ):
        found = rare_difference(ProportionSample(m, b), ProportionSample(n, a))
        assert isinstance(found, Comparison)
        assert (found.low, found.high) == (
            pytest.approx(low, abs=2e-4),
            pytest.approx(high, abs=2e-4),
        )


def test_what_may_be_worth_the_change_looks_down_where_less_is_better() -> None:
    lower, higher = (compare(measure(SAME, other, relative=True)) for other in (FEWER, MORE))
    assert not isinstance(lower, NotMeasured)
    assert may_be_worth(lower, 0.5, less_is_better=True)
    assert not may_be_worth(higher, 0.05, less_is_better=True)
    assert not may_be_worth(lower, 0.05)


def test_fewer_complaints_win_where_less_is_better() -> None:
    effect = measure(SAME, FEWER)
    found = believe(effect, prior=LIFT_PRIOR.times(0.1), less_is_better=True)
    assert isinstance(found, Posterior)
    assert found.chance_to_win > 0.99
    assert found.loss_of_treatment < found.loss_of_control
