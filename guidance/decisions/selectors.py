"""Reads of the decision rollups."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Sum

from guidance.decisions.models import DecisionDayRollup

CENT = Decimal("0.01")


@dataclass
class Outcomes:
    """Decisions and what came of them; the fields are `DecisionDayRollup`'s."""

    served: int = 0
    seen: int = 0
    clicked: int = 0
    converted: int = 0
    rating_sum: int = 0
    rating_count: int = 0
    revenue: Decimal = Decimal(0)

    def add(self, other: "Outcomes") -> None:
        """Count `other` in."""
        for name in COUNTED:
            setattr(self, name, getattr(self, name) + getattr(other, name))


COUNTED = tuple(field.name for field in fields(Outcomes))


@dataclass(frozen=True)
class ArmDay:
    """One arm's day; experiment and arm are empty for decisions outside experiments."""

    day: date
    source: str
    experiment: str
    arm: str
    outcomes: Outcomes


def outcomes_by_day(since: date, until: date) -> list[ArmDay]:
    """Return the days from `since` to `until`, both included, of every source and arm; one query.

    Days without decisions have no row.
    """
    rows = (
        DecisionDayRollup.objects.filter(day__range=(since, until))
        .values("day", "source", "experiment", "arm")
        .annotate(**{f"total_{name}": Sum(name) for name in COUNTED})
        .order_by("day", "source", "experiment", "arm")
    )
    return [
        ArmDay(row["day"], row["source"], row["experiment"], row["arm"], _outcomes(row))
        for row in rows
    ]


def _outcomes(row: Mapping[str, Any]) -> Outcomes:
    outcomes = Outcomes(**{name: row[f"total_{name}"] for name in COUNTED})
    # SQLite adds decimals as floating point; cents are all there ever was.
    outcomes.revenue = outcomes.revenue.quantize(CENT)
    return outcomes
