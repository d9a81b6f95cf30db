"""What a report walks through: shoppers, the lists they got and what they chose."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, NamedTuple

from guidance.behaviour.models import Event


class Item(NamedTuple):
    """One item of a list: the product's place in the catalogue, -1 for one not in it."""

    product: int
    position: int
    score: float | None


@dataclass
class Shown:
    """One decision and what counts for it; `clicked` and `bought` are places in the catalogue and
    leave out what is not in it."""

    at: datetime
    day: date
    surface: str
    policy: str
    policy_version: str
    stood_in: bool
    items: list[Item]
    seen_at: datetime | None = None
    has_click: bool = False
    clicked: set[int] = field(default_factory=set)
    bought: set[int] = field(default_factory=set)
    has_purchase: bool = False

    @property
    def is_seen(self) -> bool:
        return self.seen_at is not None


class Choice(NamedTuple):
    """Something a shopper looked at, put into a cart or bought."""

    at: datetime
    kind: str
    product: int


@dataclass
class Earlier:
    """What a shopper had chosen before the period: which products, in how many events, and how
    many order lines of them they bought."""

    products: set[int] = field(default_factory=set)
    events: int = 0
    bought: int = 0


@dataclass
class Shopper:
    """Decisions for one shopper in order, their choices of the period, and what came before it."""

    facts: dict[str, Any] | None
    shown: list[Shown]
    choices: list[Choice] = field(default_factory=list)
    earlier: Earlier = field(default_factory=Earlier)

    @cached_property
    def chosen_at(self) -> list[datetime]:
        """When each choice of the period was made, in order."""
        return [choice.at for choice in self.choices]

    @cached_property
    def bought_at(self) -> list[datetime]:
        """When each order line of the period was bought, in order."""
        return [choice.at for choice in self.choices if choice.kind == Event.Kind.PURCHASE]

    def chosen_before(self, at: datetime) -> set[int]:
        """Return the products of a moment's every earlier choice."""
        inside = self.choices[: bisect_right(self.chosen_at, at)]
        return self.earlier.products | {choice.product for choice in inside}

    def events_before(self, at: datetime) -> int:
        return self.earlier.events + bisect_right(self.chosen_at, at)

    def lines_before(self, at: datetime) -> int:
        """Return how many order lines had been bought by a moment."""
        return self.earlier.bought + bisect_right(self.bought_at, at)

    def bought_between(self, start: datetime, end: datetime) -> set[int]:
        """Return the products bought from `start` to before `end`."""
        return {
            choice.product
            for choice in self.choices
            if choice.kind == Event.Kind.PURCHASE and start <= choice.at < end
        }
