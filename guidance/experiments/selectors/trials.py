"""What a bandit learns from: trials, read from the decision log and the events that answer it.

A trial is a shopper's first sight of an arm on one day of the shop's calendar: who sees the same
thing ten times tells what one shopper tells, not ten. It succeeds where the shopper does so within
the bandit's window after that first sight, whichever sight of the arm that day they answered, so
that every trial has the same time.

What a trial came to is judged once its window and the grace for what is still on its way are over,
by what was received until then; what is received later is a correction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import Event, Source
from guidance.core.among import Among
from guidance.decisions.attribution import CLOCK_TOLERANCE, counted_events, purchases_within
from guidance.decisions.models import Decision, DecisionQuerySet

CLICK, PURCHASE = "click", "purchase"
# Events of a storefront travel for minutes; purchases come with an import that runs each night and
# may take until the next noon.
GRACE = {CLICK: timedelta(minutes=15), PURCHASE: timedelta(hours=36)}
# What is received is stamped before it is committed; so long it may take.
COMMIT = timedelta(minutes=1)
# A reward that comes later than this after its decision corrects nothing any more: the half-life
# that bandits begin with has halved its worth by then.
CORRECTED = timedelta(days=35)
# So many decisions are read at a time.
AT_ONCE = 5_000


def corrected_since(now: datetime) -> datetime:
    """Return the moment from which decisions are still corrected: the beginning of a day, whose
    first sights are its trials."""
    zone = shop_zone()
    return day_bounds((now - CORRECTED).astimezone(zone).date(), zone)[0]


class Trial(NamedTuple):
    """One shopper's trial of an arm: its reward as heard until now, and what was learned of it
    before, None for a new one. `about` is the key of the first item shown."""

    at: datetime
    arm: str
    context: dict[str, Any]
    about: str
    reward: float
    learned: float | None = None


@dataclass(frozen=True)
class Batch:
    """Trials of the decisions up to a moment, and how many decisions were read for them."""

    trials: Sequence[Trial]
    read: int
    until: datetime


@dataclass(frozen=True)
class DecisionTrials:
    """The trials of an experiment's key, where a decision shows one arm."""

    experiment: str
    reward: str
    window: timedelta

    @property
    def open_for(self) -> timedelta:
        """Return how long after a decision its trial is judged."""
        return self.window + GRACE[self.reward]

    def new(self, since: datetime, until: datetime, heard: datetime) -> Batch:
        """Return the trials of the next decisions from `since` on, before `until`.

        What was received up to `heard` counts however late it was, as no correction will tell it.
        """
        rows = self._own().filter(at__gte=since, at__lt=until).order_by("at", "pk")
        found = list(self._read(rows, learned=self._known(heard))[: AT_ONCE + 1])
        if len(found) > AT_ONCE:
            until = found[-1].at
            found = [row for row in found if row.at < until]
        trials = [_trial(row) for row in self._firsts(found, since)]
        return Batch(trials, len(found), until)

    def late(self, before: datetime, heard: datetime, now: datetime) -> list[Trial]:
        """Return judged trials that what was received after `heard`, up to `now`, changes.

        Decisions of `before` on are not judged yet.
        """
        own = self._own().filter(at__gte=corrected_since(now), at__lt=before)
        news = Q(received_at__gt=heard, received_at__lte=now)
        told = own.filter(Exists(self._successes().filter(news)))
        people = set(told.order_by().values_list("customer_id", flat=True).distinct())
        if not people:
            return []
        first = told.aggregate(first=Min("at"))["first"]
        zone = shop_zone()
        since, _end = day_bounds(first.astimezone(zone).date(), zone)
        rows = own.filter(Among("customer_id", people), at__gte=since).order_by("at", "pk")
        found = self._read(rows, learned=self._known(heard), now=now)
        return [
            _trial(row, learned=row.learned)
            for row in _first_of_day(found, set(), zone)
            if row.learned != row.came_to
        ]

    @property
    def _judged(self) -> Any:
        return OuterRef("at") + self.open_for

    def _known(self, heard: datetime) -> Q:
        return Q(received_at__lte=heard) | Q(received_at__lte=self._judged)

    def _own(self) -> DecisionQuerySet:
        return Decision.objects.filter(
            experiment=self.experiment,
            source=Source.LIVE,
            customer__isnull=False,
            customer__excluded_as="",
        )

    def _read(
        self, rows: DecisionQuerySet, *, learned: Q, now: datetime | None = None
    ) -> QuerySet[Decision, Any]:
        """Served is not seen; an impression that comes after the judgement is none."""
        seen = counted_events(Event.Kind.IMPRESSION).filter(
            occurred_at__lte=OuterRef("at") + self.window, received_at__lte=self._judged
        )
        successes = self._successes()
        came_to = learned if now is None else Q(received_at__lte=now)
        return rows.annotate(
            was_seen=Exists(seen),
            learned=Exists(successes.filter(learned)),
            came_to=Exists(successes.filter(came_to)),
        ).values_list(
            *("at", "arm", "customer_id", "context", "items", "was_seen", "learned", "came_to"),
            named=True,
        )

    def _successes(self) -> QuerySet[Event]:
        """Return what makes a trial that begins with the outer decision a success."""
        if self.reward == PURCHASE:
            return purchases_within(self.window)
        same_arm = Decision.objects.filter(
            experiment=self.experiment,
            customer=OuterRef(OuterRef("customer")),
            arm=OuterRef(OuterRef("arm")),
            at__gte=OuterRef(OuterRef("at")),
        )
        return Event.objects.filter(
            kind=Event.Kind.CLICK,
            customer=OuterRef("customer"),
            source=OuterRef("source"),
            decision__in=same_arm.order_by().values("pk"),
            occurred_at__gte=OuterRef("at") - CLOCK_TOLERANCE,
            occurred_at__lte=OuterRef("at") + self.window,
        )

    def _firsts(self, rows: Sequence[Any], since: datetime) -> list[Any]:
        """Leave out who saw the arm before on that day, also before `since`."""
        zone = shop_zone()
        start, _end = day_bounds(since.astimezone(zone).date(), zone)
        people = {row.customer_id for row in rows}
        earlier = self._own().filter(Among("customer_id", people), at__gte=start, at__lt=since)
        met = self._read(earlier.order_by(), learned=self._known(since))
        known = {_of_day(row, zone) for row in met if row.was_seen}
        return _first_of_day(rows, known, zone)


def _first_of_day(rows: Iterable[Any], met: set[Any], zone: ZoneInfo) -> list[Any]:
    firsts = []
    for row in rows:
        if row.was_seen and (key := _of_day(row, zone)) not in met:
            met.add(key)
            firsts.append(row)
    return firsts


def _of_day(row: Any, zone: ZoneInfo) -> tuple[Any, ...]:
    return row.customer_id, row.arm, row.at.astimezone(zone).date()


def _trial(row: Any, learned: bool | None = None) -> Trial:
    shown = row.items[0] if row.items else {}
    about = str(shown.get("key", shown.get("sku", "")))
    told = None if learned is None else float(learned)
    return Trial(row.at, row.arm, row.context, about, float(row.came_to), told)
