"""What shoppers add up to by day, and how such days are added to and taken from each other."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import date
from itertools import repeat
from operator import add, sub
from typing import Any

ArmKey = tuple[str, str, date]
MetricKey = tuple[int, str, date]
BucketKey = tuple[int, str, date, int]
ZoneKey = tuple[str, str, date]
Numbers = list[int]


@dataclass
class Days:
    """Whole numbers by day: of arms (left out or not), of metrics, of quantiles' buckets, and of
    arms in the zones of metrics that have one of their own."""

    arms: dict[ArmKey, Numbers] = field(default_factory=dict)
    metrics: dict[MetricKey, Numbers] = field(default_factory=dict)
    buckets: dict[BucketKey, Numbers] = field(default_factory=dict)
    zones: dict[ZoneKey, Numbers] = field(default_factory=dict)

    def plus(self, other: "Days") -> "Days":
        """Return both together."""
        return self._with(other, lambda own, more: _each(add, own, more, own | more))

    def minus(self, other: "Days") -> "Days":
        """Return what these days have more than others; what is alike is left out."""

        def differing(own: dict[Any, Numbers], less: dict[Any, Numbers]) -> dict[Any, Numbers]:
            found = _each(sub, own, less, own | less)
            return {key: numbers for key, numbers in found.items() if any(numbers)}

        return self._with(other, differing)

    def added_to(self, other: "Days") -> "Days":
        """Return what others come to with these, only where these have anything."""
        return self._with(other, lambda own, more: _each(add, own, more, own))

    def _with(
        self,
        other: "Days",
        combine: Callable[[dict[Any, Numbers], dict[Any, Numbers]], dict[Any, Numbers]],
    ) -> "Days":
        parts = (part.name for part in fields(self))
        return Days(*(combine(getattr(self, part), getattr(other, part)) for part in parts))


def _each(
    operation: Callable[[int, int], int],
    own: dict[Any, Numbers],
    more: dict[Any, Numbers],
    keys: Iterable[Any],
) -> dict[Any, Numbers]:
    """Return own and other numbers combined, key by key; what one lacks is nothing."""
    return {
        key: list(map(operation, own.get(key) or repeat(0), more.get(key) or repeat(0)))
        for key in keys
    }
