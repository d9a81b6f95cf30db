"""On the way: what the units seen so far can find, how many more are needed, how many days."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.special import ndtri

from guidance.experiments.statistics.bayes import NOTHING_HELD, Prior
from guidance.experiments.statistics.power import (
    POWER,
    Monitoring,
    believing_power,
    fixed_power,
    sequential_power,
    smallest_effect,
)
from guidance.experiments.statistics.results import ALPHA, Effect, NotMeasured, Unmeasured

# How near the power must come to its target, and how often the units may double to get there.
CLOSE = 1e-5
MOST_DOUBLINGS = 27


@dataclass(frozen=True)
class Criterion:
    """How an effect is judged: alpha over `comparisons` (arms times metrics), by what engine."""

    alpha: float = ALPHA
    comparisons: int = 1
    monitoring: Monitoring | None = None
    prior: Prior = NOTHING_HELD

    @property
    def shared_alpha(self) -> float:
        return self.alpha / self.comparisons


@dataclass(frozen=True)
class Needed:
    """How many more units are needed: as a multiple of those seen, and as a number."""

    times: float
    units: int


def power_so_far(
    effect: Effect | NotMeasured,
    size: float,
    *,
    criterion: Criterion | None = None,
    more: float = 0.0,
) -> float | NotMeasured:
    """Return the chance that this many units show an effect of `size`.

    `more` adds units, as a multiple of those seen. The effect lends its standard error alone:
    power at the effect that was seen would say no more than its p-value.
    """
    if isinstance(effect, NotMeasured):
        return effect
    if size == 0 or not math.isfinite(size):
        return NotMeasured(Unmeasured.NO_EFFECT if size == 0 else Unmeasured.NOT_A_NUMBER)
    return _power(effect, size, criterion or Criterion(), more)


def detectable_effect(
    effect: Effect | NotMeasured, *, criterion: Criterion | None = None, target: float = POWER
) -> float | NotMeasured:
    """Return the smallest effect that the units seen so far show with chance `target`."""
    if isinstance(effect, NotMeasured):
        return effect
    return smallest_effect(lambda size: _power(effect, size, criterion or Criterion(), 0.0), target)


def more_needed(
    effect: Effect | NotMeasured,
    size: float,
    *,
    criterion: Criterion | None = None,
    target: float = POWER,
) -> Needed | NotMeasured:
    """Return how many more units show an effect of `size` with chance `target`."""
    if isinstance(effect, NotMeasured):
        return effect
    judged = criterion or Criterion()
    problem = power_so_far(effect, size, criterion=Criterion())
    if isinstance(problem, NotMeasured):
        return problem
    times = 0.0
    if not _shows(effect, size, judged, target):
        guess = _guess(effect, size, judged, target)
        found = _times(lambda more: _power(effect, size, judged, more), target, guess)
        if found is None:
            return NotMeasured(Unmeasured.UNREACHABLE)
        times = found
    return Needed(times, math.ceil(times * effect.units))


def days_left(needed: Needed | NotMeasured, daily: float) -> int | NotMeasured:
    """Return the days until the units needed have come, `daily` of them a day to both arms."""
    if isinstance(needed, NotMeasured):
        return needed
    if needed.units == 0:
        return 0
    if not daily > 0 or not math.isfinite(daily):
        return NotMeasured(Unmeasured.NO_TRAFFIC)
    return math.ceil(needed.units / daily)


def _power(effect: Effect, size: float, criterion: Criterion, more: float) -> float:
    size = abs(size)
    error = effect.standard_error / math.sqrt(1 + more)
    if criterion.prior.proper:
        return believing_power(size, error, criterion.shared_alpha, criterion.prior)
    if not criterion.monitoring:
        return fixed_power(size / error, criterion.shared_alpha)
    looks, units = criterion.monitoring.looks, effect.units * (1 + more)
    return sequential_power(
        [units * look / looks for look in range(1, looks + 1)],
        size / (effect.standard_error * math.sqrt(effect.units)),
        criterion.shared_alpha,
        criterion.monitoring.tuning,
    )[-1]


def _shows(effect: Effect, size: float, criterion: Criterion, target: float) -> bool:
    """Tell whether the units seen so far show the effect with more than this chance.

    No test that errs as rarely is more powerful than the one-sided one of a single look (Neyman
    and Pearson), so where that one is not enough, many looks need not be computed: with few units
    they take the longest.
    """
    if criterion.monitoring and not criterion.prior.proper:
        z = abs(size) / effect.standard_error
        if fixed_power(z, criterion.shared_alpha, two_sided=False) <= target:
            return False
    return _power(effect, size, criterion, 0.0) > target


def _times(power: Callable[[float], float], target: float, guess: float) -> float | None:
    """Return the multiple at which the power is close to its target.

    Found by halving below the first power of two that reaches it, wherever the search for that
    begins: `guess` saves work and changes no answer.
    """
    above = 2.0 ** min(max(0, math.ceil(math.log2(max(guess, 1.0)))), MOST_DOUBLINGS - 1)
    while power(above) < target:
        above *= 2
        if above >= 2.0**MOST_DOUBLINGS:
            return None
    while above > 1 and power(above / 2) >= target:
        above /= 2
    below = above / 2 if above > 1 else 0.0
    middle = (below + above) / 2 if above > 1 else above
    while abs((reached := power(middle)) - target) >= CLOSE and above - below > above * 1e-9:
        below, above = (below, middle) if reached > target else (middle, above)
        middle = (below + above) / 2
    return middle


def _guess(effect: Effect, size: float, criterion: Criterion, target: float) -> float:
    """Return the multiple at which one look would find it; repeated looks need somewhat more."""
    z = float(ndtri(target) - ndtri(criterion.shared_alpha / 2))
    return (z * effect.standard_error / size) ** 2 - 1
