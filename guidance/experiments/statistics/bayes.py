"""Bayesian inference on the effect itself: a normal prior, a normal likelihood.

The posterior's chance that the treatment is better, and the loss to expect from either choice if
it is the wrong one.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from guidance.experiments.statistics.results import CONFIDENCE, Effect, Estimate, NotMeasured


@dataclass(frozen=True)
class Prior:
    """What is held of the effect before the data; an improper prior holds nothing."""

    mean: float = 0.0
    variance: float = 1.0
    proper: bool = True

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean) and 0 < self.variance < math.inf):
            raise ValueError("a prior needs a finite mean and a positive variance")

    def times(self, scale: float) -> "Prior":
        """Return the prior of `scale` times the effect: of a lift, that of the difference."""
        return Prior(self.mean * scale, self.variance * scale**2, self.proper)


@dataclass(frozen=True)
class Posterior(Estimate):
    """The posterior's mean, credible interval and standard deviation, and what follows.

    `chance_to_win` is the chance that the treatment is better. The losses are in the effect's
    units: what to expect to lose by staying with the control, and by going with the treatment.
    """

    deviation: float
    chance_to_win: float
    loss_of_control: float
    loss_of_treatment: float


NOTHING_HELD = Prior(proper=False)


def believe(
    effect: Effect | NotMeasured,
    *,
    prior: Prior = NOTHING_HELD,
    confidence: float = CONFIDENCE,
    less_is_better: bool = False,
) -> Posterior | NotMeasured:
    """Return the posterior of an effect; the prior is in the effect's own units."""
    if isinstance(effect, NotMeasured):
        return effect
    known, held = effect.standard_error**-2, 1 / prior.variance if prior.proper else 0.0
    mean = (known * effect.value + held * prior.mean) / (known + held)
    deviation = (known + held) ** -0.5
    half = -float(ndtri((1 - confidence) / 2)) * deviation
    above = float(ndtr(mean / deviation))
    gain, loss = expected_losses(mean, deviation)
    return Posterior(
        mean,
        mean - half,
        mean + half,
        deviation,
        chance_to_win=1 - above if less_is_better else above,
        loss_of_control=loss if less_is_better else gain,
        loss_of_treatment=gain if less_is_better else loss,
    )


def expected_losses(mean: float, deviation: float) -> tuple[float, float]:
    """Return E[max(effect, 0)] and E[max(-effect, 0)] of a normal effect.

    The loss of keeping the control, and that of taking the treatment, where more is better.
    """
    z = mean / deviation
    # Each is computed on its own: their difference is the mean, which may dwarf either.
    density = deviation * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    gain = density + mean * float(ndtr(z))
    loss = density - mean * float(ndtr(-z))
    return max(0.0, gain), max(0.0, loss)
