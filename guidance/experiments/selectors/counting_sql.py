"""How shoppers are counted, as SQL: one text for the sums kept and for a past moment's report.

Joins, not a query a decision: 10,000,000 exposures are counted in one pass. What differs between
the databases (adding a span of time, a day in a time zone, sums of any size) is told here once.
The names put into the texts are constants of this module and of the models, never values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models

from guidance.core.ids import last_id
from guidance.decisions.attribution import (
    CLOCK_TOLERANCE,
    OUTCOME_WINDOW,
    RATING_WINDOW,
    purchase_sources,
)
from guidance.experiments.models import Experiment, Metric

# What a decision's or a shopper's row holds, in the order of `Unit`'s columns.
COUNTS = (
    *("served", "stood_in", "seen", "clicked", "impressions", "clicks", "ratings", "stars"),
    *("thumbs_up", "timed", "latency_us", "named"),
)
UNIT_COLUMNS = ("customer_id", "arm", "left_out", "exposed_at", "day", *COUNTS)
# No answer takes so many milliseconds: what lies outside was measured wrongly, or is no number.
LONGEST_LATENCY_MS = 1e9
MICROSECOND = timedelta(microseconds=1)
# What each database keeps numbers of any size in.
ZERO = {"postgresql": "0", "sqlite": "'0'"}


@dataclass(frozen=True)
class Scope:
    """Whose rows are counted: an experiment's, of these customers, received by a moment.

    With `surface_since` those of its surface and traffic from then on, whatever experiment they
    were made in, as if they had been one arm.
    """

    experiment: Experiment
    zone: str
    customers: Sequence[int] | None = None
    between: tuple[int, int] | None = None
    received_by: datetime | None = None
    surface_since: datetime | None = None

    @property
    def values(self) -> dict[str, Any]:
        """The parameters of every text below."""
        adapt = connection.ops.adapt_datetimefield_value
        by = self.received_by
        first, last = self.between or (0, 0)
        return {
            "experiment": self.experiment.pk,
            "key": self.experiment.key,
            "source": self.experiment.source,
            "surface": self.experiment.surface,
            "since": self.surface_since and adapt(self.surface_since),
            "zone": self.zone,
            "customers": _as_list(self.customers or []),
            "first": first,
            "last": last,
            "received_by": None if by is None else adapt(by),
            "made_by": None
            if by is None
            else models.UUIDField().get_db_prep_value(last_id(by), connection),
        }

    def of_customers(self, column: str) -> str:
        """Return the condition, with AND before it, that a row is of this scope's customers."""
        if self.between is not None:
            return f" AND {column} > %(first)s AND {column} <= %(last)s"
        if self.customers is None:
            return ""
        if _is_postgresql():
            return f" AND {column} = ANY(%(customers)s::bigint[])"  # of its type, it is hashed
        return f" AND {column} IN (SELECT value FROM json_each(%(customers)s))"  # noqa: S608  names, no values

    @property
    def decisions(self) -> str:
        """The condition that a decision is the scope's, whoever it was made for."""
        if self.surface_since is not None:
            return "d.surface = %(surface)s AND d.at >= %(since)s"
        return "d.experiment = %(key)s AND d.experiment <> ''"

    @property
    def arm(self) -> str:
        return "d.arm" if self.surface_since is None else "''"

    @property
    def by_counted_pseudonym(self) -> str:
        """The condition, with AND before it, that a decision was made for the pseudonym by which
        its shopper counts: the customer's own once that met the experiment, before that the first
        visitor's who became the customer. Only rows of visitors who logged in look further."""
        if self.surface_since is not None:
            return ""
        others = (
            "FROM decisions_decision x WHERE x.customer_id = d.customer_id"
            f" AND x.experiment = d.experiment AND x.source = d.source{self.made('x')}"
        )
        return f""" AND (d.met_as IS NULL OR (
            NOT EXISTS (SELECT 1 {others} AND x.met_as IS NULL)
            AND d.met_as = (SELECT x.met_as {others} ORDER BY x.at, x.id LIMIT 1)))"""

    @property
    def excluded(self) -> str:
        """What a customer was left out as by then, as staff or a script, '' for whoever counts."""
        if self.received_by is None:
            return "p.excluded_as"
        return (
            "CASE WHEN p.excluded_at > %(received_by)s THEN p.excluded_before"
            " ELSE p.excluded_as END"
        )

    def received(self, table: str) -> str:
        return "" if self.received_by is None else f" AND {table}.received_at <= %(received_by)s"

    def made(self, table: str) -> str:
        return "" if self.received_by is None else f" AND {table}.id <= %(made_by)s"


