"""Before the start: what an experiment can find, how many shoppers it needs, how long it lasts."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from scipy import optimize
from scipy.special import ndtr, ndtri

from guidance.experiments.statistics.bayes import NOTHING_HELD, Prior
from guidance.experiments.statistics.crossing import watch
from guidance.experiments.statistics.results import ALPHA, NotMeasured, Unmeasured
from guidance.experiments.statistics.sequential import TUNING, boundary

POWER = 0.8
# What is not known yet of the looks at a sequential test. The more looks, the more chances: for an
# effect that one look finds with 52 %, 14 looks find it with .123, 100 with .158, 400 with .174.
LOOKS = 100
# Beyond this a search for an effect or a number of shoppers is given up.
LARGEST_EFFECT = 1e6
MOST_UNITS = 10**12
MOST_DAYS = 365
# Days looked at before more of them are: few experiments last longer, and each day is work.
FIRST_HORIZON = 45


@dataclass(frozen=True)
class Monitoring:
    """A sequential test: its tuning, and how often it is looked at, at equal distances."""

    tuning: float = TUNING
    looks: int = LOOKS


@dataclass(frozen=True)
class Plan:
    """What is known of a metric, and how the arms will be compared.

    `mean` and `deviation` are of one unit; `shares` the parts of all units that the control and
    the treatment get; effects are relative to the mean unless `relative` is false. An effect is
    taken to shift values, not to spread them. A proper `prior`, in the effect's units, means
    that a credible interval will judge.
    """

    mean: float
    deviation: float
    shares: tuple[float, float] = (0.5, 0.5)
    alpha: float = ALPHA
    two_sided: bool = True
    relative: bool = True
    monitoring: Monitoring | None = None
    prior: Prior = NOTHING_HELD

    @classmethod
    def of_rate(cls, rate: float, **options: object) -> "Plan":
        """Return the plan of a proportion."""
        deviation = math.sqrt(rate * (1 - rate)) if 0 <= rate <= 1 else -1.0
        return cls(rate, deviation, **options)  # type: ignore[arg-type]

    def problem(self) -> NotMeasured | None:
        """Return why nothing can be planned with this."""
        numbers = (self.mean, self.deviation, self.alpha, *self.shares)
        if not all(math.isfinite(number) for number in numbers):
            return NotMeasured(Unmeasured.NOT_A_NUMBER)
        if self.deviation < 0 or not 0 < self.alpha < 1 or sum(self.shares) > 1 + 1e-9:
            return NotMeasured(Unmeasured.IMPOSSIBLE)
        if self.deviation == 0:
            return NotMeasured(Unmeasured.NO_SPREAD)
        if min(self.shares) <= 0:
            return NotMeasured(Unmeasured.NO_SHARES)
        if self.relative and self.mean == 0:
            return NotMeasured(Unmeasured.NO_BASELINE)
        return None

    def unit_error(self, effect: float) -> float:
        """Return the standard error of the effect times the square root of all units."""
        control, treatment = self.shares
        stretch = (1 + effect) ** 2 if self.relative else 1.0
        scale = abs(self.mean) if self.relative else 1.0
        return self.deviation / scale * math.sqrt(1 / treatment + stretch / control)


def power(plan: Plan, effect: float, units: float) -> float | NotMeasured:
    """Return the chance that `units` shoppers in all show an effect of this size."""
    if problem := plan.problem() or _checked(effect, units):
        return problem
    return _power(plan, effect, units)


def minimum_effect(plan: Plan, units: float, *, target: float = POWER) -> float | NotMeasured:
    """Return the smallest positive effect that `units` shoppers show with chance `target`.

    Shown for what it is: a test that calls it negative does not count.
    """
    if problem := plan.problem() or _checked(1.0, units):
        return problem
    upwards = plan
    if plan.two_sided and not plan.monitoring:
        upwards = replace(plan, alpha=plan.alpha / 2, two_sided=False)
    return smallest_effect(lambda effect: _power(upwards, effect, units), target)


def smallest_effect(chance: Callable[[float], float], target: float) -> float | NotMeasured:
    """Return where a chance that grows with the effect reaches `target`; 0 if it is there at 0."""
    if chance(0.0) >= target:
        return 0.0
    above = 1e-3
    while chance(above) < target:
        above *= 2
        if above > LARGEST_EFFECT:
            return NotMeasured(Unmeasured.UNREACHABLE)
    found = optimize.brentq(lambda effect: chance(effect) - target, 0.0, above, xtol=1e-10)
    return float(found)


def units_needed(plan: Plan, effect: float, *, target: float = POWER) -> int | NotMeasured:
    """Return the fewest shoppers in all that show an effect of this size with chance `target`."""
    if problem := plan.problem() or _checked(effect, 1):
        return problem
    above = 2
    while _power(plan, effect, above) < target:
        above *= 2
        if above > MOST_UNITS:
            return NotMeasured(Unmeasured.UNREACHABLE)
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        if _power(plan, effect, middle) < target:
            below = middle
        else:
            above = middle
    return above


def days_needed(
    plan: Plan, effect: float, daily: float, *, target: float = POWER, most: int = MOST_DAYS
) -> int | NotMeasured:
    """Return the first day by whose end the effect shows with chance `target`.

    `daily` shoppers come to all arms of the experiment; a sequential test is looked at daily.
    """
    if problem := plan.problem() or _checked(effect, 1):
        return problem
    if not daily > 0 or not math.isfinite(daily):
        return NotMeasured(Unmeasured.NO_TRAFFIC)
    horizon = min(most, FIRST_HORIZON)
    while True:
        days = [daily * day for day in range(1, horizon + 1)]
        if plan.monitoring:
            chances = _crossing(plan, effect, days)
        else:
            chances = [_power(plan, effect, units) for units in days]
        for day, chance in enumerate(chances, start=1):
            if chance >= target:
                return day
        if horizon == most:
            return NotMeasured(Unmeasured.UNREACHABLE)
        horizon = min(most, 2 * horizon)


def fixed_power(z: float, alpha: float, *, two_sided: bool = True) -> float:
    """Return the power of one look where the effect is z standard errors."""
    critical = -float(ndtri(alpha / 2 if two_sided else alpha))
    wrong = float(ndtr(-critical - z)) if two_sided else 0.0
    return float(ndtr(z - critical)) + wrong


def believing_power(
    size: float, error: float, alpha: float, prior: Prior, *, two_sided: bool = True
) -> float:
    """Return the chance that a credible interval leaves zero out where the effect is `size`."""
    precision = 1 / prior.variance + error**-2
    critical = -float(ndtri(alpha / 2 if two_sided else alpha))
    needed = error * math.sqrt(precision) * critical
    pulled = error * prior.mean / prior.variance + size / error
    wrong = float(ndtr(-needed - pulled)) if two_sided else 0.0
    return float(ndtr(pulled - needed)) + wrong


def sequential_power(
    looks: list[float], drift: float, alpha: float, tuning: float, *, two_sided: bool = True
) -> list[float]:
    """Return the chance to have shown the effect by each look, at the sequence's own boundary.

    `looks` are units of both arms compared, `drift` the effect in standard errors of one unit.
    """
    edges = [boundary(units, alpha, tuning=tuning, two_sided=two_sided) for units in looks]
    watched = watch(tuple(looks), tuple(edges), two_sided=two_sided)
    return [float(chance) for chance in watched.crossed(drift)]


def _power(plan: Plan, effect: float, units: float) -> float:
    if plan.monitoring:
        looks = plan.monitoring.looks
        return _crossing(plan, effect, [units * look / looks for look in range(1, looks + 1)])[-1]
    error = plan.unit_error(effect) / math.sqrt(units)
    if plan.prior.proper:
        return believing_power(effect, error, plan.alpha, plan.prior, two_sided=plan.two_sided)
    return fixed_power(effect / error, plan.alpha, two_sided=plan.two_sided)


def _crossing(plan: Plan, effect: float, units: list[float]) -> list[float]:
    """Return the sequential power by these units of all arms; the sequence counts two of them."""
    assert plan.monitoring
    compared = sum(plan.shares)
    drift = effect / (plan.unit_error(effect) * math.sqrt(compared))
    return sequential_power(
        [compared * number for number in units],
        drift,
        plan.alpha,
        plan.monitoring.tuning,
        two_sided=plan.two_sided,
    )


def _checked(effect: float, units: float) -> NotMeasured | None:
    if not (math.isfinite(effect) and math.isfinite(units)):
        return NotMeasured(Unmeasured.NOT_A_NUMBER)
    if effect == 0:
        return NotMeasured(Unmeasured.NO_EFFECT)
    if units <= 0:
        return NotMeasured(Unmeasured.NO_UNITS)
    return None
