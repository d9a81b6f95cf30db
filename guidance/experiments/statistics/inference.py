"""From an effect to an interval and a p-value, for one look set beforehand (Welch's t)."""

import math

from scipy.special import stdtr, stdtrit

from guidance.experiments.adjusted_samples import AnySample
from guidance.experiments.statistics.effects import measure
from guidance.experiments.statistics.results import (
    CONFIDENCE,
    Comparison,
    Effect,
    NotMeasured,
    Side,
)


def compare(
    effect: Effect | NotMeasured,
    *,
    confidence: float = CONFIDENCE,
    side: Side = Side.BOTH,
    null: float = 0.0,
) -> Comparison | NotMeasured:
    """Return Welch's interval and p-value (Welch 1947) against an effect of `null`.

    One-sided tests leave the other end of the interval open.
    """
    if isinstance(effect, NotMeasured):
        return effect
    t = (effect.value - null) / effect.standard_error
    tail = (1 - confidence) / (2 if side == Side.BOTH else 1)
    half = -float(stdtrit(effect.dof, tail)) * effect.standard_error
    p_value = {
        Side.BOTH: 2 * stdtr(effect.dof, -abs(t)),
        Side.ABOVE: stdtr(effect.dof, -t),
        Side.BELOW: stdtr(effect.dof, t),
    }[side]
    return interval(effect, half, float(p_value), side)


def interval(effect: Effect, half: float, p_value: float, side: Side) -> Comparison:
    """Return an effect with an interval of `half` to the sides that are closed."""
    low = -math.inf if side == Side.BELOW else effect.value - half
    high = math.inf if side == Side.ABOVE else effect.value + half
    return Comparison(effect.value, low, high, effect.standard_error, p_value)


def difference(
    control: AnySample, treatment: AnySample, *, confidence: float = CONFIDENCE
) -> Comparison | NotMeasured:
    """Return treatment minus control with Welch's interval."""
    return compare(measure(control, treatment), confidence=confidence)


def relative_lift(
    control: AnySample, treatment: AnySample, *, confidence: float = CONFIDENCE
) -> Comparison | NotMeasured:
    """Return (treatment - control) / |control| with the delta method's interval."""
    return compare(measure(control, treatment, relative=True), confidence=confidence)