def units_select(scope: Scope) -> tuple[str, str]:
    """Return the table that `WITH` needs, and the SELECT of one row a shopper from it."""
    passes = (
        f"e.customer_id = d.customer_id AND e.source = %(source)s"
        f" AND e.occurred_at >= {_shift('d.at', -CLOCK_TOLERANCE)}"
        f" AND e.occurred_at <= CASE WHEN e.kind = 'rating' THEN {_shift('d.at', RATING_WINDOW)}"
        f" ELSE {_shift('d.at', OUTCOME_WINDOW)} END"
    )
    timed = f"o.latency_ms >= 0 AND o.latency_ms <= {LONGEST_LATENCY_MS}"
    tables = f"""
outcome AS (
    SELECT d.id, d.customer_id, {scope.arm} AS arm, d.at, d.fallback_from, d.latency_ms,
        COUNT(e.id) AS named,
        COUNT(*) FILTER (WHERE e.kind = 'impression' AND {passes}) AS impressions,
        COUNT(*) FILTER (WHERE e.kind = 'click' AND {passes}) AS clicks,
        COUNT(e.rating) FILTER (WHERE e.kind = 'rating' AND {passes}) AS ratings,
        COALESCE(SUM(e.rating) FILTER (WHERE e.kind = 'rating' AND {passes}), 0) AS stars,
        COUNT(*) FILTER (WHERE e.kind = 'rating' AND e.rating >= 4 AND {passes}) AS thumbs_up
    FROM decisions_decision d LEFT JOIN behaviour_event e ON e.decision = d.id
        AND e.kind IN ('impression', 'click', 'rating'){scope.received("e")}
    WHERE {scope.decisions} AND d.source = %(source)s
        AND d.customer_id IS NOT NULL{scope.of_customers("d.customer_id")}{scope.made("d")}
        {scope.by_counted_pseudonym}
    GROUP BY d.id
)"""  # noqa: S608  names, no values
    select = f"""
SELECT o.customer_id,
    CASE WHEN MIN(o.arm) = MAX(o.arm) THEN MIN(o.arm) ELSE '' END AS arm,
    COALESCE(MIN({scope.excluded}),
        CASE WHEN MIN(o.arm) = MAX(o.arm) THEN '' ELSE 'several_arms' END) AS left_out,
    MIN(o.at) AS exposed_at, {_day("MIN(o.at)")} AS day,
    COUNT(*) AS served, COUNT(*) FILTER (WHERE o.fallback_from <> '') AS stood_in,
    COUNT(*) FILTER (WHERE o.impressions > 0) AS seen,
    COUNT(*) FILTER (WHERE o.impressions > 0 AND o.clicks > 0) AS clicked,
    SUM(o.impressions) AS impressions, SUM(o.clicks) AS clicks,
    SUM(o.ratings) AS ratings, SUM(o.stars) AS stars,
    SUM(o.thumbs_up) AS thumbs_up, COUNT(*) FILTER (WHERE {timed}) AS timed,
    SUM(CAST(ROUND(CASE WHEN {timed} THEN o.latency_ms ELSE 0 END * 1000) AS BIGINT))
        AS latency_us,
    SUM(o.named) AS named
FROM outcome o
LEFT JOIN customers_customer p ON p.id = o.customer_id AND {scope.excluded} > ''
GROUP BY o.customer_id"""  # noqa: S608  names, no values
    return tables, select


