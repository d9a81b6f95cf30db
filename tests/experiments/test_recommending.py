"""What is recommended, and by which rule."""

from dataclasses import replace

import pytest
from django.utils import translation

from guidance.experiments.recommending import (
    TEXTS,
    Action,
    Health,
    Recommendation,
    Result,
    Role,
    Rule,
    StopRule,
    recommend,
)
from guidance.experiments.statistics import (
    Comparison,
    Corrected,
    NotMeasured,
    SampleRatio,
    Unmeasured,
)

SOUND = Health(SampleRatio(0.4, (500.0, 500.0)))
DAILY = StopRule(days=10, units=1000, planned_units=4000, is_sequential=True)
ENDED = replace(DAILY, is_sequential=False, units=4000)
TWO_WEEKS = StopRule(days=14, units=1000, is_sequential=False, planned_days=14)


def _result(
    value: float,
    *,
    arm: str = "model",
    metric: str = "Conversion",
    role: Role = Role.GOAL,
    clear: bool = True,
    adjusted: float | None = None,
    less_is_better: bool = False,
) -> Result:
    half = abs(value) / 2 if clear else abs(value) * 2 + 0.1
    p_value = 0.001 if clear else 0.6
    return Result(
        metric,
        arm,
        role,
        Comparison(value, value - half, value + half, half / 2, p_value),
        Corrected(p_value, p_value if adjusted is None else adjusted, 2, 0.05),
        less_is_better,
    )


BETTER, WORSE, UNCLEAR = _result(0.1), _result(-0.1), _result(0.1, clear=False)
HARMED = _result(-0.2, metric="Margin", role=Role.GUARD)
ALARM = replace(HARMED, is_alarm=True)
SMALL = replace(BETTER, may_be_worth=False)
FINE = _result(0.05, metric="Margin", role=Role.GUARD, clear=False)
MISSING = Result(
    "Revenue",
    "model",
    Role.GUARD,
    NotMeasured(Unmeasured.NO_UNITS),
    NotMeasured(Unmeasured.NO_UNITS),
)


@pytest.mark.parametrize(
    ("health", "results", "rule", "action", "named"),
    [
        (
            replace(SOUND, sample_ratio=SampleRatio(0.001, (500.0, 500.0))),
            [BETTER],
            ENDED,
            Action.FIX_SPLIT,
            Rule.SPLIT_IS_OFF,
        ),
        (replace(SOUND, is_sound=False), [BETTER], ENDED, Action.FIX_SPLIT, Rule.ROWS_NOT_SOUND),
        (replace(SOUND, several_arms=0.02), [BETTER], ENDED, Action.FIX_SPLIT, Rule.SEVERAL_ARMS),
        (replace(SOUND, clock_jumps=1), [BETTER], ENDED, Action.FIX_SPLIT, Rule.CLOCK_JUMPED),
        (SOUND, [BETTER], replace(DAILY, days=6), Action.KEEP_RUNNING, Rule.TOO_EARLY),
        (SOUND, [BETTER], replace(DAILY, days=-3), Action.KEEP_RUNNING, Rule.TOO_EARLY),
        (
            SOUND,
            [BETTER],
            replace(ENDED, units=3999),
            Action.KEEP_RUNNING,
            Rule.NOT_YET_READABLE,
        ),
        (SOUND, [BETTER], replace(TWO_WEEKS, days=13), Action.KEEP_RUNNING, Rule.NOT_YET_READABLE),
        (SOUND, [BETTER], TWO_WEEKS, Action.SHIP, Rule.GOAL_BETTER),
        (
            SOUND,
            [BETTER],
            replace(TWO_WEEKS, planned_units=1001),
            Action.KEEP_RUNNING,
            Rule.NOT_YET_READABLE,
        ),
        (
            SOUND,
            [BETTER],
            replace(TWO_WEEKS, days=13, has_ended=True),
            Action.STOP,
            Rule.ENDED_EARLY,
        ),
        (SOUND, [BETTER], replace(DAILY, has_ended=True), Action.SHIP, Rule.GOAL_BETTER),
        (SOUND, [UNCLEAR], replace(DAILY, has_ended=True), Action.STOP, Rule.NOTHING_FOUND),
        (SOUND, [BETTER, ALARM], replace(DAILY, days=1), Action.STOP, Rule.GUARD_ALARM),
        (SOUND, [replace(BETTER, may_turn=True)], TWO_WEEKS, Action.WAIT, Rule.MAY_TURN),
        (SOUND, [replace(WORSE, may_turn=True)], TWO_WEEKS, Action.STOP, Rule.GOAL_WORSE),
        (SOUND, [SMALL], DAILY, Action.STOP, Rule.GAIN_TOO_SMALL),
        (
            SOUND,
            [SMALL, _result(0.2, arm="other", clear=False)],
            DAILY,
            Action.KEEP_RUNNING,
            Rule.NOT_SURE_YET,
        ),
        (
            SOUND,
            [SMALL, _result(0.2, arm="other", clear=False)],
            replace(DAILY, has_ended=True),
            Action.STOP,
            Rule.GAIN_TOO_SMALL,
        ),
        (SOUND, [BETTER, FINE], DAILY, Action.SHIP, Rule.GOAL_BETTER),
        (SOUND, [BETTER, FINE], ENDED, Action.SHIP, Rule.GOAL_BETTER),
        (SOUND, [BETTER, HARMED], DAILY, Action.STOP, Rule.GUARD_HARMED),
        (SOUND, [UNCLEAR, HARMED], DAILY, Action.STOP, Rule.GUARD_HARMED),
        (SOUND, [WORSE, FINE], DAILY, Action.STOP, Rule.GOAL_WORSE),
        (SOUND, [UNCLEAR, FINE], DAILY, Action.KEEP_RUNNING, Rule.NOT_SURE_YET),
        (SOUND, [UNCLEAR, FINE], ENDED, Action.STOP, Rule.NOTHING_FOUND),
        (SOUND, [UNCLEAR], replace(DAILY, days=60), Action.STOP, Rule.NOTHING_FOUND),
        (SOUND, [MISSING], DAILY, Action.KEEP_RUNNING, Rule.NOT_SURE_YET),
        (SOUND, [], DAILY, Action.KEEP_RUNNING, Rule.NOT_SURE_YET),
        (SOUND, [BETTER, MISSING], DAILY, Action.SHIP, Rule.GOAL_BETTER),
    ],
)
def test_the_first_rule_that_holds_decides(
    health: Health, results: list[Result], rule: StopRule, action: Action, named: Rule
) -> None:
    found = recommend(health, results, rule)
    assert (found.action, found.rule) == (action, named)
    assert found.text
    assert found.reason
    assert (found.arm == "model") == (action == Action.SHIP)


