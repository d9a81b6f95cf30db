"""When an event counts as a decision's outcome, in one place and as database expressions.

- An impression or click counts for the decision it names if it comes from the decision's own
  shopper and traffic, at most `OUTCOME_WINDOW` after it; a rating, which people give when the
  parcel has come, at most `RATING_WINDOW` after it. `CLOCK_TOLERANCE` lets a storefront's clock
  run a little behind ours.
- A purchase names no decision. It counts for the decision its shopper saw last before it, if that
  was at most `PURCHASE_WINDOW` earlier, whatever product was bought: each purchase counts once.
- Purchases that a shop's server imports later are as real as live ones; replayed ones are not.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.lookups import Exact

from guidance.behaviour.models import Event, Source

# What can count for a decision by naming it; another event that names one is left alone.
OUTCOME_KINDS = (Event.Kind.IMPRESSION, Event.Kind.CLICK, Event.Kind.RATING)
OUTCOME_WINDOW = timedelta(hours=24)
RATING_WINDOW = timedelta(days=14)
CLOCK_TOLERANCE = timedelta(minutes=5)
PURCHASE_WINDOW = timedelta(hours=24)
# An experiment's conversion: any purchase of the shopper within this long of the first exposure.
CONVERSION_WINDOW = timedelta(days=7)


def outcome_window(kind: str) -> timedelta:
    """Return how long after a decision an event of this kind still counts for it."""
    return RATING_WINDOW if kind == Event.Kind.RATING else OUTCOME_WINDOW


def counted_events(kind: str, received_by: datetime | None = None) -> "QuerySet[Event]":
    """Return the outcomes of one kind of the decision in the outer query, received by a moment."""
    return _received(received_by).filter(
        kind=kind,
        decision=OuterRef("pk"),
        customer=OuterRef("customer"),
        source=OuterRef("source"),
        occurred_at__gte=OuterRef("at") - CLOCK_TOLERANCE,
        occurred_at__lte=OuterRef("at") + outcome_window(kind),
    )


def purchases_within(window: timedelta, received_by: datetime | None = None) -> "QuerySet[Event]":
    """Return what the outer decision's shopper bought within `window` after it."""
    return _received(received_by).filter(
        Q(source=OuterRef("source"))
        | Q(Exact(OuterRef("source"), Source.LIVE), source=Source.IMPORT),
        kind=Event.Kind.PURCHASE,
        customer=OuterRef("customer"),
        occurred_at__gte=OuterRef("at"),
        occurred_at__lte=OuterRef("at") + window,
    )


def _received(by: datetime | None) -> "QuerySet[Event]":
    return Event.objects.all() if by is None else Event.objects.filter(received_at__lte=by)


def purchase_sources(source: str) -> list[str]:
    """Return the sources whose purchases count for decisions of this source."""
    return [Source.LIVE, Source.IMPORT] if source == Source.LIVE else [source]


def is_seen_by(time: Combinable | Any) -> Exists:
    """Tell whether the outer decision had a counted impression by `time`."""
    return Exists(counted_events(Event.Kind.IMPRESSION).filter(occurred_at__lte=time))
