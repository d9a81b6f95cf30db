"""Post-stratification."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from guidance.experiments.adjusted_samples import CupedRatioSample, CupedSample
from guidance.experiments.samples import MeanSample, ProportionSample, QuantileSample, RatioSample
from guidance.experiments.statistics import (
    Effect,
    NotMeasured,
    Unmeasured,
    measure,
    measure_stratified,
)


def _measured(found: Effect | NotMeasured) -> Effect:
    assert isinstance(found, Effect), found
    return found


def test_two_strata_by_hand() -> None:
    # Means 10 and 12 (variance 4, 20 and 20 units); 30 and 33 (variance 9, 40 and 20 units).
    low = MeanSample(20, 200, 4 * 19 + 2000), MeanSample(20, 240, 4 * 19 + 2880)
    high = MeanSample(40, 1200, 9 * 39 + 36_000), MeanSample(20, 660, 9 * 19 + 21_780)
    effect = _measured(measure_stratified([low, high]))
    assert effect.value == pytest.approx(0.4 * 2 + 0.6 * 3)
    within = 0.16 * (4 / 20 + 4 / 20) + 0.36 * (9 / 40 + 9 / 20)
    between = (0.4 * (2 - 2.6) ** 2 + 0.6 * (3 - 2.6) ** 2) / 100
    assert effect.standard_error**2 == pytest.approx(within + between)
    assert (effect.units, effect.base) == (100, pytest.approx(22))
    lift = _measured(measure_stratified([low, high], relative=True))
    assert lift.value == pytest.approx(2.6 / 22)


def test_an_arm_that_drew_more_of_one_kind_is_put_right() -> None:
    """The treatment does nothing, but got more big spenders: only strata see through it."""
    random = np.random.default_rng(4)
    small = [MeanSample.of(random.normal(10, 2, n)) for n in (700, 300)]
    big = [MeanSample.of(random.normal(90, 5, n)) for n in (100, 300)]
    naive = _measured(measure(small[0] + big[0], small[1] + big[1]))
    assert naive.value > 20
    effect = _measured(measure_stratified([tuple(small), tuple(big)]))
    assert abs(effect.value) < 3 * effect.standard_error < 1


def test_many_strata_agree_with_a_regression_on_them() -> None:
    """Lin's regression (2013): arm x centred strata, its clustered error by and large the same."""
    random = np.random.default_rng(6)
    strata, arms = random.integers(0, 4, 4000), random.integers(0, 2, 4000)
    values = 5 * strata + (1 + 0.5 * strata) * arms + random.normal(0, 3, 4000)
    dummies = np.array([strata == number for number in (1, 2, 3)], float).T
    dummies -= dummies.mean(axis=0)
    design = np.column_stack([np.ones(4000), arms, dummies, dummies * arms[:, None]])
    oracle = sm.OLS(values, design).fit(cov_type="HC1")
    pairs = [
        tuple(MeanSample.of(values[(strata == number) & (arms == arm)]) for arm in (0, 1))
        for number in range(4)
    ]
    effect = _measured(measure_stratified(pairs))
    assert effect.value == pytest.approx(oracle.params[1])
    # The regression takes the strata's sizes for given; here they are a sample as well.
    assert oracle.bse[1] < effect.standard_error < 1.05 * oracle.bse[1]


def _kinds(random: np.random.Generator, n: int, level: float) -> dict[str, object]:
    before = random.gamma(2, level, n)
    after = before + random.normal(level, 1, n)
    bottoms = random.integers(1, 5, n).astype(float)
    return {
        "mean": MeanSample.of(after),
        "proportion": ProportionSample(n, int((after > 2 * level).sum())),
        "ratio": RatioSample.of(zip(after * bottoms, bottoms, strict=True)),
        "cuped": CupedSample.of(zip(after, before, strict=True)),
        "cuped_ratio": CupedRatioSample.of(
            zip(after * bottoms, bottoms, before * bottoms, bottoms, strict=True)
        ),
    }


