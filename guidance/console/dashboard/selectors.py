"""What the dashboard reads, from the rollups alone: a period and the one before it, by day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from guidance.behaviour.models import Event
from guidance.behaviour.period import Period
from guidance.behaviour.selectors import DayFigures, daily_figures
from guidance.decisions.selectors import ArmDay, Outcomes, outcomes_by_day
from guidance.training.models import ModelVersion

NEWEST_VERSIONS = 30


@dataclass(frozen=True, order=True)
class ArmKey:
    """An experiment's arm; both are empty for decisions outside experiments."""

    experiment: str
    arm: str


class Behaviour:
    """Events by day, over a period and the one before it."""

    def __init__(self, days: Iterable[DayFigures]) -> None:
        self.days = {figures.day: figures for figures in days}

    def events(self, period: Period, kind: str) -> int:
        return sum(figures.events.get(kind, 0) for figures in self._within(period))

    def orders(self, period: Period) -> int:
        return sum(figures.baskets for figures in self._within(period))

    def net(self, period: Period) -> Decimal | None:
        """Return purchases less returns; None where neither was reported."""
        days = [net for figures in self._within(period) if (net := net_of(figures)) is not None]
        return sum(days, Decimal(0)) if days else None

    def days_with_sales(self, period: Period) -> int:
        return sum(net_of(figures) is not None for figures in self._within(period))

    def _within(self, period: Period) -> Iterable[DayFigures]:
        return (self.days[day] for day in period.dates)


def net_of(figures: DayFigures) -> Decimal | None:
    """Return a day's purchases less its returns; None where neither was reported."""
    bought, returned = Event.Kind.PURCHASE, Event.Kind.RETURN
    if not figures.events.keys() & {bought, returned}:
        return None
    return figures.value.get(bought, Decimal(0)) - figures.value.get(returned, Decimal(0))


class Decisions:
    """Outcomes by day and arm, over a period and the one before it, of one kind of traffic."""

    def __init__(self, rows: Iterable[ArmDay], period: Period) -> None:
        self.by_day: defaultdict[tuple[date, ArmKey], Outcomes] = defaultdict(Outcomes)
        self.seen_elsewhere = False
        for row in rows:
            if row.source == period.decision_source:
                self.by_day[row.day, ArmKey(row.experiment, row.arm)].add(row.outcomes)
            elif period.holds(row.day) and row.outcomes.seen:
                self.seen_elsewhere = True

    def on(self, day: date, arm: ArmKey) -> Outcomes:
        return self.by_day.get((day, arm), Outcomes())

    def total(self, period: Period, arm: ArmKey | None = None) -> Outcomes:
        total = Outcomes()
        for (day, found), outcomes in self.by_day.items():
            if period.holds(day) and arm in (None, found):
                total.add(outcomes)
        return total

    def days(self, period: Period) -> list[Outcomes]:
        """Return each day's outcomes over all arms."""
        days = {day: Outcomes() for day in period.dates}
        for (day, _arm), outcomes in self.by_day.items():
            if day in days:
                days[day].add(outcomes)
        return list(days.values())

    def arms(self, period: Period) -> list[ArmKey]:
        """Return the arms with decisions in the period, those outside experiments last."""
        found = {arm for day, arm in self.by_day if period.holds(day)}
        return sorted(found, key=lambda arm: (not arm.experiment, arm))


def behaviour_of(period: Period) -> Behaviour:
    """Read the events of the period and of the one before it."""
    return Behaviour(daily_figures(period.before.first, period.last, period.event_sources))


def decisions_of(period: Period) -> Decisions:
    """Read the decisions of the period and of the one before it."""
    return Decisions(outcomes_by_day(period.before.first, period.last), period)


def newest_versions() -> list[ModelVersion]:
    """Return the newest model versions, the oldest of them first."""
    newest = ModelVersion.objects.order_by("-created_at").only(
        "recipe", "number", "best_baseline", "metrics", "status", "created_at"
    )
    return list(newest[:NEWEST_VERSIONS])[::-1]
