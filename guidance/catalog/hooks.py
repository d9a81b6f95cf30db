"""What higher apps may hear from the catalogue: facts that changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FactChange:
    """One fact of a product known before, as it read and as it reads now; None where it is not.

    `key` is price, title, brand, category or an attribute's key; `language` is '' for a fact
    that reads the same in every language. The texts are value and unit as people read them.
    """

    product_id: int
    key: str
    language: str
    old: str | None
    new: str | None


FactsListener = Callable[[Sequence[FactChange]], None]
_listeners: list[FactsListener] = []


def register_facts_listener(listener: FactsListener) -> None:
    """Have `listener(changes)` called in the transaction of each change; in `ready()` only."""
    if listener not in _listeners:
        _listeners.append(listener)


def tell_facts_changed(changes: Sequence[FactChange]) -> None:
    """Call every listener once with all the changes of one write; nothing where none changed."""
    if changes:
        for listener in _listeners:
            listener(changes)
