"""The difference day by day: each day's is of everybody exposed by its end."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from guidance.behaviour.days import shop_zone
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.samples import Sample
from guidance.experiments.selectors.comparing import reading_of
from guidance.experiments.selectors.exposed import Exposed, by_arm, samples_of
from guidance.experiments.statistics import Comparison, NotMeasured, measure


@dataclass(frozen=True)
class Point:
    """The difference of everybody exposed by a day's end, with what they had done by now."""

    day: date
    shoppers: int
    found: Comparison | NotMeasured


@dataclass(frozen=True)
class Curve:
    """One treatment against the control."""

    arm: Arm
    points: Sequence[Point]


def unfold(experiment: Experiment, shoppers: Sequence[Exposed], metric: str) -> list[Curve]:
    """Return each treatment's differences, from the first exposure's day to the last one's."""
    arms = list(experiment.arms.all())
    control = next((arm for arm in arms if arm.is_control), None)
    if control is None or not shoppers:
        return []
    reading, zone = reading_of(experiment), shop_zone()
    daily: defaultdict[date, list[Exposed]] = defaultdict(list)
    for one in shoppers:
        daily[one.at.astimezone(zone).date()].append(one)
    first, last = min(daily), max(daily)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    summed = {arm.key: _summed(days, daily, arm.key, metric) for arm in arms}
    return [
        Curve(
            arm,
            [
                Point(day, before.n + after.n, reading.read(measure(before, after)))
                for day, before, after in zip(
                    days, summed[control.key], summed[arm.key], strict=True
                )
            ],
        )
        for arm in arms
        if arm is not control
    ]


def _summed(
    days: Sequence[date], daily: dict[date, list[Exposed]], arm: str, metric: str
) -> list[Sample]:
    """Return the sample of everybody in an arm by each day's end: samples add up."""
    total: Sample = samples_of([])[metric]
    sums = []
    for day in days:
        total = total + samples_of(by_arm(daily.get(day, [])).get(arm, []))[metric]  # type: ignore[operator]
        sums.append(total)
    return sums
