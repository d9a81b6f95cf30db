"""How shoppers are counted, as SQL: one text for the sums kept and for a past moment's report.

Joins, not a query a decision: 10,000,000 exposures are counted in one pass. The names put into the
texts are constants of this module and of the models, never values.
"""

from collections.abc import Sequence

from django.db import connection

from guidance.decisions.attribution import CLOCK_TOLERANCE, OUTCOME_WINDOW, RATING_WINDOW
from guidance.experiments.models import Metric
from guidance.experiments.selectors.counting_dialect import (
    ZERO,
    day_of,
    numbers,
    shift,
    sum_of_products,
)
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope

# What a decision's or a shopper's row holds, in the order of `Unit`'s columns.
COUNTS = (
    *("served", "stood_in", "seen", "clicked", "impressions", "clicks", "ratings", "stars"),
    *("thumbs_up", "timed", "latency_us", "named"),
)
UNIT_COLUMNS = ("customer_id", "arm", "left_out", "exposed_at", "day", *COUNTS)
# No answer takes so many milliseconds: what lies outside was measured wrongly, or is no number.
LONGEST_LATENCY_MS = 1e9


def units_select(scope: Scope) -> tuple[str, str]:
    """Return the table that `WITH` needs, and the SELECT of one row a shopper from it."""
    passes = (
        f"e.customer_id = d.customer_id AND e.source = %(source)s"
        f" AND e.occurred_at >= {shift('d.at', -CLOCK_TOLERANCE)}"
        f" AND e.occurred_at <= CASE WHEN e.kind = 'rating' THEN {shift('d.at', RATING_WINDOW)}"
        f" ELSE {shift('d.at', OUTCOME_WINDOW)} END"
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
    MIN(o.at) AS exposed_at, {day_of("MIN(o.at)")} AS day,
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


# The day of a shopper's first decision: by the experiment's clock as kept, or in `zone`'s.
OWN_DAY = "u.day"


def day_in(scope: Scope, zone: str) -> str:
    """Return the expression of the day of a shopper's first decision in a zone (`%(zone)s`)."""
    return OWN_DAY if zone == scope.zone else day_of("u.exposed_at")


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
    conditions = ["u.left_out = ''", f"v.metric_id IN ({numbers(keys)})"]
    if unit == UNIT_TABLE:
        conditions.append("u.experiment_id = %(experiment)s")
    if of_seers:
        conditions.append(f"(u.seen > 0 OR v.metric_id NOT IN ({numbers(of_seers)}))")
    if of_bases:
        conditions.append(f"(v.base <> 0 OR v.metric_id NOT IN ({numbers(of_bases)}))")
    shares = [m.pk for m in metrics if m.is_over_events and m.kind == Metric.Kind.PROPORTION]
    total = "v.total"
    if shares:
        total = (
            f"CASE WHEN v.metric_id IN ({numbers(shares)}) AND v.total > 0 THEN 1 ELSE v.total END"
        )
    return f"""
SELECT v.metric_id, u.arm, {day} AS on_day, {", ".join(_six(total, "v.base"))}
FROM {unit} u JOIN {value} v ON v.unit_id = u.id
WHERE {" AND ".join(conditions)}{scope.of_customers("u.customer_id")}
GROUP BY v.metric_id, u.arm, on_day"""  # noqa: S608  names, no values


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
            f"COALESCE({sum_of_products(first, second)} {only}, {ZERO[connection.vendor]})"
            for first, second in ((top, top), (bottom, bottom), (top, bottom))
        ),
    ]
