"""Those who were to get a message and those held out, read from entries and events: sums by part of
the shoppers, each once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from guidance.behaviour.models import Event
from guidance.campaigns.models import PlanEntry, PushPlan
from guidance.customers.models import Customer
from guidance.experiments.samples import MeanSample
from guidance.experiments.statistics import Comparison, NotMeasured, difference

CENTS = 100
_ENTRIES, _EVENTS = PlanEntry._meta.db_table, Event._meta.db_table
_CUSTOMERS = Customer._meta.db_table
# The bounds of what counts for an entry: of a plan the same for all, of a trigger each one's own.
_SPANS = {
    "": ("%(since)s", "%(until)s"),
    "postgresql": (
        "entry.fired_at",
        "LEAST(%(until)s, entry.fired_at + %(window)s * INTERVAL '1 second')",
    ),
    "sqlite": (
        "entry.fired_at",
        "MIN(%(until)s, strftime('%%Y-%%m-%%d %%H:%%M:%%f', entry.fired_at, %(window)s"
        " || ' seconds'))",
    ),
}
_EARLIER = f"""AND NOT EXISTS (
        SELECT 1 FROM {_ENTRIES} earlier JOIN {_CUSTOMERS} was ON was.id = earlier.customer_id
        WHERE earlier.plan_id {{among}} AND earlier.verdict IN (0, 1)
            AND (was.id = COALESCE(customer.merged_into_id, customer.id)
                OR was.merged_into_id = COALESCE(customer.merged_into_id, customer.id)))"""  # noqa: S608  names, no values
_FIRST = {
    "postgresql": _EARLIER.format(among="= ANY(%(before)s::uuid[])"),
    "sqlite": _EARLIER.format(among="IN (SELECT value FROM json_each(%(before)s))"),
}
UNITS = f"""
SELECT verdict, tier, segment, language, has_bought,
    COUNT(*), SUM(bought), SUM(net), SUM(net * net), SUM(left_us), SUM(complained)
FROM (
    SELECT entry.verdict, entry.tier, entry.segment, customer.language, entry.customer_id,
        CASE WHEN EXISTS (
            SELECT 1 FROM {_EVENTS} earlier
            WHERE earlier.customer_id = COALESCE(customer.merged_into_id, customer.id)
                AND earlier.kind = 'purchase' AND earlier.source <> 'replay'
                AND earlier.occurred_at < {{since}}
        ) THEN 1 ELSE 0 END AS has_bought,
        MAX(CASE WHEN event.kind = 'purchase' THEN 1 ELSE 0 END) AS bought,
        MAX(CASE WHEN event.kind = 'unsubscribe' THEN 1 ELSE 0 END) AS left_us,
        MAX(CASE WHEN event.kind = 'complaint' THEN 1 ELSE 0 END) AS complained,
        COALESCE(SUM(CASE WHEN event.currency NOT IN (%(currency)s, %(unnamed)s) THEN 0
            WHEN event.kind = 'purchase'
                THEN event.quantity * CAST(ROUND(event.price * 100) AS BIGINT)
            WHEN event.kind = 'return'
                THEN -event.quantity * CAST(ROUND(event.price * 100) AS BIGINT)
            END), 0) AS net
    FROM {_ENTRIES} entry
    JOIN {_CUSTOMERS} customer ON customer.id = entry.customer_id
    LEFT JOIN {_EVENTS} event
        ON event.customer_id = COALESCE(customer.merged_into_id, customer.id)
        AND event.occurred_at >= {{since}} AND event.occurred_at < {{until}}
        AND event.source = 'live'
        AND event.kind IN ('purchase', 'return', 'unsubscribe', 'complaint')
    WHERE entry.plan_id = %(plan)s AND entry.verdict IN (0, 1) AND NOT EXISTS (
        SELECT 1 FROM {_ENTRIES} twin
        WHERE twin.plan_id = entry.plan_id AND twin.customer_id = customer.merged_into_id
            AND twin.verdict IN (0, 1)) {{first}}
    GROUP BY entry.id, customer.id
) unit
GROUP BY verdict, tier, segment, language, has_bought"""  # noqa: S608  names, no values


# Of those of whom a model foretold how much a message moves them, a tenth at a time.
DECILES = f"""
SELECT decile, verdict, COUNT(*), SUM(bought), AVG(uplift)
FROM (
    SELECT entry.verdict, entry.uplift,
        NTILE(10) OVER (ORDER BY entry.uplift DESC, entry.customer_id) AS decile,
        CASE WHEN EXISTS (
            SELECT 1 FROM {_EVENTS} event
            WHERE event.customer_id = COALESCE(customer.merged_into_id, customer.id)
                AND event.kind = 'purchase' AND event.source = 'live'
                AND event.occurred_at >= {{since}} AND event.occurred_at < {{until}}
        ) THEN 1 ELSE 0 END AS bought
    FROM {_ENTRIES} entry
    JOIN {_CUSTOMERS} customer ON customer.id = entry.customer_id
    WHERE entry.plan_id = %(plan)s AND entry.verdict IN (0, 1) AND entry.uplift IS NOT NULL
) unit
GROUP BY decile, verdict"""  # noqa: S608  names, no values


@dataclass
class Group:
    """Sums over the shoppers of one group; money in cents."""

    shoppers: int = 0
    bought: int = 0
    net: int = 0
    net_squares: int = 0
    left_us: int = 0
    complained: int = 0

    def add(self, *sums: Any) -> None:
        self.shoppers += int(sums[0])
        self.bought += int(sums[1])
        self.net += int(sums[2])
        self.net_squares += int(sums[3])
        self.left_us += int(sums[4])
        self.complained += int(sums[5])

    def include(self, other: "Group") -> None:
        """Count another group in."""
        self.add(
            *(other.shoppers, other.bought, other.net, other.net_squares),
            *(other.left_us, other.complained),
        )

    def share(self, count: int) -> MeanSample:
        """Return the sample of something that each shopper did or did not do."""
        return MeanSample(self.shoppers, count, count)

    @property
    def money(self) -> MeanSample:
        """Return the sample of net revenue, in the currency's unit."""
        squares = self.net_squares / CENTS**2
        return MeanSample(self.shoppers, self.net / CENTS, squares)


