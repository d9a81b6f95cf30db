"""`python -m tests.bench.experiments_speed`: reports, sums and recounts in time.

A PostgreSQL of its own is filled with `--shoppers` exposures and three events each, the sums are
counted from the rows, and the report is read. Beside it, in the same run, the same aggregation
written as one SQL statement that keeps nothing says how fast the machine is; the last line is the
rollup's pace with rows coming in. `--report-only` counts once and reads the report, so that a shop
of 10,000,000 exposures is measured within half an hour.
"""

import argparse
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, TypeVar

from tests import postgres

if TYPE_CHECKING:
    from guidance.experiments.models import Experiment

SHOPPERS = 300_000
ROUNDS = 9
# Events that come in meanwhile, each of another shopper, and how often of which kind. A step is
# what 5 seconds of 2,000 a second bring, the shortest time between two asks of the workers.
COMING, STEP = 40_000, 10_000
COMING_KINDS = {"view": 6, "impression": 8, "click": 2, "cart": 2, "purchase": 1, "return": 1}
Found = TypeVar("Found")
METRICS = ("revenue", "purchases", "return", "unsubscribe", "complaint", "latency", "thumbs-up")
# Customers, one decision each over four weeks, and three events a decision: an impression always,
# a click of every fifth, and something that shoppers do; some bring back what they bought.
FILL = """
SET session_replication_role = replica;
CREATE FUNCTION pg_temp.id_of(at timestamptz, word text) RETURNS uuid LANGUAGE sql AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7'
        || substr(md5(word), 1, 3) || '8' || substr(md5(word), 4, 15))::uuid $$;
INSERT INTO customers_customer
    (id, ref, is_anonymous, tier, language, country, time_zone, created_at)
SELECT n, 'bench-' || n, false, '', '', '', '', now() FROM generate_series(1, {n}) n;
INSERT INTO decisions_decision (id, at, customer_id, surface, policy, policy_version, fallback_from,
    experiment, arm, items, context, latency_ms, source)
SELECT pg_temp.id_of(at, n::text), at, n, 'home', 'popularity', '', '', 'bench',
    CASE n % 2 WHEN 0 THEN 'model' ELSE 'baseline' END, '[]', '{{}}', n % 97 / 3.0, 'live'
FROM (SELECT n, now() - interval '29 days' + n * (interval '28 days' / {n}) AS at
    FROM generate_series(1, {n}) n) given;
INSERT INTO behaviour_event (id, kind, customer_id, product_id, occurred_at, received_at, source,
    session, basket, decision, quantity, price, currency, rating, text)
SELECT pg_temp.id_of(d.at + e.after, e.kind || d.customer_id), e.kind, d.customer_id, {product},
    d.at + e.after, d.at + e.after, 'live', '', '',
    CASE WHEN e.kind IN ('impression', 'click', 'rating') THEN d.id END, 1,
    d.customer_id % 9999 / 100.0, 'USD', CASE e.kind WHEN 'rating' THEN d.customer_id % 5 + 1 END,
    ''
FROM decisions_decision d CROSS JOIN LATERAL (VALUES
    ('impression', interval '1 second'),
    (CASE WHEN d.customer_id % 10 = 6 THEN 'purchase' WHEN d.customer_id % 5 = 0 THEN 'click'
        ELSE 'view' END, interval '9 seconds'),
    ((ARRAY['purchase', 'view', 'cart', 'rating', 'search', 'return', 'return', 'complaint', 'view',
        'unsubscribe'])[1 + d.customer_id % 10], interval '1 hour')
) e (kind, after);
RESET session_replication_role;
"""
FILLED = ("customers_customer", "decisions_decision", "behaviour_event")
# Indexes are made after the rows, as one would for a load of this size; primary keys stay.
INDEXES = """
SELECT i.indexname, i.indexdef FROM pg_indexes i
WHERE i.tablename = ANY(%s)
    AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexname::regclass)
"""
# The same ten metrics by arm and day, by hand, as one would write it once.
ONE_STATEMENT = """
WITH own AS NOT MATERIALIZED (
    SELECT d.id, d.customer_id, d.arm, d.at, d.latency_ms FROM decisions_decision d
    WHERE d.experiment = 'bench' AND d.source = 'live' AND d.customer_id IS NOT NULL
        AND (d.met_as IS NULL OR (NOT EXISTS (SELECT 1 FROM decisions_decision x
                WHERE x.customer_id = d.customer_id AND x.experiment = 'bench'
                    AND x.source = 'live' AND x.met_as IS NULL)
            AND d.met_as = (SELECT x.met_as FROM decisions_decision x
                WHERE x.customer_id = d.customer_id AND x.experiment = 'bench'
                    AND x.source = 'live' ORDER BY x.at, x.id LIMIT 1)))
), outcome AS (
    SELECT o.id, count(*) FILTER (WHERE e.kind = 'impression' AND fits) AS impressions,
        count(*) FILTER (WHERE e.kind = 'click' AND fits) AS clicks,
        count(e.rating) FILTER (WHERE e.kind = 'rating' AND fits) AS ratings,
        sum(e.rating) FILTER (WHERE e.kind = 'rating' AND fits) AS stars,
        count(*) FILTER (WHERE e.kind = 'rating' AND e.rating >= 4 AND fits) AS thumbs
    FROM own o JOIN behaviour_event e ON e.decision = o.id
    CROSS JOIN LATERAL (SELECT e.customer_id = o.customer_id AND e.source = 'live'
        AND e.occurred_at >= o.at - interval '5 minutes'
        AND e.occurred_at <= o.at + CASE e.kind WHEN 'rating' THEN interval '14 days'
            ELSE interval '24 hours' END AS fits) f
    WHERE e.kind IN ('impression', 'click', 'rating') GROUP BY o.id
), unit AS (
    SELECT o.customer_id, min(o.arm) AS arm, min(o.at) AS at,
        min(o.arm) < max(o.arm) OR max(p.excluded_as) IS NOT NULL AS left_out,
        count(*) FILTER (WHERE o.latency_ms BETWEEN 0 AND 1e9) AS timed,
        count(*) FILTER (WHERE c.impressions > 0) AS seen,
        count(*) FILTER (WHERE c.impressions > 0 AND c.clicks > 0) AS clicked,
        coalesce(sum(c.ratings), 0) AS ratings, coalesce(sum(c.stars), 0) AS stars,
        coalesce(sum(c.thumbs), 0) AS thumbs,
        coalesce(sum(round(o.latency_ms * 1000)::bigint)
            FILTER (WHERE o.latency_ms BETWEEN 0 AND 1e9), 0) AS latency
    FROM own o LEFT JOIN outcome c ON c.id = o.id
        LEFT JOIN customers_customer p ON p.id = o.customer_id AND p.excluded_as > ''
    GROUP BY o.customer_id
), later AS (
    SELECT u.customer_id,
        count(*) FILTER (WHERE e.kind = 'purchase' AND week) AS bought,
        coalesce(sum(e.quantity * cents) FILTER (WHERE e.kind = 'purchase' AND week), 0)
            - coalesce(sum(e.quantity * soon.paid) FILTER (WHERE e.kind = 'return'), 0) AS cents,
        count(*) FILTER (WHERE e.kind = 'unsubscribe' AND week) AS unsubscribed,
        count(*) FILTER (WHERE e.kind = 'complaint' AND week) AS complained,
        coalesce(sum(e.quantity) FILTER (WHERE e.kind = 'return' AND month
            AND soon.has_bought_in_month), 0) AS returned,
        coalesce(sum(e.quantity) FILTER (WHERE e.kind = 'purchase' AND month), 0) AS pieces
    FROM unit u JOIN behaviour_event e ON e.customer_id = u.customer_id
        AND e.occurred_at >= u.at AND e.occurred_at <= u.at + interval '37 days'
        AND e.source IN ('live', 'import')
        AND e.kind IN ('purchase', 'unsubscribe', 'complaint', 'return')
    CROSS JOIN LATERAL (SELECT e.occurred_at <= u.at + interval '7 days' AS week,
        e.occurred_at <= u.at + interval '30 days' AS month,
        CASE WHEN e.currency IN ('', '{currency}') THEN round(e.price * 100)::bigint ELSE 0 END
            AS cents) w
    LEFT JOIN LATERAL (
        SELECT true AS has_bought_in_month, (array_agg(
                CASE WHEN b.currency IN ('', '{currency}') THEN round(b.price * 100)::bigint
                    ELSE 0 END
                ORDER BY CASE WHEN b.basket <> '' AND b.basket = e.basket THEN 0
                    WHEN b.currency = e.currency THEN 1 ELSE 2 END, b.occurred_at DESC, b.id DESC
            ) FILTER (WHERE b.occurred_at <= u.at + interval '7 days'))[1] AS paid
        FROM behaviour_event b WHERE e.kind = 'return' AND b.customer_id = u.customer_id
            AND b.product_id = e.product_id AND b.kind = 'purchase'
            AND b.source IN ('live', 'import') AND b.occurred_at >= u.at
            AND b.occurred_at <= least(e.occurred_at, u.at + interval '30 days')
        HAVING count(*) > 0
    ) soon ON e.kind = 'return'
    GROUP BY u.customer_id
)
SELECT u.arm, (u.at AT TIME ZONE 'UTC')::date, count(*), {sums}
FROM unit u LEFT JOIN later l ON l.customer_id = u.customer_id WHERE NOT u.left_out GROUP BY 1, 2
"""
# What each metric adds for one shopper to its sum, and to what that is divided by.
PAIRS = {
    "ctr": ("clicked", "seen"),
    "satisfaction": ("stars", "ratings"),
    "thumbs-up": ("thumbs", "ratings"),
    "latency": ("latency", "timed"),
    "return": ("returned", "pieces"),
    "purchases": ("bought", "1"),
    "revenue": ("cents", "1"),
    "conversion": ("(bought > 0)::int", "1"),
    "unsubscribe": ("(unsubscribed > 0)::int", "1"),
    "complaint": ("(complained > 0)::int", "1"),
}