def values_select(
    scope: Scope, metrics: Sequence[Metric], unit: str
) -> tuple[str, str, dict[str, Any]]:
    """Return the rules as a table for `WITH`, the SELECT of one row a shopper and metric, and what
    both need, '' without such metrics; `unit` is the table of the shoppers."""
    rules, counted, values = counted_select(scope, metrics, unit)
    if not rules:
        return "", "", {}
    table = f"{rules}, counted AS MATERIALIZED ({counted})"  # what a return is worth: asked once
    select = """
SELECT f.unit_id, f.metric_id,
    CASE WHEN f.most > 0 AND f.total > f.most THEN f.most
        WHEN f.most > 0 AND f.total < -f.most THEN -f.most ELSE f.total END AS total,
    f.base
FROM (
    SELECT c.unit_id, c.metric_id, c.most,
        COALESCE(SUM(CASE c.part WHEN 'base' THEN 0 WHEN 'less' THEN -1 ELSE 1 END * c.amount), 0)
            AS total,
        COALESCE(SUM(CASE c.part WHEN 'base' THEN c.amount ELSE 0 END), 0) AS base
    FROM counted c
    GROUP BY c.unit_id, c.metric_id, c.most
) f
WHERE f.total <> 0 OR f.base <> 0"""
    return table, select, values


def counted_select(
    scope: Scope, metrics: Sequence[Metric], unit: str
) -> tuple[str, str, dict[str, Any]]:
    """Return the rules as a table for `WITH`, the SELECT of one row a shopper, event and rule that
    counts it, and what both need, '' without such metrics; `unit` is the table of the shoppers.

    An event is joined to the rules of the metrics that count its kind, so that one pass over the
    events serves every metric. A return that is taken off, or divided by purchases, counts only
    after a purchase of the same product in the window. Returned money is what was paid: the price
    of that purchase; where there are several of the one in the same basket, else of the last one in
    the same currency, else of the last.
    """
    rules = [rule for metric in metrics for rule in _rules(metric)]
    if not rules:
        return "", "", {}
    values: dict[str, Any] = {"sources": purchase_sources(scope.experiment.source)}
    lines = []
    for place, rule in enumerate(rules):
        names = [f"rule_{place}_{column}" for column in range(len(rule))]
        values |= dict(zip(names, rule, strict=True))
        lines.append(f"({', '.join(f'%({name})s' for name in names)})")
    kinds, sources = sorted({rule[1] for rule in rules}), values.pop("sources")
    values |= {f"kind_{place}": kind for place, kind in enumerate(kinds)}
    values |= {f"source_{place}": source for place, source in enumerate(sources)}
    table = (
        "rule (metric_id, kind, part, worth, currency, span, bought_span, most) AS "
        f"(VALUES {', '.join(lines)})"
    )
    bought = f"""FROM behaviour_event b
            WHERE b.customer_id = u.customer_id AND b.product_id = e.product_id
                AND b.kind = 'purchase' AND b.source IN ({_listed("source", sources)})
                AND b.occurred_at >= u.exposed_at AND b.occurred_at <= e.occurred_at
                AND b.occurred_at <= {_shift_by("u.exposed_at", "r.bought_span")}
                {scope.received("b")}"""
    # SQLite knows the return in the inner columns, not in an ORDER BY.
    paid = f"""(SELECT p.cents FROM (
            SELECT {_cents("b")} AS cents, b.occurred_at, b.id,
                CASE WHEN b.basket <> '' AND b.basket = e.basket THEN 0
                    WHEN b.currency = e.currency THEN 1 ELSE 2 END AS likely
            {bought}) p
            ORDER BY p.likely, p.occurred_at DESC, p.id DESC LIMIT 1)"""  # noqa: S608  names, no values
    amount = f"""CASE WHEN r.worth = 'count' THEN 1 WHEN r.worth = 'quantity' THEN e.quantity
            WHEN e.kind = 'return' THEN e.quantity * COALESCE({paid}, {_cents("e")})
            ELSE e.quantity * {_cents("e")} END"""
    longest = max(rule[5] for rule in rules) * MICROSECOND
    counted = f"""
SELECT u.id AS unit_id, e.id AS event_id, r.metric_id, r.part, r.most, {amount} AS amount
FROM {unit} u
JOIN behaviour_event e ON e.customer_id = u.customer_id
    AND e.occurred_at >= u.exposed_at AND e.occurred_at <= {_shift("u.exposed_at", longest)}
    {scope.of_customers("e.customer_id")}
JOIN rule r ON r.kind = e.kind AND e.occurred_at <= {_shift_by("u.exposed_at", "r.span")}
WHERE e.kind IN ({_listed("kind", kinds)}) AND e.source IN ({_listed("source", sources)})
    {"AND u.experiment_id = %(experiment)s" if unit == UNIT_TABLE else ""}
    {scope.of_customers("u.customer_id")}{scope.received("e")}
    AND (r.part NOT IN ('less', 'returned') OR EXISTS (SELECT 1 {bought}))"""  # noqa: S608  names, no values
    return table, counted, values