@dataclass
class Arms:
    """Those who were to get a message, and those held out."""

    treated: Group = field(default_factory=Group)
    held: Group = field(default_factory=Group)

    def moved(self, name: str) -> Comparison | NotMeasured:
        """Return the difference of a share: `bought`, `left_us` or `complained`."""
        return difference(
            self.held.share(getattr(self.held, name)),
            self.treated.share(getattr(self.treated, name)),
        )

    @property
    def earned(self) -> Comparison | NotMeasured:
        """Return the difference of net revenue a shopper."""
        return difference(self.held.money, self.treated.money)


@dataclass(frozen=True)
class Span:
    """The entries of a plan, and from when to when what their shoppers did counts.

    Whom one of the plans `before` decided about already is left out.
    """

    plan: PushPlan
    since: datetime
    until: datetime
    window: timedelta | None
    before: Sequence[UUID] = ()

    def units(self, *, currency: str, unnamed: str) -> list[Any]:
        """Return verdict, tier, learned segment, language, whether they had bought before, and the
        sums of a `Group`; money in `currency`, which events may leave out where `unnamed` is
        empty."""
        return self._read(UNITS, currency=currency, unnamed=unnamed)

    def deciles(self) -> list[Any]:
        """Return number, verdict, shoppers, buyers and mean prediction of each tenth."""
        return self._read(DECILES)

    def _read(self, statement: str, **given: str) -> list[Any]:
        vendor = connection.vendor
        since, until = _SPANS[vendor if self.window is not None else ""]
        adapt = connection.ops.adapt_datetimefield_value
        first = _FIRST[vendor] if self.before else ""
        named: dict[str, Any] = {
            "since": self.since if vendor == "postgresql" else adapt(self.since),
            "until": self.until if vendor == "postgresql" else adapt(self.until),
            "window": int(self.window.total_seconds()) if self.window is not None else 0,
            "plan": self.plan.pk if vendor == "postgresql" else self.plan.pk.hex,
            "before": list(self.before)
            if vendor == "postgresql"
            else json.dumps([one.hex for one in self.before]),
        }
        with connection.cursor() as cursor:
            cursor.execute(statement.format(since=since, until=until, first=first), named | given)
            return cursor.fetchall()
