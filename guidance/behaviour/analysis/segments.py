"""RFM: shoppers by how lately and how often they bought and how much they spent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from django.db.models import Max, Q, Sum, TextField
from django.db.models.functions import Cast
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from guidance.behaviour.analysis.scope import Scope
from guidance.behaviour.analysis.trails import Ints

BANDS = 5


@dataclass(frozen=True)
class Buyers:
    """Everybody who bought: last order's day, orders, cents net of returns, and each one's scores
    from 1 to 5: 5 for those above at least four fifths of all. `elsewhere` are those who bought
    in other currencies alone."""

    shoppers: Ints
    last: NDArray[np.datetime64]
    orders: Ints
    cents: Ints
    recency: Ints
    frequency: Ints
    money: Ints
    elsewhere: int


Rule = Callable[[Buyers], NDArray[np.bool_]]


@dataclass(frozen=True)
class Segment:
    """Buyers of whom `holds` is true, and not that of a segment before."""

    key: str
    name: str | Promise
    description: str | Promise
    holds: Rule


SEGMENTS = (
    Segment(
        "best",
        _("Best shoppers"),
        _("Bought often and lately, and spent more than at least four fifths of the others."),
        lambda b: (b.recency >= 4) & (b.frequency >= 4) & (b.money == BANDS),
    ),
    Segment(
        "loyal",
        _("Loyal shoppers"),
        _("Bought lately, and more often than at least three fifths of the others."),
        lambda b: (b.recency >= 4) & (b.frequency >= 4),
    ),
    Segment(
        "large",
        _("Lately, in large orders"),
        _("Bought lately and seldom, yet spent more than at least three fifths of the others."),
        lambda b: (b.recency >= 4) & (b.money >= 4),
    ),
    Segment(
        "new",
        _("First order lately"),
        _("One order in these days, and that lately: a second one would make them come back."),
        lambda b: (b.recency >= 4) & (b.orders == 1),
    ),
    Segment(
        "promising",
        _("Promising"),
        _("Bought lately and more than once, but neither often nor much yet."),
        lambda b: b.recency >= 4,
    ),
    Segment(
        "slipping",
        _("Slipping away"),
        _("Bought often or spent much, but the last order is not among the latest."),
        lambda b: (b.recency == 3) & ((b.frequency >= 4) | (b.money >= 4)),
    ),
    Segment(
        "lost_best",
        _("Not to be lost"),
        _("Bought often or spent much, and then stopped: their last order is long ago."),
        lambda b: (b.recency <= 2) & ((b.frequency >= 4) | (b.money == BANDS)),
    ),
    Segment(
        "middle",
        _("In the middle"),
        _("Neither lately nor long ago, neither often nor much."),
        lambda b: b.recency == 3,
    ),
    Segment(
        "asleep",
        _("Asleep"),
        _("Few orders, and the last one is long ago."),
        lambda b: np.ones(len(b.shoppers), dtype=bool),
    ),
)


def buyers(scope: Scope) -> Buyers:
    """Return who bought within the scope's days with their scores; two statements.

    Money counts in the scope's currency alone, and prices without one as if in it.
    """
    known = Q(currency__in=[scope.currency, ""])
    bought = Q(orders__gt=0)
    rows = list(
        scope.visits()
        .filter(known, bought | Q(returned__gt=0))
        .values("customer_id")
        .annotate(
            last=Cast(Max("day", filter=bought), TextField()),
            number=Sum("orders"),
            net=Sum("spent") - Sum("returned"),
        )
        .filter(number__gt=0)
        .order_by("customer_id")
        .values_list("customer_id", "last", "number", "net")
    )
    others = scope.visits().filter(bought).exclude(known).values("customer_id")
    shoppers = np.array([row[0] for row in rows], dtype=np.int64)
    last = np.array([row[1] for row in rows], dtype="datetime64[D]")
    orders = np.array([row[2] for row in rows], dtype=np.int64)
    cents = np.array([int(row[3]) for row in rows], dtype=np.int64)
    elsewhere = np.array(list(others.distinct().values_list("customer_id", flat=True)), np.int64)
    return Buyers(
        *(shoppers, last, orders, cents),
        *(scores(last.astype(np.int64)), scores(orders), scores(cents)),
        elsewhere=len(np.setdiff1d(elsewhere, shoppers)),
    )


def scores(values: Ints) -> Ints:
    """Return 1 to 5 by the share of others with less: 5 from four fifths on. Equals score alike."""
    fewer = np.searchsorted(np.sort(values), values, side="left")
    return np.asarray(1 + BANDS * fewer // max(len(values), 1), dtype=np.int64)


def segment_of(found: Buyers) -> Ints:
    """Return the place in `SEGMENTS` of each buyer's segment."""
    return np.asarray(
        np.select([one.holds(found) for one in SEGMENTS], list(range(len(SEGMENTS)))), np.int64
    )


def days_since(found: Buyers, day: date) -> Ints:
    """Return the days from each buyer's last order to `day`."""
    return (np.datetime64(day) - found.last).astype(np.int64)
