"""How the histograms of quantile metrics are counted, as SQL beside `counting_sql`."""

import math
from collections.abc import Sequence

from guidance.experiments.histograms import GROWTH, SMALLEST
from guidance.experiments.models import Metric
from guidance.experiments.selectors.counting_dialect import is_postgresql, numbers
from guidance.experiments.selectors.counting_sql import LONGEST_LATENCY_MS, OWN_DAY
from guidance.experiments.selectors.scope import UNIT_TABLE, Scope

TIME_TABLE = "experiments_unittime"


def event_buckets_select(
    scope: Scope, metrics: Sequence[Metric], unit: str, value: str, day: str = OWN_DAY
) -> str:
    """Return the SELECT of quantile metrics over events: metric, arm, day, bucket, three sums.

    A shopper is one value, so that each sum is the number of shoppers in the bucket.
    """
    keys = [metric.pk for metric in metrics]
    of_seers = [metric.pk for metric in metrics if metric.denominator == "saw"]
    whole = "".join(f" WHEN {metric.pk} THEN {float(metric.scale)}" for metric in metrics)
    amount = f"({_double('v.total')} / (CASE v.metric_id{whole} END))"
    conditions = [
        "u.left_out = ''",
        f"v.metric_id IN ({numbers(keys)})",
        "v.total <> 0",
    ]
    if unit == UNIT_TABLE:
        conditions.append("u.experiment_id = %(experiment)s")
    if of_seers:
        conditions.append(f"(u.seen > 0 OR v.metric_id NOT IN ({numbers(of_seers)}))")
    return f"""
SELECT v.metric_id, u.arm, {day} AS on_day, {_bucket(amount)} AS bucket,
    COUNT(*), COUNT(*), COUNT(*)
FROM {unit} u JOIN {value} v ON v.unit_id = u.id
WHERE {" AND ".join(conditions)}{scope.of_customers("u.customer_id")}
GROUP BY v.metric_id, u.arm, on_day, bucket"""  # noqa: S608  names, no values


def times_select(scope: Scope, unit: str) -> str:
    """Return the SELECT of one row a shopper and bucket: how many decisions took such a time."""
    of_experiment = "AND u.experiment_id = %(experiment)s" if unit == UNIT_TABLE else ""
    return f"""
SELECT u.id AS unit_id, {_bucket("d.latency_ms")} AS bucket, COUNT(*) AS found
FROM {unit} u JOIN decisions_decision d ON d.customer_id = u.customer_id
WHERE {scope.decisions} AND d.source = %(source)s
    AND d.latency_ms >= 0 AND d.latency_ms <= {LONGEST_LATENCY_MS}{scope.made("d")}
    AND u.left_out = '' {of_experiment}{scope.of_customers("u.customer_id")}
    {scope.by_counted_pseudonym}
GROUP BY u.id, bucket"""  # noqa: S608  names, no values


def time_buckets_select(scope: Scope, unit: str, day: str = OWN_DAY) -> str:
    """Return the SELECT of the times taken by decisions: arm, day, bucket and its three sums.

    From the shoppers' rows kept, or for a past moment from the decisions.
    """
    is_kept = unit == UNIT_TABLE
    rows = TIME_TABLE if is_kept else f"({times_select(scope, unit)})"
    of_experiment = "AND u.experiment_id = %(experiment)s" if is_kept else ""
    return f"""
SELECT c.arm, c.on_day, c.bucket, SUM(c.found),
    SUM((c.below + c.found) * (c.below + c.found) - c.below * c.below), SUM(c.found * c.whole)
FROM (
    SELECT u.arm, {day} AS on_day, b.bucket, b.found,
        SUM(b.found) OVER (PARTITION BY b.unit_id ORDER BY b.bucket) - b.found AS below,
        SUM(b.found) OVER (PARTITION BY b.unit_id) AS whole
    FROM {unit} u JOIN {rows} b ON b.unit_id = u.id
    WHERE u.left_out = '' {of_experiment}{scope.of_customers("u.customer_id")}
) c
GROUP BY c.arm, c.on_day, c.bucket"""  # noqa: S608  names, no values


def _bucket(amount: str) -> str:
    """Return a value's bucket as `experiments.histograms` numbers them."""
    steps = f"CEILING(LN(ABS({amount}) / {SMALLEST!r}) / {math.log(GROWTH)!r})"
    return (
        f"(CASE WHEN ABS({amount}) <= {SMALLEST!r} THEN 0"
        f" WHEN {amount} > 0 THEN CAST({steps} AS INTEGER) ELSE -CAST({steps} AS INTEGER) END)"
    )


def _double(column: str) -> str:
    kind = "double precision" if is_postgresql() else "REAL"
    return f"CAST({column} AS {kind})"