def _cents(event: str) -> str:
    """Return the price of an event's piece in cents, 0 in a currency that the rule leaves out."""
    return (
        f"(CASE WHEN {event}.currency = '' OR {event}.currency = r.currency"
        f" THEN COALESCE(CAST(ROUND({event}.price * 100) AS BIGINT), 0) ELSE 0 END)"
    )


UNIT_TABLE = "experiments_unit"
# The day of a shopper's first decision: by the experiment's clock as kept, or in `zone`'s.
OWN_DAY = "u.day"


def day_in(scope: Scope, zone: str) -> str:
    """Return the expression of the day of a shopper's first decision in a zone (`%(zone)s`)."""
    return OWN_DAY if zone == scope.zone else _day("u.exposed_at")


def arm_days_select(scope: Scope, metrics: Sequence[Metric], unit: str, day: str = OWN_DAY) -> str:
    """Return the SELECT of `ArmDay`'s columns, then six sums for each metric over decisions."""
    sums = [f"SUM(u.{name})" for name in COUNTS]
    for metric in metrics:
        if not metric.is_over_events:
            sums += _six(*_columns_of(metric))
    where = "u.experiment_id = %(experiment)s" if unit == UNIT_TABLE else "1 = 1"
    return f"""
SELECT u.left_out, u.arm, {day} AS on_day, COUNT(*), COUNT(*) FILTER (WHERE u.seen > 0),
    {", ".join(sums)}
FROM {unit} u
WHERE {where}{scope.of_customers("u.customer_id")}
GROUP BY u.left_out, u.arm, on_day"""  # noqa: S608  names, no values


def metric_days_select(
    scope: Scope, metrics: Sequence[Metric], unit: str, value: str, day: str = OWN_DAY
) -> str:
    """Return the SELECT of the six sums of each metric over events, by metric, arm and day."""
    keys = [metric.pk for metric in metrics if metric.is_over_events]
    of_seers = [m.pk for m in metrics if m.is_over_events and m.denominator == "saw"]
    of_bases = [m.pk for m in metrics if m.is_over_events and m.denominator == "events"]
    conditions = ["u.left_out = ''", f"v.metric_id IN ({_numbers(keys)})"]
    if unit == UNIT_TABLE:
        conditions.append("u.experiment_id = %(experiment)s")
    if of_seers:
        conditions.append(f"(u.seen > 0 OR v.metric_id NOT IN ({_numbers(of_seers)}))")
    if of_bases:
        conditions.append(f"(v.base <> 0 OR v.metric_id NOT IN ({_numbers(of_bases)}))")
    shares = [m.pk for m in metrics if m.is_over_events and m.kind == Metric.Kind.PROPORTION]
    total = "v.total"
    if shares:
        total = (
            f"CASE WHEN v.metric_id IN ({_numbers(shares)}) AND v.total > 0 THEN 1 ELSE v.total END"
        )
    return f"""
SELECT v.metric_id, u.arm, {day} AS on_day, {", ".join(_six(total, "v.base"))}
FROM {unit} u JOIN {value} v ON v.unit_id = u.id
WHERE {" AND ".join(conditions)}{scope.of_customers("u.customer_id")}
GROUP BY v.metric_id, u.arm, on_day"""  # noqa: S608  names, no values


def prepare() -> None:
    """Give SQLite the sum that PostgreSQL has; call it before a statement with sums is sent."""
    if not _is_postgresql():
        connection.ensure_connection()
        assert connection.connection is not None
        connection.connection.create_aggregate("sum_products", 2, _SumProducts)


