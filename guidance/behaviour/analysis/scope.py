"""Which shoppers' doings an analysis is about, and the rows that tell of them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from django.db.models import Max, QuerySet

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import DayRollup, DirtyDay, Event, VisitRollup
from guidance.behaviour.period import Period
from guidance.core.models import Market
from guidance.core.selectors import default_market
from guidance.customers.markets import Markets
from guidance.customers.models import Customer


@dataclass(frozen=True)
class Scope:
    """Days and traffic, and the market ('' for all): no row carries one, so its shoppers are those
    for whom `customers.markets` says so."""

    period: Period
    market: str = ""

    @cached_property
    def currency(self) -> str:
        """The currency in which spending is compared: the market's, else the default market's."""
        chosen = Market.objects.filter(key=self.market).first() if self.market else None
        return (chosen or default_market()).currency

    @cached_property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first moment of the days and the first after them."""
        zone = shop_zone()
        return day_bounds(self.period.first, zone)[0], day_bounds(self.period.last, zone)[1]

    def visits(self, *, days_after: int = 0) -> QuerySet[VisitRollup]:
        """Return the visits of the days, or some days longer."""
        last = self.period.last + timedelta(days=days_after)
        return self.visits_ever().filter(day__range=(self.period.first, last))

    def visits_ever(self) -> QuerySet[VisitRollup]:
        """Return the visits of the traffic and the market whenever they were."""
        visits = VisitRollup.objects.filter(source__in=self.period.event_sources).order_by()
        return visits.filter(customer__in=self._shoppers()) if self.market else visits

    def events(self) -> QuerySet[Event]:
        """Return the events of the days."""
        start, end = self.bounds
        events = Event.objects.filter(
            source__in=self.period.event_sources, occurred_at__gte=start, occurred_at__lt=end
        ).order_by()
        return events.filter(customer__in=self._shoppers()) if self.market else events

    def latest_day(self) -> date | None:
        """Return the last day of which anything of this traffic is known, whoever did it."""
        days = DayRollup.objects.filter(source__in=self.period.event_sources)
        return days.aggregate(last=Max("day"))["last"]

    def is_being_counted(self) -> bool:
        """Tell whether any of the days received rows that the rollups do not hold yet."""
        days = (self.period.first, self.period.last)
        sources = self.period.event_sources
        return DirtyDay.objects.filter(source__in=sources, day__range=days).exists()

    def _shoppers(self) -> QuerySet[Customer]:
        of_market = Markets(list(Market.objects.all())).shoppers_of(self.market)
        return Customer.objects.filter(of_market).order_by()
