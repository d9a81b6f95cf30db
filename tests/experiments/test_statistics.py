"""Intervals of one arm against other libraries and simulated truth, and the sample ratio."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from guidance.experiments.samples import MeanSample, ProportionSample, RatioSample
from guidance.experiments.statistics import (
    Comparison,
    Estimate,
    NotMeasured,
    Period,
    SampleRatio,
    Unmeasured,
    clustered_proportion,
    difference,
    mean_interval,
    relative_lift,
    sample_ratio,
    sample_ratio_of_periods,
    wilson_interval,
)


def test_sample_ratio_with_shares_that_are_not_halves() -> None:
    got = sample_ratio([900, 100], [0.9, 0.1])
    assert isinstance(got, SampleRatio)
    assert (got.p_value, got.expected) == (pytest.approx(1.0), (900.0, 100.0))
    assert sample_ratio([900, 100, 3], [0.9, 0.1, 0]).p_value == 0  # nobody may be in arm three
    assert sample_ratio([10, 0], [1, 0]) == NotMeasured(Unmeasured.NO_SHARES)
    assert sample_ratio([10, 10], [0, 0]).p_value == 0


@pytest.mark.parametrize(("successes", "n"), [(0, 7), (1, 1), (3, 40), (40, 40), (731, 5000)])
def test_wilson_agrees_with_statsmodels(successes: int, n: int) -> None:
    got = wilson_interval(successes, n)
    assert isinstance(got, Estimate)
    expected = proportion_confint(successes, n, method="wilson")
    assert (got.low, got.high) == pytest.approx(expected, abs=1e-12)


def test_means_agree_with_scipy() -> None:
    values = np.random.default_rng(5).normal(4, 1, 30)
    other = np.random.default_rng(6).normal(4.5, 2, 45)
    got = mean_interval(MeanSample.of(values))
    assert isinstance(got, Estimate)
    expected = stats.t.interval(0.95, 29, values.mean(), stats.sem(values))
    assert (got.low, got.high) == pytest.approx(expected)
    welch = stats.ttest_ind(other, values, equal_var=False)
    both = difference(MeanSample.of(values), MeanSample.of(other))
    assert isinstance(both, Comparison)
    assert both.p_value == pytest.approx(welch.pvalue)
    limits = welch.confidence_interval()
    assert (both.low, both.high) == pytest.approx((limits.low, limits.high))


def test_correlated_rows_widen_the_interval_as_much_as_the_truth_asks() -> None:
    """Shoppers with tastes of their own: 95 % intervals must hold the true share about as often."""
    random = np.random.default_rng(11)
    held = naive = 0
    rounds = 400
    for _ in range(rounds):
        taste = random.beta(0.5, 4.5, 150)
        seen = random.integers(1, 9, 150)
        clicked = random.binomial(seen, taste)
        got = clustered_proportion(RatioSample.of(zip(clicked, seen, strict=True)))
        plain = wilson_interval(int(clicked.sum()), int(seen.sum()))
        assert isinstance(got, Estimate)
        assert isinstance(plain, Estimate)
        held += got.low <= 0.1 <= got.high
        naive += plain.low <= 0.1 <= plain.high
    assert held / rounds >= 0.92
    assert naive / rounds < 0.9


def test_rows_alone_in_their_unit_are_a_plain_proportion() -> None:
    got = clustered_proportion(RatioSample.of([(1, 1)] * 30 + [(0, 1)] * 170))
    plain = wilson_interval(30, 200)
    assert isinstance(got, Estimate)
    assert isinstance(plain, Estimate)
    assert (got.low, got.high) == pytest.approx((plain.low, plain.high), abs=0.002)


def test_no_clicks_at_all_still_have_an_interval_as_wide_as_the_units_allow() -> None:
    got = clustered_proportion(RatioSample.of([(0, 50)] * 10))
    assert isinstance(got, Estimate)
    assert (got.value, got.low) == (0, 0)
    assert got.high > 0.25  # ten shoppers, not five hundred rows


def test_no_interval_leaves_its_own_value_out() -> None:
    for n in range(2, 300):
        for rows in (1, 7):
            for pair in ((0, rows), (rows, rows), (0.7 * rows, rows)):
                got = clustered_proportion(RatioSample.of([pair] * n))
                assert isinstance(got, Estimate)
                assert 0.0 <= got.low <= got.value <= got.high <= 1.0, (n, pair, got)


def test_what_the_data_cannot_tell_is_not_measured() -> None:
    nobody, one, same = MeanSample(0, 0, 0), MeanSample(1, 4, 16), MeanSample.of([4] * 8)
    some = MeanSample.of([1, 2, 3])
    assert wilson_interval(0, 0) == NotMeasured(Unmeasured.NO_UNITS)
    assert clustered_proportion(RatioSample.of([])) == NotMeasured(Unmeasured.NO_UNITS)
    assert clustered_proportion(RatioSample.of([(1, 3)])) == NotMeasured(Unmeasured.ONE_UNIT)
    assert mean_interval(nobody) == NotMeasured(Unmeasured.NO_UNITS)
    assert mean_interval(one) == NotMeasured(Unmeasured.ONE_UNIT)
    assert mean_interval(same) == NotMeasured(Unmeasured.NO_SPREAD)
    for compare in (difference, relative_lift):
        assert compare(nobody, some) == NotMeasured(Unmeasured.NO_UNITS)
        assert compare(some, one) == NotMeasured(Unmeasured.ONE_UNIT)
        assert compare(same, same) == NotMeasured(Unmeasured.NO_SPREAD)
        few = compare(ProportionSample(100, 4), ProportionSample(100, 40))
        assert few == NotMeasured(Unmeasured.TOO_FEW)
        nearly_all = compare(ProportionSample(100, 50), ProportionSample(100, 97))
        assert nearly_all == NotMeasured(Unmeasured.TOO_FEW)
    around_zero = MeanSample.of([-1, 0, 1])
    assert relative_lift(around_zero, some) == NotMeasured(Unmeasured.NO_BASELINE)


def test_a_constant_that_is_no_round_number_has_no_spread() -> None:
    assert mean_interval(MeanSample.of([0.1] * 7)) == NotMeasured(Unmeasured.NO_SPREAD)
    ratio = RatioSample.of([(0.1 * seen, seen) for seen in (3, 5, 7)])
    assert ratio.variance == 0
    assert math.isfinite(clustered_proportion(RatioSample.of([(2, 3), (4, 6)])).high)


@pytest.mark.parametrize(
    ("counts", "shares"),
    [([500, 480, 530], [0.3, 0.3, 0.4]), ([9, 1], [0.5, 0.5]), ([10_000, 5_100, 4_900], [2, 1, 1])],
)
def test_the_sample_ratio_agrees_with_scipy(counts: list[int], shares: list[float]) -> None:
    expected = [sum(counts) * share / sum(shares) for share in shares]
    got = sample_ratio(counts, shares)
    assert isinstance(got, SampleRatio)
    assert got.p_value == pytest.approx(stats.chisquare(counts, expected).pvalue, rel=1e-9)


def test_an_arm_without_a_share_costs_no_degree_of_freedom() -> None:
    with_it = sample_ratio([1000, 1100, 0], [0.5, 0.5, 0.0])
    assert isinstance(with_it, SampleRatio)
    assert with_it == SampleRatio(
        pytest.approx(stats.chisquare([1000, 1100]).pvalue), (1050.0, 1050.0, 0.0)
    )


def test_units_that_came_under_other_shares_are_checked_against_those() -> None:
    early, late = Period([900, 100], [0.9, 0.1]), Period([510, 490], [0.5, 0.5])
    got = sample_ratio_of_periods([early, late])
    assert isinstance(got, SampleRatio)
    assert got.expected == (1400.0, 600.0)
    # The chi-squares add up: 0 and .4 on two degrees of freedom.
    assert got.p_value == pytest.approx(stats.chi2.sf(0.4, 2))
    # Against the latest shares alone, the sound split looks broken.
    assert sample_ratio([1410, 590], [0.5, 0.5]).p_value < 1e-9
    # One that broke both ways does not even out.
    both_ways = [Period([600, 400], [0.5, 0.5]), Period([400, 600], [0.5, 0.5])]
    assert sample_ratio_of_periods(both_ways).p_value < 1e-9
    # An arm that was closed later keeps what it got while it was open.
    closed = [Period([500, 500], [0.5, 0.5]), Period([80, 0], [1.0, 0.0])]
    assert sample_ratio_of_periods(closed) == SampleRatio(1.0, (580.0, 500.0))


@pytest.mark.parametrize(
    ("counts", "shares", "reason"),
    [
        ([], [], Unmeasured.NO_UNITS),
        ([0, 0], [0.5, 0.5], Unmeasured.NO_UNITS),
        ([5, float("nan")], [0.5, 0.5], Unmeasured.NOT_A_NUMBER),
        ([5, 5], [0.5, float("nan")], Unmeasured.NOT_A_NUMBER),
        ([5, -5], [0.5, 0.5], Unmeasured.IMPOSSIBLE),
        ([5, 5], [1.5, -0.5], Unmeasured.IMPOSSIBLE),
        ([5], [1.0], Unmeasured.NO_SHARES),
    ],
)
def test_a_split_that_cannot_be_checked_says_why(
    counts: list[int], shares: list[float], reason: Unmeasured
) -> None:
    assert sample_ratio(counts, shares) == NotMeasured(reason)


@pytest.mark.parametrize(
    ("successes", "n", "reason"),
    [
        (float("nan"), 10, Unmeasured.NOT_A_NUMBER),
        (5, float("inf"), Unmeasured.NOT_A_NUMBER),
        (11, 10, Unmeasured.IMPOSSIBLE),
        (-1, 10, Unmeasured.IMPOSSIBLE),
        (0, -1, Unmeasured.IMPOSSIBLE),
    ],
)
def test_a_share_of_nonsense_is_no_share(successes: float, n: float, reason: Unmeasured) -> None:
    assert wilson_interval(successes, n) == NotMeasured(reason)
