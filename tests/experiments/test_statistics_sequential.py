"""Always-valid inference: the boundary, its p-values, its power."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import (
    Comparison,
    Effect,
    NotMeasured,
    Side,
    Unmeasured,
    always_valid,
    compare,
    measure,
)
from guidance.experiments.statistics.crossing import watch
from guidance.experiments.statistics.sequential import LARGEST_ONE_SIDED, boundary, mixing


def _effect(z: float, units: int = 10_000) -> Effect:
    return Effect(0.02 * z, 0.02, units - 2.0, units, 1.0)


def _valid(effect: Effect, **options: object) -> Comparison:
    found = always_valid(effect, **options)  # type: ignore[arg-type]
    assert isinstance(found, Comparison)
    return found


@pytest.mark.parametrize("units", [50, 2_000_000])
@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_the_boundary_is_where_the_mixed_likelihood_ratio_reaches_one_over_alpha(
    units: int, alpha: float
) -> None:
    """By numerical integration over the normal mixture, not by its closed form."""
    rho = math.sqrt(mixing(alpha, 5000))

    def evidence(z: float) -> float:
        def ratio(shift: float) -> float:
            seen = shift * math.sqrt(units)
            return math.exp(seen * z - seen * seen / 2) * stats.norm.pdf(shift, 0, rho)

        peak = z / math.sqrt(units) * units * rho**2 / (units * rho**2 + 1)
        width = 10 * rho / math.sqrt(units * rho**2 + 1)
        return float(integrate.quad(ratio, peak - width, peak + width, limit=200)[0])

    reached = optimize.brentq(lambda z: evidence(z) - 1 / alpha, 0.1, 30)
    assert boundary(units, alpha, tuning=5000) == pytest.approx(reached, rel=1e-4)


def test_the_sequence_is_narrowest_near_its_tuning() -> None:
    """Wider than one look's interval at every size, and least so where it was tuned to be."""
    sizes = np.geomspace(10, 1e8, 400)
    edges = [boundary(size, 0.05, tuning=5000) for size in sizes]
    assert min(edges) > stats.norm.isf(0.025)
    assert sizes[int(np.argmin(edges))] == pytest.approx(5000, rel=0.1)


@pytest.mark.parametrize("side", list(Side))
@pytest.mark.parametrize("z", [-6.0, -3.5, 2.5, 3.1, 4.0, 9.0])
def test_a_p_value_is_the_error_at_which_the_interval_ends_at_zero(side: Side, z: float) -> None:
    found = _valid(_effect(z), side=side)
    outside = found.low > 0 or found.high < 0
    assert (found.p_value < 0.05) == outside == found.is_clear
    if side == Side.BOTH and found.p_value < 1:
        seen = 10_000 * mixing(0.05, 5000)
        edge = math.sqrt(2 * (seen + 1) / seen * math.log(math.sqrt(seen + 1) / found.p_value))
        assert edge == pytest.approx(abs(z))


def test_p_values_do_not_overflow_and_stay_in_their_range() -> None:
    for z in (0.0, 1e-9, 50.0, 1e4, -1e4):
        for side in Side:
            p_value = _valid(_effect(z), side=side).p_value
            assert 0 <= p_value <= (1.0 if side == Side.BOTH else LARGEST_ONE_SIDED)
    assert _valid(_effect(1e4), side=Side.ABOVE).p_value == 0
    assert _valid(_effect(-1e4), side=Side.ABOVE).p_value == LARGEST_ONE_SIDED


def test_a_null_other_than_zero() -> None:
    shifted = _valid(_effect(4.0), null=0.08)
    assert shifted.p_value == 1
    assert _valid(_effect(8.0), null=0.08).p_value == pytest.approx(_valid(_effect(4.0)).p_value)


def test_always_valid_costs_width_and_never_gains_any() -> None:
    for units in (20, 300, 5000, 10**6):
        effect = _effect(1.0, units)
        once = compare(effect)
        assert isinstance(once, Comparison)
        assert _valid(effect).high > once.high


def test_what_is_not_measured_stays_so() -> None:
    reason = NotMeasured(Unmeasured.NO_UNITS)
    assert always_valid(reason) == reason == compare(reason)


def test_crossings_agree_with_published_constants_of_repeated_tests() -> None:
    """Armitage, McPherson, Rowe (1969): looks at 5 % each, and the errors that they add up to."""
    for looks, error in ((1, 0.05), (2, 0.083), (3, 0.107), (4, 0.126), (5, 0.142), (10, 0.193)):
        sizes = tuple(float(look) for look in range(1, looks + 1))
        edges = (float(stats.norm.isf(0.025)),) * looks
        assert watch(sizes, edges).crossed(0.0)[-1] == pytest.approx(error, abs=6e-4)


@pytest.mark.parametrize("two_sided", [True, False])
@pytest.mark.parametrize("drift", [-0.2, 0.0, 0.15, 0.6])
def test_two_looks_agree_with_the_bivariate_normal(two_sided: bool, drift: float) -> None:
    looks, edges = (9.0, 25.0), (2.2, 2.0)
    means = [drift * math.sqrt(look) for look in looks]
    together = stats.multivariate_normal(means, [[1, 0.6], [0.6, 1]])
    upper = np.array(edges)
    lower = -upper if two_sided else np.array([-40.0, -40.0])
    expected = 1 - together.cdf(upper, lower_limit=lower)
    got = watch(looks, edges, two_sided=two_sided).crossed(drift)
    assert got[-1] == pytest.approx(expected, abs=1e-5)
    first = stats.norm.sf(edges[0] - means[0])
    first += stats.norm.cdf(-edges[0] - means[0]) if two_sided else 0
    assert got[0] == pytest.approx(first)


def test_one_look_more_never_crosses_less() -> None:
    looks = tuple(100.0 * day for day in range(1, 60))
    edges = tuple(boundary(size, 0.05, tuning=5000) for size in looks)
    for drift in (0.0, 0.01, 0.05, 1.0, -1.0):
        chances = watch(looks, edges).crossed(drift)
        assert np.all(np.diff(chances) >= 0)
        assert 0 <= chances[0] <= chances[-1] <= 1
    assert watch(looks, edges).crossed(0.0)[-1] < 0.05


def test_daily_looks_at_arms_that_are_alike_seldom_find_anything() -> None:
    """150 experiments of 20 looks each: one look's interval errs often, the sequence does not."""
    random = np.random.default_rng(8)
    erred = peeked = 0
    for _ in range(150):
        control = treatment = MeanSample(0, 0.0, 0.0)
        clear = once = False
        for _day in range(20):
            control += MeanSample.of(random.exponential(1, 40))
            treatment += MeanSample.of(random.exponential(1, 40))
            effect = measure(control, treatment, relative=True)
            clear |= _valid(effect, tuning=800).p_value < 0.05  # type: ignore[arg-type]
            once |= compare(effect).p_value < 0.05  # type: ignore[union-attr]
        erred += clear
        peeked += once
    assert erred <= 7
    assert peeked >= 20
