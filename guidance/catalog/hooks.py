"""What higher apps may hear from the catalogue, facts that changed, and add to its pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.module_loading import import_string


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


def register_facts_listener(listener: FactsListener) -> Callable[[], None]:
    """Have `listener(changes)` called in the transaction of each change; in `ready()` only.

    Return what ends it, for who listens only for a while.
    """
    if listener not in _listeners:
        _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def tell_facts_changed(changes: Sequence[FactChange]) -> None:
    """Call every listener once with all the changes of one write; nothing where none changed."""
    if changes:
        for listener in _listeners:
            listener(changes)


@dataclass(frozen=True)
class ProductAction:
    """Something to do with products chosen in their list.

    `view` is the dotted path of an admin action `(model_admin, request, products) -> response`; a
    path, since admin modules load after `ready()`.
    """

    name: str
    label: str | Promise
    permission: str
    view: str

    def load(self) -> Callable[..., object]:
        view: Callable[..., object] = import_string(self.view)
        return view


_product_actions: dict[str, ProductAction] = {}


def register_product_action(action: ProductAction) -> None:
    """Offer an action in the list of products; in `ready()` only."""
    _product_actions[action.name] = action


def product_actions() -> list[ProductAction]:
    """Return every registered action."""
    return list(_product_actions.values())
