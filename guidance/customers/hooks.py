"""What higher apps do when an anonymous history becomes a customer's: they move their rows."""

from collections.abc import Callable

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
