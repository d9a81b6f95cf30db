"""Quantiles from mergeable histograms."""

import math

import numpy as np
import pytest
from scipy import stats

from guidance.experiments.histograms import RESOLUTION, Histogram
from guidance.experiments.samples import QuantileSample
from guidance.experiments.statistics import Comparison, NotMeasured, Unmeasured, relative_lift

RANDOM = np.random.default_rng(31)


def _alone(values: np.ndarray) -> Histogram:
    return Histogram.of([value] for value in values)


@pytest.mark.parametrize("nu", [0.01, 0.25, 0.5, 0.9, 0.999])
@pytest.mark.parametrize(
    "values",
    [
        RANDOM.lognormal(3, 2, 5000),
        -RANDOM.lognormal(3, 2, 5000),
        RANDOM.normal(0, 1e-3, 5000),
        RANDOM.integers(0, 4, 5000).astype(float),
        np.array([5.0]),
        np.array([1e9, -1e9, 0.0, 1e-3]),
    ],
)
def test_a_quantile_is_within_the_stated_error_of_the_samples_own(
    values: np.ndarray, nu: float
) -> None:
    exact = float(np.quantile(values, nu, method="inverted_cdf"))
    assert _alone(values).quantile(nu) == pytest.approx(exact, rel=RESOLUTION, abs=1e-8)


def test_shards_add_up_to_the_same_digits_in_any_order() -> None:
    units = [list(RANDOM.lognormal(2, 1, RANDOM.integers(0, 6))) for _ in range(900)]
    whole = Histogram.of(units)
    shards = [Histogram.of(units[start::7]) for start in range(7)]
    for order in ([0, 1, 2, 3, 4, 5, 6], [6, 2, 4, 0, 1, 5, 3]):
        added = Histogram()
        for number in order:
            added = added + shards[number]
        assert added == whole
        assert added.sample(0.9) == whole.sample(0.9)
    assert Histogram.of(reversed(units)) == whole
    assert Histogram.from_json(whole.as_json()) == whole
    assert whole.values == sum(len(unit) for unit in units)
    assert whole.units == sum(bool(unit) for unit in units)


def test_one_value_a_unit_gives_the_binomial_interval_of_order_statistics() -> None:
    values = np.sort(RANDOM.lognormal(2, 1, 4000))
    got = _alone(values).sample(0.5)
    half = stats.norm.isf(0.025) * math.sqrt(0.25 / 4000)
    low, high = (values[math.ceil(4000 * (0.5 + sign * half)) - 1] for sign in (-1, 1))
    assert (got.low, got.high) == pytest.approx((low, high), rel=3 * RESOLUTION)
    # For the median of a lognormal, the error has a closed form.
    error = math.sqrt(got.variance / got.n)
    assert error == pytest.approx(math.e**2 * math.sqrt(math.pi / 2 / 4000), rel=0.15)


def test_values_of_one_unit_do_not_count_as_independent() -> None:
    """400 shoppers with 10 orders each, all much alike: the interval is that of 400 values."""
    own = RANDOM.lognormal(2, 1, 400)
    clustered = Histogram.of([[value * 1.0001**i for i in range(10)] for value in own])
    scattered = Histogram.of([value * 1.0001**i] for value in own for i in range(10))
    wide, narrow = (h.sample(0.5) for h in (clustered, scattered))
    assert wide.n == 400
    assert narrow.n == 4000
    once = _alone(own).sample(0.5)
    assert (wide.low, wide.high) == pytest.approx((once.low, once.high), rel=0.01)
    assert narrow.high - narrow.low < 0.5 * (wide.high - wide.low)


def test_intervals_of_a_quantiles_lift_cover_the_truth_for_clustered_values() -> None:
    """Shoppers with tastes of their own; the treatment's values are all 5 % higher."""
    random = np.random.default_rng(14)
    held, rounds = 0, 60

    def arm(scale: float) -> QuantileSample:
        tastes, sizes = random.normal(0, 0.5, 300), random.integers(1, 8, 300)
        return Histogram.of(
            scale * np.exp(taste + random.normal(0, 0.3, size))
            for taste, size in zip(tastes, sizes, strict=True)
        ).sample(0.75)

    for _ in range(rounds):
        got = relative_lift(arm(10.0), arm(10.5))
        assert isinstance(got, Comparison)
        held += got.low <= 0.05 <= got.high
    assert stats.binomtest(held, rounds, 0.95).pvalue > 0.01


SPREAD_OUT = _alone(RANDOM.lognormal(2, 1, 500))


@pytest.mark.parametrize(
    ("histogram", "nu", "reason"),
    [
        (Histogram(), 0.5, Unmeasured.NO_UNITS),
        (_alone(np.array([3.0])), 0.5, Unmeasured.ONE_UNIT),
        (_alone(RANDOM.normal(5, 1, 20)), 0.99, Unmeasured.UNPLACEABLE),
        (_alone(RANDOM.normal(5, 1, 3)), 0.5, Unmeasured.UNPLACEABLE),
        (_alone(np.array([9.99] * 400 + [1.0] * 50)), 0.5, Unmeasured.TIED),
        (_alone(np.array([0.0] * 900 + [5.0] * 100)), 0.5, Unmeasured.TIED),
        (_alone(np.array([1.0, 2.0, math.nan] * 50)), 0.5, Unmeasured.NOT_A_NUMBER),
        (_alone(np.array([1.0, 2.0, math.inf] * 50)), 0.5, Unmeasured.NOT_A_NUMBER),
    ],
)
def test_a_quantile_that_cannot_be_placed_says_why(
    histogram: Histogram, nu: float, reason: Unmeasured
) -> None:
    got = relative_lift(histogram.sample(nu), SPREAD_OUT.sample(nu))
    assert got == NotMeasured(reason)


@pytest.mark.parametrize("nu", [0.0, 1.0, -0.5, math.nan])
def test_a_quantile_lies_between_none_and_all(nu: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        SPREAD_OUT.sample(nu)
