"""The effect of a treatment: its value and standard error, absolute or relative.

Both arms' values A and B and the control's unadjusted value A0 are a point with a covariance; the
difference B - A is linear in it, and the lift (B - A) / |A0| has the delta method's variance.
"""

import math
from dataclasses import dataclass

import numpy as np

from guidance.experiments.adjusted_samples import (
    AnySample,
    CupedRatioSample,
    CupedSample,
    adjust,
)
from guidance.experiments.samples import Vector
from guidance.experiments.statistics.checks import FEWEST_SUCCESSES, SMALLEST, incomparable
from guidance.experiments.statistics.results import Effect, NotMeasured, Unmeasured

# A standard error this small beside the effect's own size is rounding, not knowledge.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Joint:
    """The control's value, its unadjusted value and the treatment's, and how they vary together.

    `covariance` is 3 x 3, of the arms' figures (not of units). `growth` is treatment over
    control, where the lift's derivatives are taken; none means the adjusted figures' own.
    """

    control: float
    base: float
    treatment: float
    covariance: Vector
    dof: float
    units: int
    growth: float | None = None


def measure(
    control: AnySample,
    treatment: AnySample,
    *,
    relative: bool = False,
    fewest: int = FEWEST_SUCCESSES,
) -> Effect | NotMeasured:
    """Return the effect of treatment over control, both samples of one kind.

    Samples with a covariate are adjusted with a theta pooled over both, unless they bring one.
    """
    if type(control) is not type(treatment):
        raise TypeError(f"{type(control).__name__} against {type(treatment).__name__}")
    # An adjustment has no value before its covariate is known to be sound.
    if problem := incomparable(control, treatment, fewest=fewest):
        return problem
    control, treatment = _adjusted(control, treatment)
    if problem := incomparable(control, treatment, fewest=fewest):
        return problem
    joint = Joint(
        control.mean,
        control.base,
        treatment.mean,
        _independent(control, treatment),
        welch_dof(
            (control.variance / control.n, treatment.variance / treatment.n),
            (control.n, treatment.n),
        ),
        control.n + treatment.n,
        growth_of(control, treatment),
    )
    return effect_of(joint, relative=relative)


def lift(control: float, treatment: float, base: float) -> float | NotMeasured:
    """Return (treatment - control) / |base|: up is up, whatever the sign of the base."""
    if abs(base) < SMALLEST:
        return NotMeasured(Unmeasured.NO_BASELINE)
    return (treatment - control) / abs(base)


def effect_of(joint: Joint, *, relative: bool) -> Effect | NotMeasured:
    """Return the difference or the lift with its standard error."""
    value = joint.treatment - joint.control
    gradient = np.array([-1.0, 0.0, 1.0])
    if relative:
        risen = lift(joint.control, joint.treatment, joint.base)
        if isinstance(risen, NotMeasured):
            return risen
        value = risen
        change = value * math.copysign(1.0, joint.base)
        slope = -change if joint.growth is None else 1 - joint.growth
        gradient = np.array([-1.0, slope, 1.0]) / abs(joint.base)
    variance = float(gradient @ joint.covariance @ gradient)
    if not math.isfinite(variance) or not math.isfinite(value):
        return NotMeasured(Unmeasured.NOT_A_NUMBER)
    if variance <= (ROUNDING * value) ** 2:
        return NotMeasured(Unmeasured.NO_SPREAD)
    return Effect(value, math.sqrt(variance), joint.dof, joint.units, joint.base)


def growth_of(control: AnySample, treatment: AnySample) -> float | None:
    """Return where a lift's derivatives are taken: of adjusted means, at the unadjusted ones.

    Adjusted ratios take them at the adjusted ones. In large samples it is the same; this is what
    the published figures do.
    """
    if isinstance(control, CupedSample) and control.base:
        return treatment.base / control.base
    return None


def welch_dof(variances: tuple[float, ...], sizes: tuple[int, ...]) -> float:
    """Return Satterthwaite's degrees of freedom of a sum of independent means' variances."""
    largest = max(variances)
    parts = [variance / largest for variance in variances]
    below = sum(part**2 / (n - 1) for part, n in zip(parts, sizes, strict=True))
    return float(sum(parts) ** 2 / below)


def _adjusted(control: AnySample, treatment: AnySample) -> tuple[AnySample, AnySample]:
    if isinstance(control, CupedSample) and isinstance(treatment, CupedSample):
        return (control, treatment) if control.theta else adjust(control, treatment)
    if isinstance(control, CupedRatioSample) and isinstance(treatment, CupedRatioSample):
        return (control, treatment) if control.theta else adjust(control, treatment)
    return control, treatment


def _independent(control: AnySample, treatment: AnySample) -> Vector:
    """Return the covariance of (A, A0, B) for arms that share no units."""
    table = np.zeros((3, 3))
    table[0, 0] = control.variance
    table[1, 1] = control.base_variance
    table[0, 1] = table[1, 0] = control.base_covariance
    table /= control.n
    table[2, 2] = treatment.variance / treatment.n
    return table