def main() -> None:
    """Fill a database of its own, measure, print."""
    parser = argparse.ArgumentParser(prog="tests.bench.experiments_speed")
    parser.add_argument("--shoppers", type=int, default=SHOPPERS)
    parser.add_argument("--report-only", action="store_true")
    asked = parser.parse_args()
    binaries = postgres.find_binaries()
    if binaries is None:
        sys.exit("experiments_speed needs PostgreSQL")
    if "EXPERIMENTS_SPEED" in os.environ:
        _measure(asked.shoppers, report_only=asked.report_only)
        return
    with postgres.running(binaries) as url:
        command = [sys.executable, "-m", "tests.bench.experiments_speed"]
        command += ["--shoppers", str(asked.shoppers)]
        command += ["--report-only"] * asked.report_only
        given = {
            "DATABASE_URL": url,
            "EXPERIMENTS_SPEED": "1",
            "DJANGO_SETTINGS_MODULE": "shopguide.settings.test",
        }
        subprocess.run(command, env={**os.environ, **given}, check=True)


def _measure(shoppers: int, *, report_only: bool) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

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
    if report_only:
        _say(f"counted from the rows in {first:.1f} s")
        _report(experiment)
        return
    again = _timed(lambda: list(recount_experiment(experiment=experiment, again=True)))
    by_hand = [_time_of(_one_statement) for _n in range(2)]
    _compare(by_hand[0][1])
    single = min(seconds for seconds, _found in by_hand)
    statement = _timed(lambda: report(experiment, as_of=timezone.now()))
    _say(
        f"recomputed from the rows: {first:.1f} s with nothing kept, {again:.1f} s once more; one "
        f"statement that keeps nothing and says the same: {single:.1f} s; ratios "
        f"{first / single:.2f} and {again / single:.2f}; the past moment's report, from the rows: "
        f"{statement:.1f} s"
    )
    _report(experiment)
    _keep_up(shoppers)
    connection.close()


