"""The hour of the day at which each shopper is usually active, by the clock where they live."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from django.db.models import Count
from django.db.models.functions import ExtractHour

from guidance.behaviour.models import Event, EventQuerySet
from guidance.campaigns.planning.shoppers import Ints, Words
from guidance.campaigns.planning.timing import NO_HOUR
from guidance.core.among import Among
from guidance.core.validators import is_time_zone

Kind = Event.Kind
SINCE = timedelta(days=90)
ACTIVE = [Kind.VIEW, Kind.SEARCH, Kind.CLICK, Kind.CART, Kind.PURCHASE]
# Fewer events than this say as much about chance as about a habit.
FEWEST = 5
HOUR = ExtractHour("occurred_at", tzinfo=UTC)
Hours = Mapping[str, int]


def best_hours(customers: Ints, *, zones: Words, tiers: Words, usual: Hours, at: datetime) -> Ints:
    """Return each shopper's most frequent hour; their tier's where they did too little, else
    `NO_HOUR`. One statement. Of hours as frequent the earliest is taken.

    An hour is by the offset that the zone has at `at`: a habit follows the clock on the wall.
    """
    rows = _active(at).filter(Among("customer_id", customers)).values_list("customer", HOUR)
    counts = pd.DataFrame(
        list(rows.annotate(count=Count("pk"))), columns=["customer", "hour", "count"]
    ).astype(np.int64)
    place = np.searchsorted(customers, counts["customer"])
    shifts = np.asarray([_offset(str(zone), at) for zone in zones], dtype=np.int64)
    counts["hour"] = (counts["hour"] + shifts[place]) % 24
    found = np.asarray([usual.get(str(tier), NO_HOUR) for tier in tiers], dtype=np.int64)
    for customer, hour in _most_frequent(counts, "customer", FEWEST).items():
        found[np.searchsorted(customers, customer)] = hour
    return found


def usual_hours(at: datetime) -> Hours:
    """Return each membership tier's most frequent hour; one statement over the last 90 days."""
    rows = _active(at).values_list("customer__tier", "customer__time_zone", HOUR)
    counts = pd.DataFrame(
        list(rows.annotate(count=Count("pk"))), columns=["tier", "zone", "hour", "count"]
    )
    shifts = [_offset(zone, at) for zone in counts["zone"]]
    counts["hour"] = (counts["hour"].astype(np.int64) + np.asarray(shifts, dtype=np.int64)) % 24
    return _most_frequent(counts, "tier", FEWEST)


def _active(at: datetime) -> EventQuerySet:
    events = Event.objects.real().filter(
        kind__in=ACTIVE, occurred_at__gte=at - SINCE, occurred_at__lt=at
    )
    return events.order_by()


def _most_frequent(counts: pd.DataFrame, by: str, fewest: int) -> dict[str, int]:
    """Return the most frequent hour of each who did enough."""
    summed = counts.groupby([by, "hour"], as_index=False)["count"].sum()
    whole = summed.groupby(by)["count"].transform("sum")
    enough = summed[whole >= fewest].sort_values(["count", "hour"], ascending=[False, True])
    first = enough.drop_duplicates(by)
    return dict(zip(first[by], first["hour"].astype(int), strict=True))


def _offset(zone: str, at: datetime) -> int:
    """Return by how many whole hours a zone's clock is ahead of UTC; 0 for an unknown zone."""
    return _hours_ahead(zone, at.date()) if is_time_zone(zone) else 0


@lru_cache(maxsize=1024)
def _hours_ahead(zone: str, day: date) -> int:
    moment = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(zone))
    offset = moment.utcoffset()
    assert offset is not None
    return round(offset.total_seconds() / 3600)
