"""What higher apps add to behaviour: rollups of their own, by the day and by the customer."""

from collections.abc import Callable, Sequence
from datetime import date

DayRecount = Callable[[date, str], None]
CustomerRecount = Callable[[Sequence[int]], object]
_recounts: list[DayRecount] = []
_customer_recounts: list[CustomerRecount] = []


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


def register_customer_rollup(recount: CustomerRecount) -> None:
    """Have `recount(customer ids)` replace its app's sums of customers, in `ready()` only.

    It runs in a transaction that took these customers' marks, under a lock of its own name.
    """
    if recount not in _customer_recounts:
        _customer_recounts.append(recount)


def recount_customers(customer_ids: Sequence[int]) -> None:
    """Have every registered app recount these customers."""
    for recount in _customer_recounts:
        recount(customer_ids)
