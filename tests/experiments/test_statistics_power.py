"""Power, before the start and on the way, for one look and for many."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import (
    Criterion,
    Effect,
    Monitoring,
    Needed,
    NotMeasured,
    Plan,
    Prior,
    Unmeasured,
    days_left,
    days_needed,
    detectable_effect,
    measure,
    minimum_effect,
    more_needed,
    power,
    power_so_far,
    units_needed,
)
from guidance.experiments.statistics.sequential import boundary

SHIFT = Plan(10.0, 4.0, relative=False)
# The published planner's metric: three arms of 400,000, a lift of 5 %.
PUBLISHED = Plan(10.0, 62.529991004312784, shares=(1 / 3, 1 / 3))


def _number(found: float | NotMeasured) -> float:
    assert not isinstance(found, NotMeasured), found
    return found


@pytest.mark.parametrize("effect", [0.3, -0.8, 2.0])
@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.7, 0.2)])
def test_power_of_a_shift_agrees_with_statsmodels(
    effect: float, two_sided: bool, shares: tuple[float, float]
) -> None:
    plan = replace(SHIFT, shares=shares, two_sided=two_sided, alpha=0.1)
    expected = NormalIndPower().power(
        effect / 4.0,
        nobs1=400 * shares[1],
        ratio=shares[0] / shares[1],
        alpha=0.1,
        alternative="two-sided" if two_sided else "larger",
    )
    assert power(plan, effect, 400) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("monitoring", "target"), [(None, 0.5), (None, 0.95), (Monitoring(looks=7), 0.8)]
)
def test_the_smallest_effect_and_the_units_turn_power_round(
    monitoring: Monitoring | None, target: float
) -> None:
    plan = replace(PUBLISHED, monitoring=monitoring)
    effect = _number(minimum_effect(plan, 400_000, target=target))
    assert power(plan, effect, 400_000) == pytest.approx(target, abs=1e-4)
    units = _number(units_needed(plan, 0.05, target=target))
    assert _number(power(plan, 0.05, units)) >= target
    assert _number(power(plan, 0.05, units - 1)) < target


def test_many_looks_find_as_often_as_simulation_says() -> None:
    """The published planner says .206; the boundary itself gives .14 to .17 by how often one looks.

    Simulated here: the normal walk of the effect, looked at 28 and 100 times.
    """
    effect, units = 0.05, 400_000
    compared = units * 2 / 3
    z = effect * math.sqrt(units) / PUBLISHED.unit_error(effect)
    random = np.random.default_rng(17)
    for looks in (28, 100):
        seen = compared * np.arange(1, looks + 1) / looks
        steps = random.normal(z * seen[0] / compared, math.sqrt(1 / looks), (20_000, looks))
        walk = np.cumsum(steps, axis=1) / np.sqrt(seen / compared)
        edges = np.array([boundary(number, 0.05, tuning=5000) for number in seen])
        simulated = np.mean(np.any(np.abs(walk) > edges, axis=1))
        plan = replace(PUBLISHED, monitoring=Monitoring(5000, looks))
        exact = _number(power(plan, effect, units))
        assert exact == pytest.approx(simulated, abs=3.5 * math.sqrt(0.15 * 0.85 / 20_000))
        assert 0.135 < exact < 0.175
    assert _number(power(PUBLISHED, effect, units)) > 0.5


def test_more_looks_find_more_and_one_look_set_beforehand_finds_most() -> None:
    chances = [
        _number(power(replace(PUBLISHED, monitoring=Monitoring(5000, looks)), 0.07, 400_000))
        for looks in (1, 7, 60)
    ]
    assert chances == sorted(chances)
    assert chances[-1] < _number(power(PUBLISHED, 0.07, 400_000))
    # At one look the chance is a normal tail beyond the boundary.
    z = 0.07 * math.sqrt(400_000) / PUBLISHED.unit_error(0.07)
    edge = boundary(400_000 * 2 / 3, 0.05, tuning=5000)
    assert chances[0] == pytest.approx(stats.norm.sf(edge - z) + stats.norm.cdf(-edge - z))


@pytest.mark.parametrize("monitoring", [None, Monitoring()])
def test_days_needed_is_the_first_day_that_is_enough(monitoring: Monitoring | None) -> None:
    plan = Plan.of_rate(0.1, monitoring=monitoring)
    days = _number(days_needed(plan, 0.2, 700))
    if monitoring:
        # Looked at once a day: the plan's own number of looks does not matter.
        assert days == days_needed(replace(plan, monitoring=Monitoring(looks=3)), 0.2, 700)
        at = [
            _number(power(replace(plan, monitoring=Monitoring(looks=day)), 0.2, 700 * day))
            for day in (days - 1, days)
        ]
    else:
        at = [_number(power(plan, 0.2, 700 * day)) for day in (days - 1, days)]
    assert at[0] < 0.8 <= at[1]
    assert days > 5


def test_a_prior_before_the_start_pulls_towards_itself() -> None:
    plain = Plan.of_rate(0.1)
    hopeful, doubtful = (replace(plain, prior=Prior(mean, 0.01)) for mean in (0.1, -0.1))
    at = [_number(power(plan, 0.1, 20_000)) for plan in (doubtful, plain, hopeful)]
    assert at == sorted(at)
    assert at[2] - at[0] > 0.05
    vague = replace(plain, prior=Prior(0.0, 1e9))
    assert power(vague, 0.1, 20_000) == pytest.approx(at[1], abs=1e-6)


SEEN = measure(MeanSample(500, 500.0, 1500.0), MeanSample(500, 525.0, 1551.25), relative=True)


@pytest.mark.parametrize(
    "criterion",
    [
        Criterion(),
        Criterion(comparisons=6),
        Criterion(prior=Prior(0.05, 0.001)),
        Criterion(monitoring=Monitoring(looks=10)),
    ],
)
def test_on_the_way_the_units_needed_reach_the_target(criterion: Criterion) -> None:
    found = more_needed(SEEN, 0.05, criterion=criterion)
    assert isinstance(found, Needed)
    reached = power_so_far(SEEN, 0.05, criterion=criterion, more=found.times)
    assert reached == pytest.approx(0.8, abs=2e-5)
    assert found.units == math.ceil(found.times * 1000)
    assert days_left(found, 250) == math.ceil(found.units / 250)
    detectable = _number(detectable_effect(SEEN, criterion=criterion))
    assert power_so_far(SEEN, detectable, criterion=criterion) == pytest.approx(0.8, abs=1e-4)
    done = more_needed(SEEN, detectable * 1.01, criterion=criterion)
    assert done == Needed(0.0, 0)
    assert days_left(done, 0) == 0


def test_on_the_way_and_before_the_start_say_the_same() -> None:
    """Where what was seen is as planned, 1000 units of it find the same effect."""
    assert isinstance(SEEN, Effect)
    plan = Plan(0.0, SEEN.standard_error * math.sqrt(1000) / 2, relative=False)
    for monitoring in (None, Monitoring(looks=10)):
        before = power(replace(plan, monitoring=monitoring), 0.1, 1000)
        on_the_way = power_so_far(SEEN, 0.1, criterion=Criterion(monitoring=monitoring))
        assert on_the_way == pytest.approx(before)


NAN = float("nan")


@pytest.mark.parametrize(
    ("plan", "effect", "units", "reason"),
    [
        (replace(SHIFT, deviation=0.0), 1, 100, Unmeasured.NO_SPREAD),
        (replace(SHIFT, deviation=-1.0), 1, 100, Unmeasured.IMPOSSIBLE),
        (replace(SHIFT, deviation=NAN), 1, 100, Unmeasured.NOT_A_NUMBER),
        (replace(SHIFT, mean=NAN), 1, 100, Unmeasured.NOT_A_NUMBER),
        (replace(SHIFT, alpha=0.0), 1, 100, Unmeasured.IMPOSSIBLE),
        (replace(SHIFT, shares=(0.9, 0.2)), 1, 100, Unmeasured.IMPOSSIBLE),
        (replace(SHIFT, shares=(1.0, 0.0)), 1, 100, Unmeasured.NO_SHARES),
        (Plan(0.0, 1.0), 1, 100, Unmeasured.NO_BASELINE),
        (Plan.of_rate(0.0), 1, 100, Unmeasured.NO_SPREAD),
        (Plan.of_rate(1.2), 1, 100, Unmeasured.IMPOSSIBLE),
        (SHIFT, 0, 100, Unmeasured.NO_EFFECT),
        (SHIFT, NAN, 100, Unmeasured.NOT_A_NUMBER),
    ],
)
def test_what_cannot_be_planned_says_why(
    plan: Plan, effect: float, units: float, reason: Unmeasured
) -> None:
    assert power(plan, effect, units) == NotMeasured(reason)
    assert units_needed(plan, effect) == NotMeasured(reason)
    assert days_needed(plan, effect, 50) == NotMeasured(reason)


def test_what_is_out_of_reach_is_said() -> None:
    assert power(SHIFT, 1, 0) == NotMeasured(Unmeasured.NO_UNITS)
    assert power(SHIFT, 1, NAN) == NotMeasured(Unmeasured.NOT_A_NUMBER)
    # So few that even an enormous lift spreads as much as it rises.
    assert minimum_effect(Plan(1.0, 9.0), 10) == NotMeasured(Unmeasured.UNREACHABLE)
    assert units_needed(SHIFT, 1e-9) == NotMeasured(Unmeasured.UNREACHABLE)
    for monitoring in (None, Monitoring()):
        slow = replace(SHIFT, monitoring=monitoring)
        assert days_needed(slow, 0.01, 3) == NotMeasured(Unmeasured.UNREACHABLE)
    assert more_needed(SEEN, 1e-7) == NotMeasured(Unmeasured.UNREACHABLE)


@pytest.mark.parametrize("daily", [0.0, -5.0, NAN, math.inf])
def test_without_traffic_there_is_no_day(daily: float) -> None:
    assert days_needed(SHIFT, 1.0, daily) == NotMeasured(Unmeasured.NO_TRAFFIC)
    assert days_left(Needed(1.0, 100), daily) == NotMeasured(Unmeasured.NO_TRAFFIC)


def test_what_was_not_measured_has_no_power() -> None:
    reason = NotMeasured(Unmeasured.NO_UNITS)
    assert power_so_far(reason, 0.1) == more_needed(reason, 0.1) == reason
    assert detectable_effect(reason) == days_left(reason, 10) == reason
    assert power_so_far(SEEN, 0.0) == NotMeasured(Unmeasured.NO_EFFECT)
    assert more_needed(SEEN, NAN) == NotMeasured(Unmeasured.NOT_A_NUMBER)