def _report(experiment: "Experiment") -> None:
    """Say how long a report takes from the sums that are kept."""
    from guidance.experiments.selectors import report

    times = sorted(_timed(lambda: report(experiment)) for _n in range(ROUNDS))
    metrics = len(report(experiment).metrics)
    _say(
        f"report of {metrics} metrics from the sums: median {1000 * median(times):.0f} ms of "
        f"{ROUNDS}, slowest {1000 * times[-1]:.0f} ms"
    )


def _keep_up(shoppers: int) -> None:
    """Say how many events a second are written and counted by one process, one after the other."""
    from django.utils import timezone

    from guidance.behaviour.services.bulk import EventRow, store_event_rows
    from guidance.behaviour.services.rollups import advance_rollups
    from guidance.catalog.models import Product
    from guidance.core.ids import new_id
    from guidance.decisions.models import Decision

    product = Product.objects.get(sku="bench").pk
    chance = random.Random(1)
    people = chance.sample(range(1, shoppers + 1), COMING)
    shown = dict(
        Decision.objects.filter(customer__in=people).values_list("customer", "pk").iterator()
    )
    written = counted = 0.0
    for start in range(0, COMING, STEP):
        own = people[start : start + STEP]
        kinds = chance.choices(list(COMING_KINDS), list(COMING_KINDS.values()), k=len(own))
        now = timezone.now()
        rows = [
            EventRow(
                *(new_id(), kind, customer, product, now, now, "live"),
                decision=shown[customer] if kind in {"impression", "click"} else None,
                price=Decimal("9.99"),
                currency="USD",
            )
            for kind, customer in zip(kinds, own, strict=True)
        ]
        for n in range(0, len(rows), 1_000):
            written += _timed(partial(store_event_rows, rows=rows[n : n + 1_000]))
        counted += _timed(advance_rollups)
    _say(
        f"{COMING:,} events of as many shoppers: written in {written:.1f} s, put into every rollup "
        f"in {counted:.1f} s: {COMING / (written + counted):,.0f} a second by one process, "
        f"{COMING / max(written, counted):,.0f} where one writes and another counts"
    )


