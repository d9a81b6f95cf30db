"""What an experiment can find and how long it takes: before its start, and on the way."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.behaviour.models import Source
from guidance.core.numbers import rounded
from guidance.experiments.models import Arm, Experiment, Holdout, Metric
from guidance.experiments.pace import (
    KEPT,
    MOST_LOOKS,
    criterion,
    daily_shoppers,
    detectable,
    missing,
)
from guidance.experiments.samples import QuantileSample, RatioSample, Sample
from guidance.experiments.selectors import LATELY, History, Report, history_of, metrics_of
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.statistics import (
    FEWEST_SUCCESSES,
    Effect,
    Needed,
    NotMeasured,
    Plan,
    minimum_effect,
)
from guidance.experiments.wording import value_text

StopRule = Experiment.StopRule
# Less says nothing of the weeks to come: a week without a weekend, or a share out of a few dozen.
FEWEST_HISTORY_DAYS = 6
FEWEST_SHOPPERS = 100
# Where the search for the shoppers needed begins.
FEWEST_UNITS = 10


@dataclass(frozen=True)
class Outlook:
    """What the surface's own last days promise.

    `expected` are the shoppers that the plan will meet, `smallest` the lift that they show with a
    chance of 80 %, `needed` and `days` what the smallest worthwhile effect takes.
    """

    expected: int
    smallest: float | NotMeasured
    needed: int | None
    days: int | None


def outlook_lines(experiment: Experiment, arms: Sequence[Arm]) -> list[str]:
    """Return, for a plan that names its metric and arms, what it can find and how long it takes."""
    metric = metrics_of(experiment).get(experiment.primary_metric)
    if metric is None or not any(a.is_control for a in arms) or len(arms) < 2:
        return []
    if experiment.subject:
        return [
            _(
                "How long it takes cannot be said: the log does not tell who met this subject from "
                "who met its surface."
            )
        ]
    history = history_of(experiment)
    if not _is_enough(history):
        return [
            ngettext(
                "Not enough history to say how long it takes: %(count)s shopper met this surface "
                "in the last %(days)s days.",
                "Not enough history to say how long it takes: %(count)s shoppers met this surface "
                "in the last %(days)s days.",
                history.shoppers,
            )
            % {"count": _count(history.shoppers), "days": history.days}
        ]
    if _is_at_zero(history.sample):
        return [
            _(
                "How long it takes cannot be said: the %(quantile)s quantile was zero in the last "
                "%(days)s days, and nothing is a lift of zero. Choose a higher quantile or a share."
            )
            % {"quantile": metric.quantile, "days": history.days}
        ]
    return list(_lines(experiment, metric, history, foresee(experiment, arms, history)))


def foresee(experiment: Experiment, arms: Sequence[Arm], history: History) -> Outlook:
    """Return what a history that says enough promises; the smallest treatment is what is short."""
    weights = {arm: float(arm.weight) for arm in arms}
    treatments = [arm for arm in arms if not arm.is_control]
    control = next(arm for arm in arms if arm.is_control)
    judged = criterion(experiment, len(treatments), reading_of(experiment).tuning)
    plan = Plan(
        history.sample.mean,
        math.sqrt(history.sample.variance),
        shares=(weights[control], min(weights[arm] for arm in treatments)),
        alpha=judged.shared_alpha,
        monitoring=judged.monitoring,
    )
    daily = history.daily * _reach(experiment)
    expected = round(daily * (experiment.horizon_days or 0))
    expected = max(expected, experiment.horizon_units or 0) or round(daily * history.days)
    needed = None
    if plan.problem() is None and experiment.smallest_effect:
        needed = _needed(experiment, plan, len(treatments))
    days = math.ceil(needed / daily) if needed is not None and daily else None
    return Outlook(expected, _smallest(plan, expected), needed, days)


@lru_cache(maxsize=KEPT)
def _smallest(plan: Plan, units: int) -> float | NotMeasured:
    return minimum_effect(plan, units)


def progress_lines(experiment: Experiment, report: Report) -> list[str]:
    """Return at what pace shoppers come to a running experiment, and what those so far can show."""
    if experiment.status != Experiment.Status.RUNNING:
        return []
    daily = daily_shoppers(experiment, report)
    lines = [
        _("Pace: %(count)s new shoppers a day, over the last %(days)s days at most.")
        % {"count": rounded(daily, 0 if daily >= 10 else 1), "days": LATELY.days}
    ]
    smallest = detectable(experiment, report)
    if smallest is not None:
        lines.append(
            _("The shoppers so far show a lift of %(size)s %% or more with a chance of 80 %%.")
            % {"size": rounded(100 * smallest, 1)}
        )
    return lines


def _needed(experiment: Experiment, plan: Plan, treatments: int) -> int | None:
    """Return the shoppers of all arms that show the smallest worthwhile effect."""
    size = float(experiment.smallest_effect or 0) / 100
    error = plan.unit_error(size) / math.sqrt(FEWEST_UNITS)
    compared = max(2, round(FEWEST_UNITS * sum(plan.shares)))
    few = Effect(size, error, compared - 1, compared, plan.mean)
    judged = criterion(experiment, treatments, reading_of(experiment).tuning)
    found = missing(few, size, judged)
    return math.ceil(FEWEST_UNITS * (1 + found.times)) if isinstance(found, Needed) else None


def _lines(
    experiment: Experiment, metric: Metric, history: History, found: Outlook
) -> Iterator[str]:
    yield _(
        "The last %(days)s days: %(count)s shoppers met this surface; %(metric)s was %(mean)s."
    ) % {
        "days": history.days,
        "count": _count(history.shoppers),
        "metric": metric.title,
        "mean": value_text(metric, history.sample.mean),
    }
    if not isinstance(found.smallest, NotMeasured):
        yield _(
            "The plan will meet about %(count)s shoppers: they show a lift of %(size)s %% or more "
            "with a chance of 80 %%."
        ) % {"count": _count(found.expected), "size": rounded(100 * found.smallest, 1)}
    if found.needed is not None and found.days is not None:
        yield _(
            "A lift of %(size)s %%, the smallest that is worth the change, needs about %(count)s "
            "shoppers: %(days)s days at this pace."
        ) % {
            "size": rounded(float(experiment.smallest_effect or 0), 1),
            "count": _count(found.needed),
            "days": _count(found.days),
        }
    if experiment.stop_rule == StopRule.SEQUENTIAL and (experiment.horizon_days or 0) > MOST_LOOKS:
        yield _(
            "Reckoned with %(looks)s looks at equal distances, not one a day: with all of them the "
            "figures would be lower by a few hundredths."
        ) % {"looks": MOST_LOOKS}
    if held := _held_out(experiment):
        yield _("The holdout keeps %(share)s %% of the shoppers out; they are not counted in.") % {
            "share": f"{100 * held:g}"
        }
    if experiment.targeting:
        yield _("Targeting is not counted in: it will meet fewer shoppers, and take longer.")


def _is_enough(history: History) -> bool:
    return (
        history.shoppers >= FEWEST_SHOPPERS
        and history.span.days >= FEWEST_HISTORY_DAYS
        and history.sample.n > 1
        and _cases(history.sample) >= FEWEST_SUCCESSES
        and (_is_at_zero(history.sample) or history.sample.variance > 0)
    )


def _is_at_zero(sample: Sample) -> bool:
    """Tell whether a quantile is zero: then it says enough of the plan, whatever its spread."""
    return isinstance(sample, QuantileSample) and not sample.value


def _cases(sample: Sample) -> float:
    """Return how often the thing happened; of ratings, how many shoppers gave one; of a quantile
    how many have a value, where enough lie beyond it to place it."""
    if isinstance(sample, QuantileSample):
        return sample.n if sample.is_placed or _is_at_zero(sample) else 0
    if isinstance(sample, RatioSample):
        return sample.numerator if sample.cases else sample.n
    return sample.total


def _reach(experiment: Experiment) -> float:
    """Return the share of the surface's shoppers that takes part; one statement.

    What others of a namespace hold lies outside this one's range, or this one cannot start.
    """
    share = float(experiment.coverage) * (1 - _held_out(experiment))
    if experiment.namespace:
        share *= float(experiment.namespace_to - experiment.namespace_from)
    return share


def _held_out(experiment: Experiment) -> float:
    """Return the share of shoppers that the holdout keeps out of every experiment."""
    if experiment.source != Source.LIVE:
        return 0.0
    held = Holdout.objects.filter(is_active=True).values_list("share", flat=True).first()
    return float(held or 0)


def _count(number: int) -> str:
    return number_format(number, force_grouping=True)
