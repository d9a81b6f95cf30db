"""Intervals and tests against published vectors, other libraries and simulated truth."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from guidance.experiments.samples import MeanSample, ProportionSample, RatioSample, Sample
from guidance.experiments.statistics import (
    Comparison,
    Estimate,
    NotMeasured,
    SampleRatio,
    Unmeasured,
    clustered_proportion,
    difference,
    mean_interval,
    relative_lift,
    sample_ratio,
    wilson_interval,
)


@pytest.fixture(scope="session")
def vectors(shared_data: Path) -> list[dict[str, Any]]:
    return json.loads((shared_data / "experiments" / "stats_vectors.json").read_text())["vectors"]


def _sample(data: dict[str, Any]) -> Sample:
    if data["kind"] == "mean":
        return MeanSample(data["n"], data["sum"], data["sum_squares"])
    if data["kind"] == "proportion":
        return ProportionSample(data["n"], data["sum"])
    return RatioSample(
        n=data["n"],
        numerator=data["m"]["sum"],
        numerator_squares=data["m"]["sum_squares"],
        denominator=data["d"]["sum"],
        denominator_squares=data["d"]["sum_squares"],
        products=data["m_d_sum_of_products"],
    )


def test_published_lifts_of_means_proportions_and_ratios(vectors: list[dict[str, Any]]) -> None:
    ours = [
        vector
        for vector in vectors
        if vector["test"] == "two_sided_t" and vector["family"] in {"frequentist", "ratio"}
    ]
    assert len(ours) == 3
    for vector in ours:
        expected, close = vector["expected"], {"abs": 0.6 * 10 ** -vector["decimals"], "rel": 0}
        lift = relative_lift(
            _sample(vector["input"]["control"]), _sample(vector["input"]["treatment"])
        )
        assert isinstance(lift, Comparison), vector["name"]
        assert lift.value == pytest.approx(expected["expected"], **close), vector["name"]
        assert lift.p_value == pytest.approx(expected["p"], **close), vector["name"]
        if "ci" in expected:
            assert [lift.low, lift.high] == pytest.approx(expected["ci"], **close), vector["name"]
            assert lift.standard_error == pytest.approx(expected["stddev"], **close)


def test_published_signs_of_lift_and_difference(vectors: list[dict[str, Any]]) -> None:
    ours = [vector for vector in vectors if vector["test"] == "frequentist_diff"]
    assert len(ours) == 3
    for vector in ours:
        compare = relative_lift if vector["input"]["relative"] else difference
        a, b = (vector["input"][key] for key in ("mean_a", "mean_b"))
        # Any spread will do: ten units of each side around the mean.
        samples = [MeanSample(10, 10 * mean, 10 * mean * mean + 9) for mean in (a, b)]
        got = compare(*samples)
        assert isinstance(got, Comparison)
        assert got.value == pytest.approx(vector["expected"]["value"])


def test_published_variance_of_a_difference(vectors: list[dict[str, Any]]) -> None:
    [vector] = [v for v in vectors if v["test"] == "frequentist_variance"]
    given = vector["input"]

    def sample(arm: str) -> MeanSample:
        n, mean, variance = (given[f"{key}_{arm}"] for key in ("n", "mean", "var"))
        return MeanSample(n, n * mean, variance * (n - 1) + n * mean * mean)

    got = difference(sample("a"), sample("b"))
    assert isinstance(got, Comparison)
    assert got.standard_error**2 == pytest.approx(vector["expected"]["value"], abs=1e-5)


def test_published_sample_ratios(vectors: list[dict[str, Any]]) -> None:
    ours = [vector for vector in vectors if vector["family"] == "srm"]
    assert len(ours) == 4
    for vector in ours:
        got = sample_ratio(vector["input"]["users"], vector["input"]["weights"])
        if sum(vector["input"]["users"]) == 0:
            # The published engine says p = 1 about nobody; we say that nothing was measured.
            assert got == NotMeasured(Unmeasured.NO_UNITS)
            continue
        assert isinstance(got, SampleRatio)
        assert got.p_value == pytest.approx(vector["expected"]["p"], abs=1e-10)


def test_the_game_experiments_split_is_found_to_be_off(shared_data: Path) -> None:
    players = pd.read_csv(shared_data / "experiments" / "cookie_cats.csv")
    counts = players["version"].value_counts()
    got = sample_ratio([counts["gate_30"], counts["gate_40"]], [0.5, 0.5])
    assert isinstance(got, SampleRatio)
    assert got.is_off
    assert got.p_value == pytest.approx(0.0086, abs=1e-4)
    fair = sample_ratio([44_900, 45_289], [0.5, 0.5])
    assert isinstance(fair, SampleRatio)
    assert not fair.is_off


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
