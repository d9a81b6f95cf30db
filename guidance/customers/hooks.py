"""What higher apps add to customers: rows to move in a merge, panels on the customer's page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

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
