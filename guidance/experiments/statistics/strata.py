"""Post-stratification: arms compared within strata known before the experiment, then put together.

Miratrix, Sekhon, Yu: Adjusting Treatment Effect Estimates by Post-Stratification in Randomized
Experiments (JRSS B 2013). Each stratum weighs what it holds of both arms together, so an arm that
happens to have drawn more of one kind of shopper is put right. Strata are themselves a sample:
where the effect differs between them, that variance is added. Works on means, proportions and
ratios, with a covariate (CUPED) or without.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np

from guidance.experiments.adjusted_samples import (
    CupedRatioSample,
    CupedSample,
    ratio_gradient,
    slope,
)
from guidance.experiments.samples import MeanSample, ProportionSample, RatioSample, Vector
from guidance.experiments.statistics.checks import FEWEST_SUCCESSES, incomparable, too_small
from guidance.experiments.statistics.effects import Joint, effect_of, measure, welch_dof
from guidance.experiments.statistics.results import Effect, NotMeasured, Unmeasured

Stratified = MeanSample | ProportionSample | RatioSample | CupedSample | CupedRatioSample
Stratum = tuple[Stratified, Stratified]

# A stratum with fewer units in an arm joins the others like it: a variance of a handful of units
# says little, and a stratum that one arm hardly has would weigh a few of its units heavily.
FEWEST_IN_STRATUM = 10


def measure_stratified(
    strata: Sequence[Stratum], *, relative: bool = False, fewest: int = FEWEST_SUCCESSES
) -> Effect | NotMeasured:
    """Return the effect over strata of (control, treatment); all samples of one kind."""
    if not strata:
        return NotMeasured(Unmeasured.NO_UNITS)
    for stratum in strata:
        for sample in stratum:
            problem = too_small(sample) if sample.n > 1 else None
            # A ratio is made of the whole: a stratum may have nothing to divide by.
            if problem and problem.reason != Unmeasured.NO_DENOMINATOR:
                return problem
    whole = _together(strata)
    if problem := incomparable(*whole, fewest=fewest):
        return problem
    kept = _thick(strata)
    if len(kept) == 1:
        return measure(*kept[0], relative=relative, fewest=fewest)
    return effect_of(_joint(kept), relative=relative)


def _together(strata: Sequence[Stratum]) -> Stratum:
    control, treatment = (reduce(add, arm) for arm in zip(*strata, strict=True))
    return control, treatment


def _thick(strata: Sequence[Stratum]) -> list[Stratum]:
    """Return the strata with enough units in both arms; the others are put together."""
    thick: list[Stratum] = []
    thin: list[Stratum] = []
    for stratum in strata:
        (thin if _smaller(stratum) < FEWEST_IN_STRATUM else thick).append(stratum)
    if not thin:
        return thick
    rest = _together(thin)
    if thick and _smaller(rest) < FEWEST_IN_STRATUM:
        smallest = min(thick, key=_smaller)
        thick.remove(smallest)
        rest = _together([smallest, rest])
    return [*thick, rest]


def _smaller(stratum: Stratum) -> int:
    return min(stratum[0].n, stratum[1].n)


def _joint(strata: Sequence[Stratum]) -> Joint:
    units = sum(control.n + treatment.n for control, treatment in strata)
    weights = np.array([(control.n + treatment.n) / units for control, treatment in strata])
    arms = [
        [_columns(sample) for sample in arm]
        for arm in zip(*(_slopes_out(*stratum) for stratum in strata), strict=True)
    ]
    centre = [weights @ np.array([column.means for column in arm]) for arm in arms]
    kind = strata[0][0]
    theta = _ratio_theta(strata, centre) if isinstance(kind, CupedRatioSample) else 0.0
    control, own_slope = _value(kind, centre[0], theta)
    base, base_slope = _base(kind, centre[0])
    treatment, other_slope = _value(kind, centre[1], theta)
    # Rows of (A, A0, B): derivatives by the control's columns, then by the treatment's.
    zero = np.zeros(len(own_slope))
    slopes = np.array([[*own_slope, *zero], [*base_slope, *zero], [*zero, *other_slope]])
    covariance = slopes @ _covariance(arms, weights, centre, units) @ slopes.T
    parts = [
        (weight**2 * float(gradient @ column.covariances @ gradient) / column.n, column.n)
        for arm, gradient in zip(arms, (own_slope, other_slope), strict=True)
        for weight, column in zip(weights, arm, strict=True)
    ]
    dof = welch_dof(tuple(part for part, _ in parts), tuple(n for _, n in parts))
    growth = None
    if isinstance(kind, CupedSample) and base:
        growth = _base(kind, centre[1])[0] / base
    return Joint(control, base, treatment, covariance, dof, units, growth)


@dataclass(frozen=True)
class _Columns:
    """What is averaged over strata of one arm in one of them: a unit's means and covariances."""

    n: int
    means: Vector
    covariances: Vector


