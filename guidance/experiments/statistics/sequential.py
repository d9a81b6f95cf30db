"""Always-valid inference: intervals that hold at every look at once, however often one looks.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas
(arXiv:2103.06476, Theorem 2.2 and Proposition B.1; the one-sided one is their equation 68). It is
narrowest, beside an interval of one look, around `tuning` units of both arms together.
"""

import math

from guidance.experiments.statistics.inference import interval
from guidance.experiments.statistics.results import (
    CONFIDENCE,
    Comparison,
    Effect,
    NotMeasured,
    Side,
)

# Units of both arms at which the sequence is narrowest; a published engine's default.
TUNING = 5000.0
# The one-sided sequence is defined for errors below a half; a p-value above is told as this.
LARGEST_ONE_SIDED = 0.4999


def always_valid(
    effect: Effect | NotMeasured,
    *,
    confidence: float = CONFIDENCE,
    side: Side = Side.BOTH,
    tuning: float = TUNING,
    null: float = 0.0,
) -> Comparison | NotMeasured:
    """Return the interval and p-value that hold at this look and at all others."""
    if isinstance(effect, NotMeasured):
        return effect
    alpha = 1 - confidence
    two_sided = side == Side.BOTH
    z = boundary(effect.units, alpha, tuning=tuning, two_sided=two_sided)
    p_value = _p_value(effect, alpha, side, tuning, null)
    return interval(effect, z * effect.standard_error, p_value, side)


def boundary(units: float, alpha: float, *, tuning: float, two_sided: bool = True) -> float:
    """Return how many standard errors an effect must be from zero to be clear at `units`."""
    seen = units * mixing(alpha, tuning, two_sided=two_sided)
    within = (
        math.log(seen + 1) / 2 - math.log(alpha)
        if two_sided
        else math.log1p(math.sqrt(seen + 1) / (2 * alpha))
    )
    return math.sqrt(2 * (seen + 1) / seen * within)


def mixing(alpha: float, tuning: float, *, two_sided: bool = True) -> float:
    """Return rho squared, that makes the sequence narrowest at `tuning` units."""
    tail = -2 * math.log(alpha if two_sided else 2 * alpha)
    return (tail + math.log(tail + 1)) / tuning


def _p_value(effect: Effect, alpha: float, side: Side, tuning: float, null: float) -> float:
    """Return the smallest error at which the sequence leaves `null` out, its mixing kept."""
    z = (effect.value - null) / effect.standard_error
    seen = effect.units * mixing(alpha, tuning, two_sided=side == Side.BOTH)
    evidence = z * z * seen / (2 * (seen + 1))
    if side == Side.BOTH:
        return min(1.0, math.exp(math.log(seen + 1) / 2 - evidence))
    if z == 0 or (z > 0) != (side == Side.ABOVE):
        return LARGEST_ONE_SIDED
    # 1 / (e^x - 1), written so that a large x does not overflow.
    small = math.exp(-evidence) / -math.expm1(-evidence)
    return min(LARGEST_ONE_SIDED, math.sqrt(seen + 1) / 2 * small)
