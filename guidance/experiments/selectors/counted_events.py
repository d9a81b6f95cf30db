"""Which events a metric over events counts, and how much of each, as SQL."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from guidance.decisions.attribution import purchase_sources
from guidance.experiments.models import Metric
from guidance.experiments.selectors.counting_dialect import (
    MICROSECOND,
    listed,
    shift,
    shift_by,
)
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope


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
                AND b.kind = 'purchase' AND b.source IN ({listed("source", sources)})
                AND b.occurred_at >= u.exposed_at AND b.occurred_at <= e.occurred_at
                AND b.occurred_at <= {shift_by("u.exposed_at", "r.bought_span")}
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
    AND e.occurred_at >= u.exposed_at AND e.occurred_at <= {shift("u.exposed_at", longest)}
    {scope.of_customers("e.customer_id")}
JOIN rule r ON r.kind = e.kind AND e.occurred_at <= {shift_by("u.exposed_at", "r.span")}
WHERE e.kind IN ({listed("kind", kinds)}) AND e.source IN ({listed("source", sources)})
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
