"""Effects: differences and lifts, one- and two-sided, with a covariate, as ratios."""

import math
from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from guidance.experiments.adjusted_samples import CupedRatioSample, CupedSample
from guidance.experiments.samples import MeanSample, ProportionSample, RatioSample
from guidance.experiments.statistics import (
    Comparison,
    Effect,
    NotMeasured,
    Side,
    Unmeasured,
    compare,
    difference,
    measure,
    relative_lift,
)

RANDOM = np.random.default_rng(20)
FIRST = RANDOM.gamma(2, 10, 120) - 5
SECOND = RANDOM.gamma(2, 13, 90) - 5


def _measured(found: Effect | NotMeasured) -> Effect:
    assert isinstance(found, Effect), found
    return found


def _compared(found: Comparison | NotMeasured) -> Comparison:
    assert isinstance(found, Comparison), found
    return found


@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("scale", [1, -1, 1e-4, 1e6])
def test_differences_agree_with_statsmodels(confidence: float, scale: float) -> None:
    a, b = FIRST * scale, SECOND * scale
    got = _compared(difference(MeanSample.of(a), MeanSample.of(b), confidence=confidence))
    oracle = CompareMeans(DescrStatsW(b), DescrStatsW(a))
    _t, p_value, _dof = oracle.ttest_ind(usevar="unequal")
    ends = oracle.tconfint_diff(alpha=1 - confidence, usevar="unequal")
    assert got.p_value == pytest.approx(p_value, rel=1e-9)
    assert (got.low, got.high) == pytest.approx(ends, rel=1e-9)


@pytest.mark.parametrize(("side", "alternative"), [(Side.ABOVE, "larger"), (Side.BELOW, "smaller")])
def test_one_sided_tests_agree_with_statsmodels(side: Side, alternative: str) -> None:
    effect = measure(MeanSample.of(FIRST), MeanSample.of(SECOND))
    got = _compared(compare(effect, side=side, null=1.5))
    oracle = CompareMeans(DescrStatsW(SECOND), DescrStatsW(FIRST))
    _t, p_value, _dof = oracle.ttest_ind(alternative=alternative, usevar="unequal", value=1.5)
    low, high = oracle.tconfint_diff(alternative=alternative, usevar="unequal")
    assert got.p_value == pytest.approx(p_value)
    assert (got.low, got.high) == pytest.approx((low, high))
    assert math.isinf(got.high if side == Side.ABOVE else got.low)


def test_a_lift_by_hand() -> None:
    # Control: mean 10, variance 4, 16 units. Treatment: mean 12, variance 9, 25 units.
    control = MeanSample(16, 160, 4 * 15 + 1600)
    treatment = MeanSample(25, 300, 9 * 24 + 3600)
    effect = _measured(measure(control, treatment, relative=True))
    assert effect.value == pytest.approx(0.2)
    assert effect.standard_error**2 == pytest.approx(9 / 25 / 100 + 4 / 16 * 144 / 10_000)
    a, b = 4 / 16, 9 / 25
    assert effect.dof == pytest.approx((a + b) ** 2 / (a**2 / 15 + b**2 / 24))
    assert (effect.units, effect.base) == (41, 10)


def test_up_is_up_whatever_the_sign_of_the_base() -> None:
    """Refunds: a control that loses 10 a shopper, a treatment that loses 12, or 8."""
    for sign in (1, -1):
        control, more = MeanSample.of(sign * FIRST), MeanSample.of(sign * FIRST + 2)
        effect = _measured(measure(control, more, relative=True))
        assert effect.value == pytest.approx(2 / abs(control.mean))
    up = _measured(measure(MeanSample.of(FIRST), MeanSample.of(SECOND), relative=True))
    down = _measured(measure(MeanSample.of(-FIRST), MeanSample.of(-SECOND), relative=True))
    assert down.value == pytest.approx(-up.value)
    assert down.standard_error == pytest.approx(up.standard_error)


def test_samples_of_days_add_up_to_the_sample_of_all() -> None:
    pairs = list(zip(FIRST, FIRST[::-1] ** 2, strict=True))
    rows = [(a, b, a + 1, b + 2) for a, b in pairs]
    days = slice(0, 40), slice(40, 120)
    for kind, values in (
        (MeanSample, list(FIRST)),
        (RatioSample, pairs),
        (CupedSample, pairs),
        (CupedRatioSample, rows),
    ):
        early, late = (kind.of(values[day]) for day in days)
        whole = kind.of(values)
        both = early + late
        assert both.n == whole.n == 120
        assert (both.mean, both.variance) == pytest.approx((whole.mean, whole.variance))
    assert ProportionSample(7, 3) + ProportionSample(5, 1) == ProportionSample(12, 4)


