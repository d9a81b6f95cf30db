"""What shoppers did in order of time, as arrays: the moments of many visits read at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from guidance.behaviour.models import VisitRollup

Ints = NDArray[np.int64]
MOMENT = VisitRollup.MOMENT
CODE = {kind.value: code for code, kind in enumerate(VisitRollup.KIND_ORDER)}
# More milliseconds than the longest period of an analysis with its window: four years.
SPAN = 1 << 37


@dataclass(frozen=True)
class Trail:
    """Moments by shopper and time: the customer's id, milliseconds since 1970, the kind's code and
    the session's number, 0 for none. At one millisecond kinds stand in `KIND_ORDER`."""

    shoppers: Ints
    at: Ints
    kinds: Ints
    sessions: Ints

    def only(self, chosen: NDArray[np.bool_]) -> "Trail":
        return Trail(
            self.shoppers[chosen], self.at[chosen], self.kinds[chosen], self.sessions[chosen]
        )


def read_trail(visits: QuerySet[VisitRollup], kinds: Collection[str] = tuple(CODE)) -> Trail:
    """Read the moments of some kinds in one statement.

    A year of the real shop is 20,497 rows and 40 ms; with 700,000 views and carts made up to go
    with it, 40,267 rows and 680,000 moments, it is 0.2 s.
    """
    rows: Sequence[tuple[int, str, str]] = list(
        visits.values_list("customer_id", "session", "moments")
    )
    if not rows:
        nothing: Ints = np.empty(0, dtype=np.int64)
        return Trail(nothing, nothing, nothing, nothing)
    moments = np.fromstring(",".join(row[2] for row in rows), dtype=np.int64, sep=",")
    lengths = [row[2].count(",") + 1 for row in rows]
    is_asked = np.zeros(MOMENT, dtype=bool)
    is_asked[[CODE[kind] for kind in kinds]] = True
    asked = np.flatnonzero(is_asked[moments % MOMENT])
    moments, place = moments[asked], np.repeat(np.arange(len(rows)), lengths)[asked]
    shoppers = np.array([row[0] for row in rows], dtype=np.int64)[place]
    sessions = np.array(list(_numbered(rows)), dtype=np.int64)[place]
    order = np.lexsort((moments, shoppers))
    moments = moments[order]
    return Trail(shoppers[order], moments // MOMENT, moments % MOMENT, sessions[order])


def milliseconds(moment: datetime) -> int:
    """Return an aware time as a trail counts it."""
    return round(moment.timestamp() * 1000)


def in_line(people: Ints, shoppers: Ints, since: Ints) -> Ints:
    """Return one rising key for shopper and time: the place among `people` (sorted, each once, all
    of them known) and milliseconds from 0 to `SPAN`."""
    return np.searchsorted(people, shoppers) * SPAN + since


def _numbered(rows: Sequence[tuple[int, str, str]]) -> Iterator[int]:
    numbers = {"": 0}
    for _customer, session, _moments in rows:
        yield numbers.setdefault(session, len(numbers))
