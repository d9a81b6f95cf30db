"""Quiet hours in the shopper's own time zone, for a million customers at a time.

A moment is quiet where a clock on the wall there says so: daylight saving changes the offset, and
an hour that comes twice is quiet both times. Of a shopper whose zone nobody knows, a moment is
quiet where it is so in any zone they may be in: those of their country, else all of the shop's. A
window may then leave no moment at all; `NEVER` says so, and nothing is sent.

Pure: no rows are read. Times are seconds since 1970 in UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from babel import Locale
from babel.core import get_global
from numpy.typing import NDArray

from guidance.core.validators import is_time_zone

Seconds = NDArray[np.int64]
DAY = 86_400
# Where no time is allowed within the days looked ahead: windows repeat each day.
NEVER = int(np.iinfo(np.int64).max)
LOOK_AHEAD = 4 * DAY


@dataclass(frozen=True)
class Window:
    """The quiet hours of each day by the wall clock: from `begins` until just before `ends`.

    It may go past midnight, as from 21:00 to 9:00. Where both are the same there are none.
    """

    begins: time
    ends: time

    @property
    def first(self) -> int:
        """Seconds from midnight to the beginning."""
        return _of_day(self.begins)

    @property
    def length(self) -> int:
        """Seconds that it lasts."""
        return (_of_day(self.ends) - self.first) % DAY


@dataclass(frozen=True)
class Quiet:
    """What quiet hours say of each customer's sending time, in their order.

    `allowed` is true where it may be sent then; `next_allowed` is the first second at or after it
    when it may, `NEVER` where there is none.
    """

    allowed: NDArray[np.bool_]
    next_allowed: Seconds


def check_quiet(
    times: Seconds,
    *,
    zones: Sequence[str],
    countries: Sequence[str],
    window: Window,
    shop_zones: Iterable[str],
) -> Quiet:
    """Hold each customer's sending time to the quiet hours where they are.

    `zones` and `countries` are what is known of each ('' for nothing; a country by its ISO code
    or its English or Chinese name), `shop_zones` all zones of the shop's markets and customers.
    Raises ValueError where the lengths differ.
    """
    times = np.asarray(times, dtype=np.int64)
    if not len(times) == len(zones) == len(countries):
        raise ValueError("times, zones and countries differ in length")
    allowed, next_allowed = np.ones(len(times), dtype=bool), times.copy()
    if window.length == 0 or not len(times):
        return Quiet(allowed, next_allowed)
    begin, end = int(times.min()) - DAY, int(times.max()) + LOOK_AHEAD
    fallback = tuple(sorted({zone for zone in shop_zones if is_time_zone(zone)}))
    places, members = _places(zones, countries, fallback)
    for place, rows in zip(places, members, strict=True):
        quiet = _quiet_spans(place, window, begin, end)
        _hold(times, rows, quiet, allowed, next_allowed)
    return Quiet(allowed, next_allowed)


def zones_of(zone: str, country: str, fallback: tuple[str, ...]) -> tuple[str, ...]:
    """Return every zone that a customer may be in; none where nobody can say."""
    if is_time_zone(zone):
        return (zone,)
    return country_zones().get(_country_code(country), fallback)


@lru_cache(maxsize=1)
def country_zones() -> dict[str, tuple[str, ...]]:
    """Return the time zones of each country by its ISO code (from Unicode's CLDR)."""
    found: dict[str, list[str]] = {}
    for zone, code in get_global("zone_territories").items():
        if is_time_zone(zone):
            found.setdefault(code, []).append(zone)
    return {code: tuple(sorted(zones)) for code, zones in found.items()}


def _country_code(country: str) -> str:
    told = country.strip()
    if len(told) != 2 or not told.isascii():
        return _country_names().get(told.casefold(), "")
    same: list[str] = get_global("territory_aliases").get(told.upper(), [told.upper()])
    return same[0]


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    return {
        name.casefold(): code
        for language in ("en", "zh_Hans")
        for code, name in Locale.parse(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }


def _places(
    zones: Sequence[str], countries: Sequence[str], fallback: tuple[str, ...]
) -> tuple[list[tuple[str, ...]], list[NDArray[np.intp]]]:
    """Return the different sets of zones that customers may be in, and who is in which."""
    numbers: dict[tuple[str, str], int] = {}
    pairs = zip(zones, countries, strict=True)
    told = np.fromiter(
        (numbers.setdefault(pair, len(numbers)) for pair in pairs), np.int64, len(zones)
    )
    sets: dict[tuple[str, ...], int] = {}
    of_pair = np.array(
        [sets.setdefault(zones_of(*pair, fallback), len(sets)) for pair in numbers], np.int64
    )
    number = of_pair[told]
    order = np.argsort(number, kind="stable")
    ends = np.cumsum(np.bincount(number, minlength=len(sets)))
    return list(sets), np.split(order, ends[:-1])


def _hold(
    times: Seconds,
    rows: NDArray[np.intp],
    quiet: tuple[Seconds, Seconds] | None,
    allowed: NDArray[np.bool_],
    next_allowed: Seconds,
) -> None:
    """Write what the quiet spans say of these rows' times."""
    if quiet is None:
        allowed[rows], next_allowed[rows] = False, NEVER
        return
    begins, ends = quiet
    asked = times[rows]
    place = np.searchsorted(begins, asked, side="right") - 1
    is_quiet = (place >= 0) & (asked < ends[place])
    until = np.where(ends[place] - asked >= LOOK_AHEAD, NEVER, ends[place])
    allowed[rows] = ~is_quiet
    next_allowed[rows] = np.where(is_quiet, until, asked)


def _quiet_spans(
    zones: tuple[str, ...], window: Window, begin: int, end: int
) -> tuple[Seconds, Seconds] | None:
    """Return when it is quiet in any of these zones, as ordered spans that do not touch; None for
    no zone: then it is always quiet."""
    if not zones:
        return None
    found = [_spans_of_zone(zone, window, begin, end) for zone in zones]
    begins = np.concatenate([spans[0] for spans in found])
    ends = np.concatenate([spans[1] for spans in found])
    order = np.argsort(begins, kind="stable")
    begins, reach = begins[order], np.maximum.accumulate(ends[order])
    is_first = np.ones(len(begins), dtype=bool)
    is_first[1:] = begins[1:] > reach[:-1]
    is_last = np.ones(len(begins), dtype=bool)
    is_last[:-1] = is_first[1:]
    return begins[is_first], reach[is_last]


def _spans_of_zone(zone: str, window: Window, begin: int, end: int) -> tuple[Seconds, Seconds]:
    """Return when it is quiet in one zone: within each stretch of one offset, once a day."""
    begins, ends = [], []
    for first, last, offset in _stretches(zone, begin, end):
        days = np.arange((first + offset) // DAY - 1, (last + offset) // DAY + 1, dtype=np.int64)
        start = days * DAY + window.first - offset
        begins.append(np.maximum(start, first))
        ends.append(np.minimum(start + window.length, last))
    starts, stops = np.concatenate(begins), np.concatenate(ends)
    is_there = starts < stops
    return starts[is_there], stops[is_there]


def _stretches(zone: str, begin: int, end: int) -> list[tuple[int, int, int]]:
    """Return from when to when a zone keeps which offset from UTC, in seconds.

    Looks at each day and, where the offset changed within one, for the second when it did.
    """
    info = ZoneInfo(zone)
    found, first, offset, seen = [], begin, _offset(info, begin), begin
    while seen < end:
        ahead = min(seen + DAY, end)
        if _offset(info, ahead) != offset:
            low, high = seen, ahead
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset(info, middle) == offset else (low, middle)
            found.append((first, high, offset))
            first, offset, ahead = high, _offset(info, high), high
        seen = ahead
    return [*found, (first, end, offset)]


def _offset(zone: ZoneInfo, moment: int) -> int:
    offset = datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
    assert offset is not None
    return int(offset.total_seconds())


def _of_day(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second
