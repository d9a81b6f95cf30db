"""What higher apps add to behaviour: rollups of their own, by the day and by the customer, and
what can be done with the shoppers behind a figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise

from guidance.core.models import User

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


@dataclass(frozen=True)
class FoundShoppers:
    """The shoppers that a person opened. `name` is the analysis and its days; `title` says what
    they did, which may be in the words that they searched with: no audit entry holds it."""

    name: str
    title: str
    customer_ids: Sequence[int]


@dataclass(frozen=True)
class PointAction:
    """A button on the page of opened shoppers, for people with `permission`.

    `act(found, person)` does what it says, audited, and returns the address to go on with; it
    may raise ValidationError.
    """

    name: str
    label: str | Promise
    permission: str
    act: Callable[[FoundShoppers, User], str]


_point_actions: dict[str, PointAction] = {}


def register_point_action(action: PointAction) -> None:
    """Offer an action on every point of the analyses; call it in `ready()` only."""
    _point_actions[action.name] = action


def point_actions(person: User) -> list[PointAction]:
    """Return the actions that a person may take."""
    return [action for action in _point_actions.values() if person.has_perm(action.permission)]
