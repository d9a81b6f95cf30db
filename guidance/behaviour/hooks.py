"""What higher apps add to behaviour: rollups of their own for the days being recounted."""

from collections.abc import Callable
from datetime import date

DayRecount = Callable[[date, str], None]
_recounts: list[DayRecount] = []


def register_rollup(recount: DayRecount) -> None:
    """Have `recount(day, source)` replace its app's rollups of a day, in `ready()` only.

    It runs in the transaction that recounts the day, under the rollups' lock, and so must be
    quick and set-based. `behaviour.days.day_bounds` tells when the day begins and ends.
    """
    if recount not in _recounts:
        _recounts.append(recount)


def recount_elsewhere(day: date, source: str) -> None:
    """Have every registered app recount this day of this source."""
    for recount in _recounts:
        recount(day, source)
