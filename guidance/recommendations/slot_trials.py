"""What the bandits of exploration slots learn from.

A trial is a shopper's first seen list of a day in which a source filled slots; its reward is the
share of those slots whose product was clicked, or bought, within the window. A share, so that a
source that is drawn more often, and stands in a list more often, has no more chances to succeed for
it; and all of a list's slots, so that it does not stand higher either.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Q, QuerySet

from guidance.behaviour.days import day_bounds, shop_zone
from guidance.behaviour.models import Event, Source
from guidance.core.among import Among, AmongUuids
from guidance.decisions.attribution import CLOCK_TOLERANCE, counted_events, purchases_within
from guidance.decisions.models import Decision, DecisionQuerySet
from guidance.experiments.models import Bandit
from guidance.experiments.selectors.trials import (
    AT_ONCE,
    GRACE,
    PURCHASE,
    Batch,
    Trial,
    corrected_since,
)

FIELDS = ("pk", "at", "customer_id", "context", "items", "was_seen")


class _List(NamedTuple):
    """A seen list's slots of one source."""

    decision: Any
    source: str
    slots: Sequence[dict[str, Any]]


class _Success(NamedTuple):
    occurred_at: datetime
    received_at: datetime
    sku: str
    position: int | None


@dataclass(frozen=True)
class SlotTrials:
    """The trials of one bandit, as `experiments.services.learning.Trials` wants them."""

    key: str
    surface: str
    reward: str
    window: timedelta

    @classmethod
    def of(cls, bandit: Bandit) -> "SlotTrials":
        return cls(bandit.key, bandit.surface, bandit.reward, bandit.window)

    @property
    def open_for(self) -> timedelta:
        return self.window + GRACE[self.reward]

    def new(self, since: datetime, until: datetime, heard: datetime) -> Batch:
        """Return the trials of the next decisions; see `DecisionTrials.new`."""
        rows = self._rows(self._own().filter(at__gte=since, at__lt=until))
        found = list(rows[: AT_ONCE + 1])
        if len(found) > AT_ONCE:
            until = found[-1].at
            found = [row for row in found if row.at < until]
        zone = shop_zone()
        start, _end = day_bounds(since.astimezone(zone).date(), zone)
        people = {row.customer_id for row in found}
        earlier = self._own().filter(Among("customer_id", people), at__gte=start, at__lt=since)
        met = {_of_day(one, zone) for one in _lists(self._rows(earlier))}
        lists = _firsts(_lists(found), met, zone)
        successes = self._successes([one.decision for one in lists])
        trials = [self._trial(one, successes, heard) for one in lists]
        return Batch(trials, len(found), until)

    def late(self, before: datetime, heard: datetime, now: datetime) -> list[Trial]:
        """Return what was received after `heard` and changes a trial; see `DecisionTrials.late`."""
        own = self._own().filter(at__gte=corrected_since(now), at__lt=before)
        news = Q(received_at__gt=heard, received_at__lte=now)
        told = own.filter(Exists(self._counted().filter(news)))
        touched = list(told.order_by("at").values_list("customer_id", "at"))
        if not touched:
            return []
        zone = shop_zone()
        since, _end = day_bounds(touched[0][1].astimezone(zone).date(), zone)
        people = {customer for customer, _at in touched}
        rows = self._rows(own.filter(Among("customer_id", people), at__gte=since))
        lists = _firsts(_lists(rows), set(), zone)
        successes = self._successes([one.decision for one in lists])
        trials = (self._trial(one, successes, heard, now) for one in lists)
        return [one for one in trials if one.learned != one.reward]

    def _own(self) -> DecisionQuerySet:
        return Decision.objects.filter(
            surface=self.surface,
            source=Source.LIVE,
            context__slots__bandit=self.key,
            customer__isnull=False,
            customer__excluded_as="",
        )

    def _rows(self, decisions: DecisionQuerySet) -> QuerySet[Decision, Any]:
        seen = counted_events(Event.Kind.IMPRESSION).filter(
            occurred_at__lte=OuterRef("at") + self.window,
            received_at__lte=OuterRef("at") + self.open_for,
        )
        rows = decisions.annotate(was_seen=Exists(seen)).order_by("at", "pk")
        return rows.values_list(*FIELDS, named=True)

    def _counted(self) -> QuerySet[Event]:
        if self.reward == PURCHASE:
            return purchases_within(self.window)
        inside = {"occurred_at__lte": OuterRef("at") + self.window}
        return counted_events(Event.Kind.CLICK).filter(**inside)

    def _successes(self, rows: Sequence[Any]) -> dict[Any, list[_Success]]:
        """Return clicks by decision, or purchases by customer, of these decisions."""
        found: defaultdict[Any, list[_Success]] = defaultdict(list)
        if not rows:
            return found
        is_bought = self.reward == PURCHASE
        whose = "customer_id" if is_bought else "decision"
        events = Event.objects.filter(
            kind=Event.Kind.PURCHASE if is_bought else Event.Kind.CLICK,
            source__in=[Source.LIVE, Source.IMPORT] if is_bought else [Source.LIVE],
            occurred_at__gte=rows[0].at - CLOCK_TOLERANCE,
            occurred_at__lte=rows[-1].at + self.window,
        )
        named = (
            Among("customer_id", {row.customer_id for row in rows})
            if is_bought
            else AmongUuids("decision", {row.pk for row in rows})
        )
        fields = ("occurred_at", "received_at", "product__sku", "position")
        for who, customer, *told in events.filter(named).values_list(whose, "customer_id", *fields):
            found[who, customer].append(_Success(*told))
        return found

    def _trial(
        self,
        one: _List,
        successes: dict[Any, list[_Success]],
        heard: datetime,
        now: datetime | None = None,
    ) -> Trial:
        at, customer = one.decision.at, one.decision.customer_id
        is_bought = self.reward == PURCHASE
        own = successes.get((customer if is_bought else one.decision.pk, customer), [])
        earliest = at if is_bought else at - CLOCK_TOLERANCE
        inside = [e for e in own if earliest <= e.occurred_at <= at + self.window]
        judged = max(at + self.open_for, heard)
        learned = _share(one.slots, [e for e in inside if e.received_at <= judged])
        told = (at, one.source, one.decision.context["slots"], one.source)
        if now is None:
            return Trial(*told, learned)
        return Trial(*told, _share(one.slots, [e for e in inside if e.received_at <= now]), learned)


def _share(slots: Sequence[dict[str, Any]], successes: Collection[_Success]) -> float:
    """Return the share of slots whose product a success names, or whose place where none does."""
    named = {one.sku or one.position for one in successes}
    return sum(slot["sku"] in named or slot["position"] in named for slot in slots) / len(slots)


def _lists(rows: Iterable[Any]) -> Iterator[_List]:
    """Yield the slots of each seen list, source by source."""
    for row in rows:
        if not row.was_seen:
            continue
        by_source: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        for item in row.items:
            if "slot" in item:
                by_source[item["slot"]].append(item)
        for source, slots in by_source.items():
            yield _List(row, source, slots)


def _firsts(lists: Iterable[_List], met: set[Any], zone: ZoneInfo) -> list[_List]:
    firsts = []
    for one in lists:
        if (key := _of_day(one, zone)) not in met:
            met.add(key)
            firsts.append(one)
    return firsts


def _of_day(one: _List, zone: ZoneInfo) -> tuple[Any, ...]:
    day = one.decision.at.astimezone(zone).date()
    return one.decision.customer_id, one.source, day
