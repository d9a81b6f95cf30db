"""Cohorts: shoppers by when they came first, and how many of them came again."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from django.db.models import Min, QuerySet, TextField
from django.db.models.functions import Cast
from numpy.typing import NDArray

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.trails import Ints
from guidance.behaviour.models import VisitRollup

PURCHASE, ANYTHING = "purchase", "any"
WEEK, MONTH = "week", "month"
# 1970 began on a Thursday; weeks begin on Mondays.
DAYS_TO_MONDAY = 3
Days = NDArray[np.datetime64]


@dataclass(frozen=True)
class Cell:
    """Who of a cohort came in a period after its first; `is_over` tells whether the whole period
    lies within what is known."""

    shoppers: Ints
    is_over: bool


@dataclass(frozen=True)
class Cohort:
    """Who came first in the period that begins with `begins`, and in which periods they came."""

    begins: date
    shoppers: Ints
    cells: list[Cell]


def cohorts(scope: Scope, *, unit: str, first: str, again: str, today: date) -> list[Cohort]:
    """Return those whose first purchase (or event) ever is in the scope's days, by week or month
    of it in the shop's time zone, each with who came in that period and every later one up to the
    scope's last day; two statements.
    """
    newcomers = (
        _that(scope.visits_ever(), first)
        .values("customer_id")
        .annotate(first=Min("day"))
        .filter(first__range=(scope.period.first, scope.period.last))
        .values_list("customer_id", Cast("first", TextField()))
    )
    people, begun = _arrays(newcomers, unit)
    came = _that(scope.visits(), again).values_list("customer_id", Cast("day", TextField()))
    who, when = _arrays(came.distinct(), unit)
    place = np.searchsorted(people, who)
    place = np.minimum(place, max(len(people) - 1, 0))
    is_one = people[place] == who if len(people) else np.zeros(len(who), dtype=bool)
    who, when, cohort = who[is_one], when[is_one], begun[place[is_one]]
    # Of today a part is still to come.
    until = _period(np.array([min(scope.period.last, today)], dtype="datetime64[D]"), unit)[0]
    is_whole = _period(np.array([scope.period.last], dtype="datetime64[D]") + 1, unit)[0] > until
    is_whole = is_whole and scope.period.last < today
    found = []
    for period in np.unique(begun):
        of_cohort = cohort == period
        who_came, came_when = who[of_cohort], when[of_cohort]
        cells = [
            Cell(np.unique(who_came[came_when == later]), bool(later < until or is_whole))
            for later in range(period, until + 1)
        ]
        found.append(Cohort(_begins(int(period), unit), people[begun == period], cells))
    return found


def _that(visits: QuerySet[VisitRollup], kind: str) -> QuerySet[VisitRollup]:
    return visits.filter(orders__gt=0) if kind == PURCHASE else visits


def _arrays(rows: Any, unit: str) -> tuple[Ints, Ints]:
    """Return customers, rising, and the number of the week or month of each one's day."""
    found = list(rows)
    who = np.array([row[0] for row in found], dtype=np.int64)
    when = _period(np.array([row[1] for row in found], dtype="datetime64[D]"), unit)
    order = np.argsort(who, kind="stable")
    return who[order], when[order]


def _period(days: Days, unit: str) -> Ints:
    if unit == MONTH:
        return days.astype("datetime64[M]").astype(np.int64)
    return (days.astype(np.int64) + DAYS_TO_MONDAY) // 7


def _begins(period: int, unit: str) -> date:
    if unit == MONTH:
        return date(1970 + period // 12, 1 + period % 12, 1)
    return date.fromordinal(date(1970, 1, 1).toordinal() + period * 7 - DAYS_TO_MONDAY)
