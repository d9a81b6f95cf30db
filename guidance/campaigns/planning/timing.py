"""When each shopper's message is due: a time of day in their own zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from guidance.core.validators import is_time_zone

Seconds = np.ndarray[tuple[int], np.dtype[np.int64]]
NO_HOUR = -1


@dataclass(frozen=True)
class Timing:
    """From when on a campaign may send, at what time of day, in whose zone where none is known."""

    opens: datetime
    at: time
    zone: str

    def due(self, zones: Sequence[str], hours: np.ndarray | None = None) -> Seconds:
        """Return, in seconds since 1970, each shopper's first such time from the opening on.

        `hours` gives hours of the day in place of the campaign's time; `NO_HOUR` where nobody
        knows a shopper's. An unknown zone is the campaign's.
        """
        codes, names = pd.factorize(np.asarray(zones, dtype=object))
        wanted = np.full(len(codes), NO_HOUR) if hours is None else hours
        pairs, place = np.unique(codes * 25 + (wanted + 1), return_inverse=True)
        times = [self._first(str(names[pair // 25]), int(pair % 25) - 1) for pair in pairs]
        due: Seconds = np.asarray(times, dtype=np.int64)[place]
        return due

    def _first(self, zone_name: str, hour: int) -> int:
        zone = ZoneInfo(zone_name if is_time_zone(zone_name) else self.zone)
        at = self.at if hour == NO_HOUR else time(hour)
        opens = self.opens.astimezone(zone)
        due = datetime.combine(opens.date(), at, zone)
        if due < opens:
            due = datetime.combine(opens.date() + timedelta(days=1), at, zone)
        return int(due.astimezone(UTC).timestamp())