def test_the_order_of_rows_changes_no_digit() -> None:
    shuffled = np.random.default_rng(1).permutation(FIRST)
    assert MeanSample.of(FIRST) == MeanSample.of(shuffled)
    pairs = [(a, b) for a, b in zip(FIRST, FIRST**2, strict=True)]
    assert CupedSample.of(pairs) == CupedSample.of(reversed(pairs))
    assert RatioSample.of(pairs) == RatioSample.of(reversed(pairs))


def test_a_ratios_variance_agrees_with_a_clustered_regression() -> None:
    bottoms = RANDOM.integers(1, 9, 200).astype(float)
    tops = RANDOM.binomial(bottoms.astype(int), 0.3).astype(float)
    sample = RatioSample.of(zip(tops, bottoms, strict=True))
    oracle = sm.WLS(tops / bottoms, np.ones(200), weights=bottoms).fit(cov_type="HC1")
    assert sample.mean == pytest.approx(oracle.params[0])
    assert math.sqrt(sample.variance / sample.n) == pytest.approx(oracle.bse[0])


def _before_and_after(n: int, effect: float, seed: int) -> list[tuple[float, float]]:
    random = np.random.default_rng(seed)
    before = random.gamma(2, 10, n)
    after = 5 + 0.8 * before + random.normal(effect, 4, n)
    return list(zip(after, before, strict=True))


def test_a_covariate_takes_out_its_noise_with_the_slope_of_a_regression() -> None:
    control, treatment = _before_and_after(300, 0, 1), _before_and_after(280, 2, 2)
    posts, pres = np.array(control + treatment).T
    theta = sm.OLS(posts, sm.add_constant(pres)).fit().params[1]
    adjusted = _measured(measure(CupedSample.of(control), CupedSample.of(treatment)))
    (a, x), (b, y) = np.array(control).T, np.array(treatment).T
    left, right = a - theta * x, b - theta * y
    oracle = CompareMeans(DescrStatsW(right), DescrStatsW(left))
    assert adjusted.value == pytest.approx(right.mean() - left.mean())
    assert adjusted.standard_error == pytest.approx(oracle.std_meandiff_separatevar)
    plain = _measured(measure(MeanSample.of(a), MeanSample.of(b)))
    assert adjusted.standard_error < 0.4 * plain.standard_error
    lifted = _measured(measure(CupedSample.of(control), CupedSample.of(treatment), relative=True))
    assert lifted.value == pytest.approx((right.mean() - left.mean()) / a.mean())


def test_a_covariate_of_proportions() -> None:
    control = CupedSample(ProportionSample(400, 100), ProportionSample(400, 90), 60)
    treatment = CupedSample(ProportionSample(400, 130), ProportionSample(400, 95), 70)
    effect = _measured(measure(control, treatment))
    theta = (130 / 800 - 230 * 185 / 800**2) / (185 / 800 * 615 / 800)
    assert effect.value == pytest.approx(30 / 400 - theta * 5 / 400)
    plain = _measured(measure(control.post, treatment.post))
    assert effect.standard_error < plain.standard_error


def test_a_covariate_of_ratios_with_constant_denominators_is_that_of_means() -> None:
    control, treatment = _before_and_after(300, 0, 1), _before_and_after(280, 2, 2)

    def ratios(pairs: list[tuple[float, float]]) -> CupedRatioSample:
        return CupedRatioSample.of([(2 * after, 2, 4 * before, 4) for after, before in pairs])

    got = _measured(measure(ratios(control), ratios(treatment)))
    means = _measured(measure(CupedSample.of(control), CupedSample.of(treatment)))
    # The slopes differ by what lies between the arms.
    assert got.value == pytest.approx(means.value, rel=1e-2)
    assert got.standard_error == pytest.approx(means.standard_error, rel=1e-3)
    assert ratios(control).unadjusted.mean == pytest.approx(np.mean(control, axis=0)[0])


def test_a_covariate_that_says_nothing_changes_nothing() -> None:
    for before in (0.0, 3.0):
        arms = [[(value, before) for value in arm] for arm in (FIRST, SECOND)]
        got = _measured(measure(*(CupedSample.of(arm) for arm in arms), relative=True))
        plain = _measured(measure(MeanSample.of(FIRST), MeanSample.of(SECOND), relative=True))
        assert replace(got, dof=0) == pytest.approx(replace(plain, dof=0)) or got == plain
    rows = [[(value, 1.0, 0.0, 0.0) for value in arm] for arm in (FIRST, SECOND)]
    got = _measured(measure(*(CupedRatioSample.of(arm) for arm in rows), relative=True))
    assert got.value == pytest.approx(plain.value)
    assert got.standard_error == pytest.approx(plain.standard_error)