def _fill(shoppers: int) -> None:
    from django.db import connection

    from guidance.catalog.models import Product

    product = Product.objects.create(sku="bench", title="Bench")
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(INDEXES, [list(FILLED)])
        indexes = cursor.fetchall()
        for name, _made in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute(FILL.format(n=shoppers, product=product.pk))
        for _name, made in indexes:
            cursor.execute(made)
        cursor.execute("VACUUM ANALYZE")


def _one_statement() -> dict[tuple[str, str, date], list[int]]:
    """Return total, base, squares and product by metric, arm and day, from the one statement.

    It has the memory that counting gives itself.
    """
    from django.db import connection, transaction

    from guidance.experiments.selectors.raw import ROOM

    sums = [
        f"coalesce(sum({top}) {some}, 0), coalesce(sum({base}) {some}, 0), "
        f"coalesce(sum({top}::numeric * {top}) {some}, 0), "
        f"coalesce(sum({base}::numeric * {base}) {some}, 0), "
        f"coalesce(sum({top}::numeric * {base}) {some}, 0)"
        for top, base in PAIRS.values()
        for some in [f"FILTER (WHERE {base} <> 0)"]
    ]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("; ".join(ROOM))
        cursor.execute(ONE_STATEMENT.format(sums=", ".join(sums), currency="USD"))
        return {
            (metric, arm, day): [int(n) for n in numbers[5 * place : 5 * place + 5]]
            for arm, day, _shoppers, *numbers in cursor.fetchall()
            for place, metric in enumerate(PAIRS)
        }


def _compare(by_hand: dict[tuple[str, str, date], list[int]]) -> None:
    """Refuse to go on where the one statement says other than the sums kept."""
    from guidance.experiments.models import MetricDay

    names = ("total", "base", "total_squares", "base_squares", "products")
    kept = {
        (metric, arm, day): [int(n) for n in numbers]
        for metric, arm, day, *numbers in MetricDay.objects.values_list(
            "metric__key", "arm", "day", *names
        )
    }
    for key, numbers in by_hand.items():
        told = kept.get(key, [0] * len(names))
        # Whoever is divided by shoppers is counted in the arm's day.
        places = (0, 2) if PAIRS[key[0]][1] == "1" else range(len(names))
        if [numbers[place] for place in places] != [told[place] for place in places]:
            sys.exit(f"{key}: by hand {numbers}, kept {told}")


def _timed(work: Callable[[], object]) -> float:
    return _time_of(work)[0]


def _time_of(work: Callable[[], Found]) -> tuple[float, Found]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
