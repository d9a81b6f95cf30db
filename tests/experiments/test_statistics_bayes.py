"""Bayesian inference on an effect."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from guidance.experiments.statistics import (
    Effect,
    NotMeasured,
    Posterior,
    Prior,
    Unmeasured,
    believe,
    expected_losses,
)

EFFECT = Effect(0.03, 0.02, 998.0, 1000, 4.0)


def _believed(effect: Effect, **options: object) -> Posterior:
    found = believe(effect, **options)  # type: ignore[arg-type]
    assert isinstance(found, Posterior)
    return found


def test_a_posterior_is_prior_times_likelihood() -> None:
    prior = Prior(-0.01, 0.03**2)
    got = _believed(EFFECT, prior=prior, confidence=0.9)
    grid = np.linspace(-0.3, 0.3, 200_001)
    density = stats.norm.pdf(grid, -0.01, 0.03) * stats.norm.pdf(0.03, grid, 0.02)
    density /= density.sum()
    mean = float(grid @ density)
    assert got.value == pytest.approx(mean, abs=1e-9)
    assert got.deviation == pytest.approx(math.sqrt((grid - mean) ** 2 @ density))
    assert got.chance_to_win == pytest.approx(density[grid > 0].sum(), abs=1e-4)
    assert got.loss_of_control == pytest.approx(np.maximum(grid, 0) @ density, rel=1e-6)
    assert got.loss_of_treatment == pytest.approx(np.maximum(-grid, 0) @ density, rel=1e-6)
    inside = density[(grid > got.low) & (grid < got.high)].sum()
    assert inside == pytest.approx(0.9, abs=1e-4)


def test_without_a_prior_the_data_speak_alone() -> None:
    got = _believed(EFFECT)
    assert (got.value, got.deviation) == pytest.approx((0.03, 0.02))
    assert (got.low, got.high) == pytest.approx((0.03 - 1.959964 * 0.02, 0.03 + 1.959964 * 0.02))
    weak = _believed(EFFECT, prior=Prior(5.0, 1e9))
    assert weak.value == pytest.approx(got.value, abs=1e-6)


def test_a_strong_prior_is_hard_to_move() -> None:
    got = _believed(EFFECT, prior=Prior(0.0, 1e-8))
    assert abs(got.value) < 1e-4
    assert got.chance_to_win == pytest.approx(0.5, abs=0.01)


def test_where_less_is_better_winning_is_turned_round() -> None:
    more, less = _believed(EFFECT), _believed(EFFECT, less_is_better=True)
    assert less.chance_to_win == pytest.approx(1 - more.chance_to_win)
    assert (less.loss_of_control, less.loss_of_treatment) == (
        more.loss_of_treatment,
        more.loss_of_control,
    )
    assert (less.value, less.low) == (more.value, more.low)


@pytest.mark.parametrize("mean", [-3.0, -0.2, 0.0, 0.4, 2.0])
@pytest.mark.parametrize("deviation", [0.05, 1.0, 7.0])
def test_expected_losses_by_integration(mean: float, deviation: float) -> None:
    gain, _ = (
        integrate.quad(
            lambda x: x * stats.norm.pdf(x, mean, deviation),
            0,
            mean + 40 * deviation,
            points=[mean],
        )
        if mean + 40 * deviation > 0
        else (0.0, 0.0)
    )
    got = expected_losses(mean, deviation)
    assert got[0] == pytest.approx(gain, abs=1e-9)
    assert got[0] - got[1] == pytest.approx(mean)


def test_losses_of_the_certain_are_no_nonsense() -> None:
    assert expected_losses(1e6, 1e-9) == (1e6, 0.0)
    assert expected_losses(-1e6, 1e-9) == (0.0, 1e6)
    assert expected_losses(0.0, 1e-300)[0] >= 0


def test_the_prior_of_a_lift_is_that_of_a_difference_at_the_controls_scale() -> None:
    lift = _believed(EFFECT, prior=Prior(0.01, 0.002))
    scaled = Effect(0.03 * 4, 0.02 * 4, 998.0, 1000, 4.0)
    difference = _believed(scaled, prior=Prior(0.01, 0.002).times(4.0))
    assert difference.value == pytest.approx(4 * lift.value)
    assert difference.chance_to_win == pytest.approx(lift.chance_to_win)


@pytest.mark.parametrize(("mean", "variance"), [(math.nan, 1), (0, 0), (0, -1), (0, math.inf)])
def test_a_prior_that_is_none(mean: float, variance: float) -> None:
    with pytest.raises(ValueError, match="a prior needs"):
        Prior(mean, variance)


def test_what_is_not_measured_is_not_believed() -> None:
    reason = NotMeasured(Unmeasured.NO_SPREAD)
    assert believe(reason) == reason