SOME = MeanSample.of([1.0, 2.0, 4.0])
NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (MeanSample.of([]), Unmeasured.NO_UNITS),
        (MeanSample.of([3.0]), Unmeasured.ONE_UNIT),
        (MeanSample.of([3.0] * 9), Unmeasured.NO_SPREAD),
        (MeanSample.of([0.0] * 9), Unmeasured.NO_SPREAD),
        (MeanSample.of([1e9 + 0.1] * 9), Unmeasured.NO_SPREAD),
        (MeanSample.of([1.0, NAN, 3.0]), Unmeasured.NOT_A_NUMBER),
        (MeanSample.of([1.0, INFINITE]), Unmeasured.NOT_A_NUMBER),
        (MeanSample(3, 30.0, 1.0), Unmeasured.IMPOSSIBLE),
        (MeanSample(-3, 1.0, 1.0), Unmeasured.IMPOSSIBLE),
    ],
)
def test_an_arm_that_tells_nothing_says_why(sample: MeanSample, reason: Unmeasured) -> None:
    for pair in ((sample, SOME), (SOME, sample)):
        for relative in (False, True):
            assert measure(*pair, relative=relative) == NotMeasured(reason)


@pytest.mark.parametrize(
    ("sample", "reason"),
    [
        (ProportionSample(0, 0), Unmeasured.NO_UNITS),
        (ProportionSample(10, 11), Unmeasured.IMPOSSIBLE),
        (ProportionSample(10, -1), Unmeasured.IMPOSSIBLE),
        (ProportionSample(100, 0), Unmeasured.TOO_FEW),
        (ProportionSample(100, 100), Unmeasured.TOO_FEW),
        (RatioSample.of([]), Unmeasured.NO_UNITS),
        (RatioSample.of([(1, 1), (2, -1)]), Unmeasured.NO_DENOMINATOR),
        (RatioSample.of([(NAN, 1), (2, 1)]), Unmeasured.NOT_A_NUMBER),
        (RatioSample.of([(1, 2), (1, 3)]), Unmeasured.TOO_FEW),
        (RatioSample.of([(0.5, 1)] * 9, cases=False), Unmeasured.NO_SPREAD),
        (CupedSample.of([]), Unmeasured.NO_UNITS),
        (CupedSample.of([(1, 1)]), Unmeasured.ONE_UNIT),
        (CupedSample.of([(1, NAN), (2, 3)]), Unmeasured.NOT_A_NUMBER),
        (CupedSample.of([(1, 5), (2, 6), (4, 8)]), Unmeasured.NO_SPREAD),
        (CupedRatioSample.of([]), Unmeasured.NO_UNITS),
        (CupedRatioSample.of([(1, 0, 1, 1), (2, 0, 1, 1)]), Unmeasured.NO_DENOMINATOR),
        (CupedRatioSample.of([(1, 1, 1, NAN), (2, 1, 1, 1)]), Unmeasured.NOT_A_NUMBER),
    ],
)
def test_every_kind_of_arm_says_why_it_tells_nothing(
    sample: ProportionSample, reason: Unmeasured
) -> None:
    assert measure(sample, sample) == NotMeasured(reason)


def test_a_base_of_zero_has_no_lift_but_a_difference() -> None:
    around_zero = MeanSample.of([-1.0, 0.0, 1.0])
    assert relative_lift(around_zero, SOME) == NotMeasured(Unmeasured.NO_BASELINE)
    assert isinstance(difference(around_zero, SOME), Comparison)


def test_money_may_be_negative_and_few() -> None:
    refunds = [RatioSample.of([(-3, 1), (1, 2), (x, 1)], cases=False) for x in (0.5, -2)]
    assert isinstance(measure(*refunds), Effect)
    assert _measured(measure(MeanSample.of(-FIRST), MeanSample.of(-SECOND))).value < 0


def test_unlike_samples_are_not_compared() -> None:
    with pytest.raises(TypeError, match="ProportionSample against MeanSample"):
        measure(ProportionSample(10, 5), SOME)


def test_no_input_yields_a_figure_that_is_no_number() -> None:
    """Everything that could go wrong, pairwise: a finite figure in its interval, or a reason."""
    values = (0.0, 1.0, -1.0, 1e-300, 1e-20, 1e20, 1e300, NAN)
    sizes = (1, 2, 10**9)
    samples = [
        MeanSample(n, total, squares) for n in sizes for total in values for squares in values
    ]
    assert len(samples) == 192
    measured = 0
    for control in samples[::2]:
        for treatment in samples[::3]:
            for relative in (False, True):
                found = compare(measure(control, treatment, relative=relative))
                if isinstance(found, Comparison):
                    measured += 1
                    assert math.isfinite(found.value), (control, treatment)
                    assert found.standard_error > 0
                    assert 0 <= found.p_value <= 1
                    assert found.low <= found.value <= found.high
    assert measured > 50


def test_lifts_are_covered_as_promised() -> None:
    """95 % intervals of a lift of 10 % on skewed values hold it in 95 of 100 cases."""
    random = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        a, b = random.gamma(1, 10, 300), random.gamma(1, 11, 200)
        got = _compared(relative_lift(MeanSample.of(a), MeanSample.of(b)))
        held += got.low <= 0.1 <= got.high
    assert stats.binomtest(held, 400, 0.95).pvalue > 0.001
