"""`python -m tests.bench.experiments_speed [--shoppers N]`: reports, sums and recounts in time.

A PostgreSQL of its own is filled with N exposures and three events each, the sums are counted
from the rows, and the report is read. Beside it, in the same run, the same aggregation written as
one SQL statement that keeps nothing says how fast the machine is; the last line is the rollup's
pace with rows coming in.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from tests import postgres

SHOPPERS = 300_000
ROUNDS = 9
METRICS = ("revenue", "purchases", "return", "unsubscribe", "complaint", "latency", "thumbs-up")
# Customers, one decision each over four weeks, and three events a decision: an impression always,
# a click of every fifth, and something that shoppers do.
FILL = """
INSERT INTO customers_customer
    (id, ref, is_anonymous, tier, language, country, time_zone, created_at)
SELECT n, 'bench-' || n, false, '', '', '', '', now() FROM generate_series(1, {n}) n;
INSERT INTO decisions_decision (id, at, customer_id, surface, policy, policy_version, fallback_from,
    experiment, arm, items, context, latency_ms, source)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
    at, n, 'home', 'popularity', '', '', 'bench',
    CASE n % 2 WHEN 0 THEN 'model' ELSE 'baseline' END, '[]', '{{}}', n % 97 / 3.0, 'live'
FROM (SELECT n, now() - interval '40 days' + n * (interval '28 days' / {n}) AS at
    FROM generate_series(1, {n}) n) given;
INSERT INTO behaviour_event (id, kind, customer_id, product_id, occurred_at, received_at, source,
    session, basket, decision, quantity, price, currency, rating, text)
SELECT gen_random_uuid(), e.kind, d.customer_id, {product}, d.at + e.after, now(), 'live', '', '',
    CASE WHEN e.kind IN ('impression', 'click', 'rating') THEN d.id END, 1,
    d.customer_id % 9999 / 100.0, 'USD', CASE e.kind WHEN 'rating' THEN d.customer_id % 5 + 1 END,
    ''
