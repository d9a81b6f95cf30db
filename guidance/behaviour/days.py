"""The shop's calendar: a day begins at midnight in the default market's time zone."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from guidance.core.selectors import default_market


def shop_zone() -> ZoneInfo:
    """Return the time zone in which the shop counts days."""
    return ZoneInfo(default_market().time_zone)


def today() -> date:
    """Return the shop's date now."""
    return datetime.now(shop_zone()).date()


def day_bounds(day: date, zone: ZoneInfo | None = None) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that of the next, in UTC.

    A day on which the clocks change has 23 or 25 hours.
    """
    zone = zone or shop_zone()
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def days_of(
    moments: Iterable[tuple[datetime, str]], zone: ZoneInfo | None = None
) -> set[tuple[date, str]]:
    """Return the day and source of each aware time and source."""
    zone = zone or shop_zone()
    return {(moment.astimezone(zone).date(), source) for moment, source in moments}