def test_clear_alone_is_not_clear_among_all_that_were_tested() -> None:
    found = recommend(SOUND, [_result(0.1, adjusted=0.2)], DAILY)
    assert found.rule == Rule.NOT_SURE_YET


def test_where_less_is_better_a_fall_is_a_gain() -> None:
    returns = _result(-0.1, metric="Returns", less_is_better=True)
    assert recommend(SOUND, [returns], DAILY).rule == Rule.GOAL_BETTER
    more = _result(0.1, metric="Returns", less_is_better=True)
    assert recommend(SOUND, [more], DAILY).rule == Rule.GOAL_WORSE


def test_of_several_arms_the_best_that_harms_nothing_is_shipped() -> None:
    results = [
        _result(0.3, arm="bold"),
        _result(-0.2, arm="bold", metric="Margin", role=Role.GUARD),
        _result(0.1, arm="mild"),
        _result(0.2, arm="warm"),
        _result(-0.1, arm="cold"),
    ]
    found = recommend(SOUND, results, DAILY)
    assert (found.rule, found.arm) == (Rule.GOAL_BETTER, "warm")
    assert found.text == "Ship warm."
    assert found.reason == "Conversion of warm is better than the control's."
    assert found.caveats == ("Margin of bold got worse, and must not.",)


def test_an_arm_that_wins_one_goal_and_loses_another_is_not_shipped() -> None:
    mixed = [BETTER, _result(-0.1, metric="Revenue")]
    assert recommend(SOUND, mixed, DAILY).rule == Rule.GOAL_WORSE
    one_left = [*mixed, _result(0.1, arm="other", clear=False)]
    assert recommend(SOUND, one_left, DAILY).rule == Rule.NOT_SURE_YET


def test_what_must_be_borne_in_mind_is_said_and_decides_nothing() -> None:
    health = Health(NotMeasured(Unmeasured.NO_SHARES), overlapping=("summer", "banner"))
    found = recommend(health, [BETTER, MISSING], DAILY)
    assert found.rule == Rule.GOAL_BETTER
    assert found.caveats == (
        "The split could not be checked.",
        "Shoppers may be in these at the same time: summer, banner. Give them a namespace to keep "
        "them apart.",
        "Revenue of model is not measured.",
    )
    assert recommend(SOUND, [BETTER], DAILY).caveats == ()


def test_a_look_long_after_the_planned_end_is_told_to_be_one_of_many() -> None:
    late = recommend(SOUND, [BETTER], replace(TWO_WEEKS, days=22))
    assert late.caveats[0].startswith("Its planned end is long over.")
    assert recommend(SOUND, [BETTER], replace(TWO_WEEKS, days=21)).caveats == ()
    assert recommend(SOUND, [BETTER], replace(TWO_WEEKS, days=40, has_ended=True)).caveats == ()


def test_the_days_left_are_told_where_they_are_known() -> None:
    waiting = recommend(SOUND, [UNCLEAR], replace(ENDED, units=1000, days_left=1))
    assert waiting.reason.endswith("1000 of 4000 so far. About 1 day is left.")
    unsure = recommend(SOUND, [UNCLEAR], replace(DAILY, days_left=12))
    assert unsure.reason == "The data cannot tell the arms apart yet. About 12 days are left."


def test_every_action_has_words_and_the_answer_is_pure() -> None:
    assert set(TEXTS) == set(Action)
    with translation.override("en"):
        first = recommend(SOUND, [BETTER], DAILY)
        assert isinstance(first, Recommendation)
        assert first == recommend(SOUND, [BETTER], DAILY)