class _SumProducts:
    """The sum of products of whole numbers, of any size."""

    def __init__(self) -> None:
        self.found = 0

    def step(self, first: int | None, second: int | None) -> None:
        self.found += (first or 0) * (second or 0)

    def finalize(self) -> str:
        return str(self.found)


def _rules(metric: Metric) -> list[tuple[Any, ...]]:
    """Return which events a metric over events counts: how much of each, how long after."""
    if not metric.is_over_events:
        return []
    span = timedelta(days=metric.window_days) // MICROSECOND
    netted = timedelta(days=metric.window_days + metric.returns_days) // MICROSECOND

    def rule(kind: str, part: str, until: int) -> tuple[Any, ...]:
        return (metric.pk, kind, part, metric.worth, metric.currency, until, span, metric.whole_cap)

    bought_too = "purchase" in metric.base_kinds
    rules = [
        rule(kind, "returned" if kind == "return" and bought_too else "total", span)
        for kind in metric.event_kinds
    ]
    rules += [rule(kind, "base", span) for kind in metric.base_kinds]
    if metric.returns_days:
        rules.append(rule("return", "less", netted))
    return rules


def columns_of(metric: Metric) -> tuple[str, str]:
    """Return what a metric adds to both of its sums for one shopper (`u`, whose value is `v` or
    none); whoever adds nothing to the second is not in it."""
    if not metric.is_over_events:
        return _columns_of(metric)
    top = "COALESCE(v.total, 0)"
    if metric.kind == Metric.Kind.PROPORTION:
        top = f"CASE WHEN {top} > 0 THEN 1 ELSE {top} END"
    if metric.denominator == Metric.Denominator.EVENTS:
        return top, "COALESCE(v.base, 0)"
    saw = metric.denominator == Metric.Denominator.SAW
    return top, "CASE WHEN u.seen > 0 THEN 1 ELSE 0 END" if saw else "1"


def _columns_of(metric: Metric) -> tuple[str, str]:
    """Return what a metric over decisions adds to both of its sums for one shopper."""
    top = f"u.{metric.counted}"
    if metric.kind == Metric.Kind.PROPORTION:
        top = f"CASE WHEN {top} > 0 THEN 1 ELSE 0 END"
    elif most := metric.whole_cap:
        top = f"CASE WHEN {top} > {most} THEN {most} ELSE {top} END"
    if metric.denominator == Metric.Denominator.SAW:
        return top, "CASE WHEN u.seen > 0 THEN 1 ELSE 0 END"
    if metric.denominator == Metric.Denominator.EXPOSED:
        return top, "1"
    return top, f"u.{metric.denominator}"


def _six(top: str, bottom: str) -> list[str]:
    """Return units, sums, squares and products; a shopper with nothing to divide by adds none."""
    only = f"FILTER (WHERE ({bottom}) <> 0)" if bottom != "v.base" else ""
    return [
        f"COUNT(*) {only}",
        *(f"COALESCE(SUM({column}) {only}, 0)" for column in (top, bottom)),
        *(
            f"COALESCE({_products(first, second)} {only}, {ZERO[connection.vendor]})"
            for first, second in ((top, top), (bottom, bottom), (top, bottom))
        ),
    ]


def _products(first: str, second: str) -> str:
    if _is_postgresql():
        return f"SUM(CAST(({first}) AS numeric) * ({second}))"
    return f"sum_products({first}, {second})"


def _shift(column: str, span: timedelta) -> str:
    return _shift_by(column, str(span // MICROSECOND))


def _shift_by(column: str, microseconds: str) -> str:
    if _is_postgresql():
        return f"({column} + {microseconds} * interval '1 microsecond')"
    return f"django_format_dtdelta('+', {column}, {microseconds})"


def _day(moment: str) -> str:
    if _is_postgresql():
        return f"CAST({moment} AT TIME ZONE %(zone)s AS date)"
    return f"django_datetime_cast_date({moment}, %(zone)s, 'UTC')"


def _listed(name: str, values: Sequence[Any]) -> str:
    return ", ".join(f"%({name}_{place})s" for place in range(len(values)))


def _numbers(keys: Sequence[int]) -> str:
    return ", ".join(map(str, keys))


def _as_list(customers: Sequence[int]) -> Any:
    return list(customers) if _is_postgresql() else str(list(customers))


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"
