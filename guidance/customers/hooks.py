"""What higher apps add to customers: rows to move in a merge, panels on the customer's page, who
hears that a shopper wants no more messages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.utils.functional import Promise

MergeMover = Callable[[int, int], int]
_movers: dict[str, MergeMover] = {}


def register_merge_mover(name: str, mover: MergeMover) -> None:
    """Have `mover(from_customer_id, to_customer_id)` move its rows, in the merge's transaction.

    It returns how many it moved; the merge's answer and its audit entry list them by `name`.
    Call it in `AppConfig.ready()` only.
    """
    _movers[name] = mover


def move_rows(from_customer_id: int, to_customer_id: int) -> dict[str, int]:
    """Have every registered mover move its rows and return how many each moved."""
    return {name: mover(from_customer_id, to_customer_id) for name, mover in _movers.items()}


@dataclass(frozen=True)
class Panel:
    """A table on the customer's page: `rows(customer_id)` gives its cells, newest first.

    Only people with `permission` see it.
    """

    title: str | Promise
    columns: Sequence[str | Promise]
    rows: Callable[[int], Sequence[Sequence[Any]]]
    permission: str


_panels: list[Panel] = []


def register_panel(panel: Panel) -> None:
    """Show a table on every customer's page; call it in `AppConfig.ready()` only."""
    if panel not in _panels:
        _panels.append(panel)


def panels() -> list[Panel]:
    """Return every registered panel."""
    return list(_panels)


ChannelFinder = Callable[[], Iterable[str]]
_channel_finders: list[ChannelFinder] = []


def register_channels_without_address(finder: ChannelFinder) -> None:
    """Have `finder()` name channels that reach a shopper without an address, as they are in use
    now; call it in `AppConfig.ready()` only."""
    if finder not in _channel_finders:
        _channel_finders.append(finder)


def channels_without_address() -> set[str]:
    """Return every channel in use that reaches a shopper without an address."""
    return {channel for finder in _channel_finders for channel in finder()}


@dataclass(frozen=True)
class Withdrawal:
    """A shopper unsubscribed or complained; `decision` is what was decided for them, where known.

    `customer` is a pseudonym; what was withdrawn is told by `channel` and `purpose` ('' is every
    purpose).
    """

    kind: Literal["unsubscribe", "complaint"]
    customer: str
    channel: str
    purpose: str
    at: datetime
    decision: UUID | None = None


WithdrawalListener = Callable[[Withdrawal], None]
DecisionFinder = Callable[[UUID], UUID | None]
_withdrawal_listeners: list[WithdrawalListener] = []
_decision_finders: list[DecisionFinder] = []


def register_withdrawal_listener(listener: WithdrawalListener) -> None:
    """Have `listener(withdrawal)` called in the transaction of each, in `ready()` only."""
    if listener not in _withdrawal_listeners:
        _withdrawal_listeners.append(listener)


def tell_withdrawal(withdrawal: Withdrawal) -> None:
    """Tell every registered app of a withdrawal."""
    for listener in _withdrawal_listeners:
        listener(withdrawal)


def register_delivery_decisions(finder: DecisionFinder) -> None:
    """Have `finder(delivery id)` say which decision led to a delivery; in `ready()` only."""
    if finder not in _decision_finders:
        _decision_finders.append(finder)


def decision_of(delivery: UUID | None) -> UUID | None:
    """Return the decision that led to a delivery, None where nobody knows."""
    if delivery is None:
        return None
    found = (finder(delivery) for finder in _decision_finders)
    return next((decision for decision in found if decision is not None), None)