def _slopes_out(control: Stratified, treatment: Stratified) -> Stratum:
    """Adjust means within their stratum and arm, each stratum by a slope of its own."""
    if not (isinstance(control, CupedSample) and isinstance(treatment, CupedSample)):
        return control, treatment
    above = sum((sample.n - 1) * sample.covariance for sample in (control, treatment))
    below = sum((sample.n - 1) * sample.pre.variance for sample in (control, treatment))
    theta = slope(above, below)
    return replace(control, theta=theta), replace(treatment, theta=theta)


def _columns(sample: Stratified) -> _Columns:
    """Return a sample's columns: of an adjusted mean, the adjusted and the unadjusted value."""
    if not isinstance(sample, CupedSample):
        return _Columns(sample.n, sample.means, sample.covariances)
    both = sample.base_covariance
    covariances = np.array([[sample.variance, both], [both, sample.base_variance]])
    return _Columns(sample.n, np.array([sample.mean, sample.base]), covariances)


def _covariance(
    arms: Sequence[Sequence[_Columns]], weights: Vector, centre: Sequence[Vector], units: int
) -> Vector:
    """Return the covariance of both arms' weighted means: within strata, and of the weights."""
    apart = np.hstack(
        [
            np.array([column.means for column in arm]) - middle
            for arm, middle in zip(arms, centre, strict=True)
        ]
    )
    table = (apart.T * weights) @ apart / units
    width = len(centre[0])
    for place, arm in enumerate(arms):
        within = [
            weight**2 * column.covariances / column.n
            for weight, column in zip(weights, arm, strict=True)
        ]
        block = slice(place * width, (place + 1) * width)
        table[block, block] += np.sum(within, axis=0)
    return np.asarray(table)


def _value(kind: Stratified, means: Vector, theta: float) -> tuple[float, Vector]:
    """Return the figure that these means make, and its derivatives."""
    if not isinstance(kind, RatioSample | CupedRatioSample):
        return float(means[0]), np.eye(len(means))[0]
    value, derivatives = float(means[0] / means[1]), ratio_gradient(means, 0)
    if theta:
        value -= theta * float(means[2] / means[3])
        derivatives = derivatives - theta * ratio_gradient(means, 2)
    return value, derivatives


def _base(kind: Stratified, means: Vector) -> tuple[float, Vector]:
    """Return the unadjusted figure and its derivatives."""
    if isinstance(kind, CupedSample):
        return float(means[1]), np.eye(2)[1]
    return _value(kind, means, 0.0)


def _ratio_theta(strata: Sequence[Stratum], centre: Sequence[Vector]) -> float:
    """Return one theta for all strata of a ratio: the slope within them."""
    above = below = 0.0
    if not all(middle[3] for middle in centre):
        return 0.0
    for stratum in strata:
        for sample, middle in zip(stratum, centre, strict=True):
            post, pre = ratio_gradient(middle, 0), ratio_gradient(middle, 2)
            above += sample.n * float(post @ sample.covariances @ pre)
            below += sample.n * float(pre @ sample.covariances @ pre)
    return slope(above, below)