FROM decisions_decision d CROSS JOIN LATERAL (VALUES
    ('impression', interval '1 second'),
    (CASE d.customer_id % 5 WHEN 0 THEN 'click' ELSE 'view' END, interval '9 seconds'),
    ((ARRAY['purchase', 'view', 'cart', 'rating', 'search', 'return', 'view', 'complaint', 'view',
        'unsubscribe'])[1 + d.customer_id % 10], interval '1 hour')
) e (kind, after);
ANALYZE;
"""
# The same ten metrics by arm and day, by hand, as one would write it once.
ONE_STATEMENT = """
WITH own AS (
    SELECT id, customer_id, arm, at, latency_ms FROM decisions_decision
    WHERE experiment = 'bench' AND source = 'live' AND customer_id IS NOT NULL
), outcome AS (
    SELECT o.id, count(*) FILTER (WHERE e.kind = 'impression') AS impressions,
        count(*) FILTER (WHERE e.kind = 'click') AS clicks,
        count(*) FILTER (WHERE e.kind = 'rating') AS ratings,
        sum(e.rating) FILTER (WHERE e.kind = 'rating') AS stars,
        count(*) FILTER (WHERE e.kind = 'rating' AND e.rating >= 4) AS thumbs
    FROM own o JOIN behaviour_event e ON e.decision = o.id AND e.customer_id = o.customer_id
        AND e.source = 'live' AND e.occurred_at >= o.at - interval '5 minutes'
        AND e.occurred_at <= o.at + CASE e.kind WHEN 'rating' THEN interval '14 days'
            ELSE interval '24 hours' END
    WHERE e.kind IN ('impression', 'click', 'rating') GROUP BY o.id
), unit AS (
    SELECT o.customer_id, min(o.arm) AS arm, min(o.at) AS at, count(*) AS served,
        count(*) FILTER (WHERE c.impressions > 0) AS seen,
        count(*) FILTER (WHERE c.impressions > 0 AND c.clicks > 0) AS clicked,
        coalesce(sum(c.ratings), 0) AS ratings, coalesce(sum(c.stars), 0) AS stars,
        coalesce(sum(c.thumbs), 0) AS thumbs,
        sum(round(o.latency_ms * 1000)::bigint) AS latency
    FROM own o LEFT JOIN outcome c ON c.id = o.id
    GROUP BY o.customer_id HAVING min(o.arm) = max(o.arm)
), later AS (
    SELECT u.*,
        count(*) FILTER (WHERE e.kind = 'purchase' AND week) AS bought,
        sum(e.quantity * round(e.price * 100)::bigint) FILTER (WHERE e.kind = 'purchase' AND week)
            AS cents,
        count(*) FILTER (WHERE e.kind = 'unsubscribe' AND week) AS unsubscribed,
        count(*) FILTER (WHERE e.kind = 'complaint' AND week) AS complained,
        sum(e.quantity) FILTER (WHERE e.kind = 'return') AS returned,
        sum(e.quantity) FILTER (WHERE e.kind = 'purchase') AS pieces
    FROM unit u LEFT JOIN behaviour_event e ON e.customer_id = u.customer_id
        AND e.occurred_at >= u.at AND e.occurred_at <= u.at + interval '30 days'
        AND e.source IN ('live', 'import')
        AND e.kind IN ('purchase', 'unsubscribe', 'complaint', 'return')
        LEFT JOIN LATERAL (SELECT e.occurred_at <= u.at + interval '7 days' AS week) w ON true
    GROUP BY u.customer_id, u.arm, u.at, u.served, u.seen, u.clicked, u.ratings, u.stars, u.thumbs,
        u.latency
)
SELECT arm, (at AT TIME ZONE 'UTC')::date, count(*), {sums} FROM later GROUP BY 1, 2
"""
PAIRS = {
    "clicked": "seen",
    "stars": "ratings",
    "thumbs": "ratings",
    "latency": "served",
    "returned": "pieces",
    "bought": "1",
    "cents": "1",
    "(bought > 0)::int": "1",
    "(unsubscribed > 0)::int": "1",
    "(complained > 0)::int": "1",
}


def main() -> None:
    """Fill a database of its own, measure, print."""
    parser = argparse.ArgumentParser(prog="tests.bench.experiments_speed")
    parser.add_argument("--shoppers", type=int, default=SHOPPERS)
    asked = parser.parse_args()
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("experiments_speed needs PostgreSQL")
    if "EXPERIMENTS_SPEED" in os.environ:
        _measure(asked.shoppers)
        return
    with postgres.running(binaries) as url:
        command = [sys.executable, "-m", "tests.bench.experiments_speed"]
        command += ["--shoppers", str(asked.shoppers)]
        given = {
            "DATABASE_URL": url,
            "EXPERIMENTS_SPEED": "1",
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
        }
        subprocess.run(command, env={**os.environ, **given}, check=True)


def _measure(shoppers: int) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from guidance.behaviour.services.bulk import EventRow, store_event_rows
    from guidance.behaviour.services.rollups import advance_rollups
    from guidance.catalog.models import Product
    from guidance.core.ids import new_id
    from guidance.experiments.models import Arm, Experiment
    from guidance.experiments.selectors import report
    from guidance.experiments.services import recount_experiment

    call_command("migrate", verbosity=0)
    now = timezone.now()
    experiment = Experiment.objects.create(
        key="bench",
        name="Bench",
        surface="home",
        primary_metric="ctr",
        also_measured=list(METRICS),
        status="running",
        approved_at=now,
        started_at=now - timedelta(days=41),
    )
    for place, key in enumerate(("baseline", "model")):
        Arm.objects.create(
            experiment=experiment, key=key, policy=key, weight="0.5", is_control=not place
        )
    filled = _timed(lambda: _fill(shoppers))
    _say(f"{shoppers:,} exposures, {3 * shoppers:,} events, filled in {filled:.1f} s")
    first = _timed(lambda: list(recount_experiment(experiment=experiment)))
    again = _timed(lambda: list(recount_experiment(experiment=experiment, again=True)))
    statement = _timed(lambda: report(experiment, as_of=timezone.now()))
    single = _timed(_one_statement)
    _say(
        f"sums from the rows: {first:.1f} s, once more {again:.1f} s; the past moment's report, "
        f"from the rows: {statement:.1f} s; one statement that keeps nothing: {single:.1f} s; "
        f"ratios {first / single:.2f} and {statement / single:.2f}"
    )
    read = median(_timed(lambda: report(experiment)) for _n in range(ROUNDS))
    metrics = len(report(experiment).metrics)
    _say(f"report of {metrics} metrics from the sums: median {1000 * read:.0f} ms of {ROUNDS}")
    product = Product.objects.get(sku="bench").pk

    def come_in() -> None:
        for start in range(0, 20_000, 1_000):
            rows = [
                EventRow(new_id(), "view", 1 + (start + n) % shoppers, product, now, now, "live")
                for n in range(1_000)
            ]
            store_event_rows(rows=rows)

    came = _timed(come_in)
    kept_up = _timed(advance_rollups)
    _say(
        f"20,000 events of 20,000 shoppers: written in {came:.1f} s, in every rollup {kept_up:.1f} "
        f"s later: {20_000 / (came + kept_up):,.0f} a second"
    )
    connection.close()


def _fill(shoppers: int) -> None:
    from django.db import connection

    from guidance.catalog.models import Product

    product = Product.objects.create(sku="bench", title="Bench")
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(n=shoppers, product=product.pk))


def _one_statement() -> None:
    from django.db import connection

    sums = [
        f"sum({top}), sum({base}), sum({top}::numeric * {top}), sum({base}::numeric * {base}), "
        f"sum({top}::numeric * {base})"
        for top, base in PAIRS.items()
    ]
    with connection.cursor() as cursor:
        cursor.execute(ONE_STATEMENT.format(sums=", ".join(sums)))
        cursor.fetchall()


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