@pytest.mark.parametrize("kind", ["mean", "proportion", "ratio", "cuped", "cuped_ratio"])
@pytest.mark.parametrize("relative", [False, True])
def test_every_kind_of_sample_gains_by_strata_that_matter(kind: str, relative: bool) -> None:
    random = np.random.default_rng(9)
    pairs = [
        tuple(_kinds(random, n, level)[kind] for n in sizes)
        for level, sizes in ((2.0, (300, 280)), (20.0, (150, 160)), (60.0, (40, 50)))
    ]
    stratified = _measured(measure_stratified(pairs, relative=relative))  # type: ignore[arg-type]
    whole = [pairs[0][arm] + pairs[1][arm] + pairs[2][arm] for arm in (0, 1)]  # type: ignore[operator]
    plain = _measured(measure(*whole, relative=relative))  # type: ignore[arg-type]
    assert stratified.units == plain.units
    assert stratified.standard_error < 1.02 * plain.standard_error
    if kind in {"mean", "ratio"}:
        assert stratified.standard_error < 0.8 * plain.standard_error
    alone = _measured(measure_stratified(pairs[:1], relative=relative))  # type: ignore[arg-type]
    assert alone == measure(*pairs[0], relative=relative)  # type: ignore[arg-type]


def test_strata_and_a_covariate_together_beat_either() -> None:
    random = np.random.default_rng(12)
    pairs = [
        tuple(_kinds(random, 200, level)["cuped"] for _ in (0, 1)) for level in (2.0, 20.0, 60.0)
    ]
    both = _measured(measure_stratified(pairs))  # type: ignore[arg-type]
    strata = _measured(measure_stratified([(a.post, b.post) for a, b in pairs]))  # type: ignore[attr-defined]
    assert both.standard_error < 0.5 * strata.standard_error


def test_strata_too_thin_for_a_variance_are_put_together() -> None:
    random = np.random.default_rng(2)

    def stratum(*sizes: int) -> tuple[MeanSample, ...]:
        return tuple(MeanSample.of(random.normal(5, 1, n)) for n in sizes)

    thick, thin, thinner, empty = stratum(80, 70), stratum(8, 30), stratum(30, 7), stratum(1, 0)
    got = measure_stratified([thick, thin, empty, thinner])
    rest = tuple(thin[arm] + empty[arm] + thinner[arm] for arm in (0, 1))
    assert got == measure_stratified([thick, rest])
    # What is still too thin joins the smallest of the others.
    other = stratum(50, 60)
    got = measure_stratified([thick, other, stratum_of(thin, empty)])
    assert got == measure_stratified([thick, stratum_of(other, thin, empty)])
    assert measure_stratified([thin, empty]) == measure(*stratum_of(thin, empty))


def stratum_of(*parts: tuple[MeanSample, ...]) -> tuple[MeanSample, MeanSample]:
    """Add strata up, in the order in which they are put together."""
    control, treatment = parts[0]
    for more in parts[1:]:
        control, treatment = control + more[0], treatment + more[1]
    return control, treatment


@pytest.mark.parametrize(
    ("stratum", "reason"),
    [
        ((MeanSample.of([]), MeanSample.of([1, 2])), Unmeasured.NO_UNITS),
        ((MeanSample.of([1]), MeanSample.of([1, 2])), Unmeasured.ONE_UNIT),
        ((MeanSample.of([1] * 20), MeanSample.of([1] * 20)), Unmeasured.NO_SPREAD),
        ((MeanSample.of([1, math.nan]), MeanSample.of([1, 2])), Unmeasured.NOT_A_NUMBER),
        ((MeanSample(20, 30.0, 1.0), MeanSample.of([1, 2])), Unmeasured.IMPOSSIBLE),
        ((ProportionSample(50, 2), ProportionSample(50, 20)), Unmeasured.TOO_FEW),
    ],
)
def test_strata_that_tell_nothing_say_why(
    stratum: tuple[MeanSample, MeanSample], reason: Unmeasured
) -> None:
    assert measure_stratified([stratum]) == NotMeasured(reason)


def test_no_strata_are_nobody_and_quantiles_have_none() -> None:
    assert measure_stratified([]) == NotMeasured(Unmeasured.NO_UNITS)
    quantile = QuantileSample(100, 0.5, 3.0, 2.0, 4.0)
    with pytest.raises(TypeError):
        measure_stratified([(quantile, quantile), (quantile, quantile)])  # type: ignore[list-item]


def test_a_stratum_may_have_nothing_to_divide_by() -> None:
    """Nobody of one kind rated anything: the ratio is made of the others, over both kinds."""
    none = RatioSample(50, 0, 0, 0, 0, 0)
    rated = RatioSample(50, 90, 415, 20, 20, 90), RatioSample(50, 120, 490, 30, 30, 120)
    effect = _measured(measure_stratified([(none, none), rated]))
    assert effect.value == pytest.approx(120 / 30 - 90 / 20)
