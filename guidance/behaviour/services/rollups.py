"""Rollups: days that received rows are counted again from the rows themselves."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Count, Q
from django_q.tasks import async_task

from guidance.behaviour.days import day_bounds, days_of, shop_zone
from guidance.behaviour.hooks import recount_customers, recount_elsewhere
from guidance.behaviour.models import (
    DayRollup,
    DirtyDay,
    Event,
    ProductDayRollup,
    SearchDayRollup,
    VisitRollup,
)
from guidance.core.locks import hold_lock
from guidance.customers.services import take_customers

# Days recounted in one transaction, while SQLite's other writers wait: with a year of 541,909
# events a month took half a second of processor time.
DAYS_AT_ONCE = 31
# After live events the workers are asked to roll up at most once in so many seconds.
DEBOUNCE_SECONDS = 5
PHRASE_LENGTH = 200
# Marks taken in one transaction, while SQLite's other writers wait; on PostgreSQL nobody does, and
# 20,000 are what 2,000 events a second bring in ten seconds.
MARKS_AT_ONCE = {"sqlite": 5_000, "postgresql": 20_000}
# Held while customers' sums are counted: one process at a time.
CUSTOMERS_LOCK = "behaviour.customers"

# Cents are summed as integers, so that a recount gives the same digits on both databases.
CENTS = "quantity * CAST(ROUND(price * 100) AS BIGINT)"
COUNT_DAY = f"""
INSERT INTO behaviour_dayrollup
    (day, source, kind, events, customers, baskets, value, rating_sum, rating_count)
SELECT %s, %s, kind, COUNT(*), COUNT(DISTINCT customer_id), COUNT(DISTINCT NULLIF(basket, '')),
    COALESCE(SUM({CENTS}), 0) / 100.0, COALESCE(SUM(rating), 0), COUNT(rating)
FROM behaviour_event
WHERE source = %s AND occurred_at >= %s AND occurred_at < %s
GROUP BY kind
"""  # noqa: S608  a constant of this module, no value
COUNT_PRODUCTS = f"""
INSERT INTO behaviour_productdayrollup
    (day, source, product_id, views, carts, purchases, quantity, value)
SELECT %s, %s, product_id,
    COUNT(*) FILTER (WHERE kind = 'view'),
    COUNT(*) FILTER (WHERE kind = 'cart'),
    COUNT(*) FILTER (WHERE kind = 'purchase'),
    COALESCE(SUM(quantity) FILTER (WHERE kind = 'purchase'), 0)
        - COALESCE(SUM(quantity) FILTER (WHERE kind = 'return'), 0),
    (COALESCE(SUM({CENTS}) FILTER (WHERE kind = 'purchase'), 0)
        - COALESCE(SUM({CENTS}) FILTER (WHERE kind = 'return'), 0)) / 100.0
FROM behaviour_event
WHERE source = %s AND occurred_at >= %s AND occurred_at < %s
    AND product_id IS NOT NULL AND kind IN ('view', 'cart', 'purchase', 'return')
GROUP BY product_id
"""  # noqa: S608  a constant of this module, no value

# Milliseconds since 1970, and many texts as one: the two databases have a name each for both.
MILLISECONDS = {
    "postgresql": "CAST(ROUND(EXTRACT(EPOCH FROM occurred_at) * 1000) AS BIGINT)",
    "sqlite": "CAST(ROUND((julianday(occurred_at) - 2440587.5) * 86400000) AS BIGINT)",
}
TOGETHER = {"postgresql": "STRING_AGG", "sqlite": "GROUP_CONCAT"}
CODES = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(VisitRollup.KIND_ORDER))
COUNT_VISITS = f"""
INSERT INTO behaviour_visitrollup
    (day, source, customer_id, session, currency, moments,
    searches, without_results, orders, spent, returned)
SELECT %s, %s, customer_id, session, money_of, {{together}}(DISTINCT moment{{comma}}),
    COUNT(*) FILTER (WHERE kind = 'search'),
    COUNT(*) FILTER (WHERE kind = 'search' AND result_count = 0),
    COUNT(DISTINCT NULLIF(basket, '')) FILTER (WHERE kind = 'purchase')
        + COALESCE(MAX(1) FILTER (WHERE kind = 'purchase' AND basket = ''), 0),
    COALESCE(SUM({CENTS}) FILTER (WHERE kind = 'purchase'), 0),
    COALESCE(SUM({CENTS}) FILTER (WHERE kind = 'return'), 0)
FROM (
    SELECT customer_id, session, kind, basket, quantity, price, result_count,
        CASE WHEN kind IN ('purchase', 'return') THEN currency ELSE '' END AS money_of,
        CAST({{milliseconds}} * {VisitRollup.MOMENT} + CASE kind {CODES} END AS VARCHAR(20))
            AS moment
    FROM behaviour_event
    WHERE source = %s AND occurred_at >= %s AND occurred_at < %s
) AS happened
GROUP BY customer_id, session, money_of
"""  # noqa: S608  constants of this module and of the models, no value


def mark_days(*, moments: Iterable[tuple[datetime, str]], zone: ZoneInfo | None = None) -> None:
    """Mark the days of rows (aware time, source) to be recounted.

    Call it in the transaction that writes, changes or removes the rows.
    """
    DirtyDay.objects.bulk_create(marks_of(moments, zone))


def marks_of(
    moments: Iterable[tuple[datetime, str]], zone: ZoneInfo | None = None
) -> list[DirtyDay]:
    """Return the marks, not yet written, of rows (aware time, source)."""
    return [DirtyDay(day=day, source=source) for day, source in sorted(days_of(moments, zone))]


def request_rollup() -> None:
    """Ask a worker to roll up soon after this transaction, once for many that ask together."""
    transaction.on_commit(_enqueue)


def advance_rollups() -> int:
    """Recount every customer and every day marked and return how many days that were.

    Newest days first, a month to a transaction; another process may do the same meanwhile. Both
    take turns: rows that come in all the time hold up neither.
    """
    recounted = 0
    while True:
        customers, days = _advance_customers(), _advance_month()
        recounted += days
        if not customers and not days:
            return recounted


@transaction.atomic
def _advance_customers() -> int:
    """Recount some of the marked customers and return how many marks that were."""
    hold_lock(CUSTOMERS_LOCK)
    customer_ids = take_customers(most=MARKS_AT_ONCE[connection.vendor])
    if customer_ids:
        recount_customers(customer_ids)
    return len(customer_ids)


@transaction.atomic
def _advance_month() -> int:
    """Recount up to a month of marked days of one source.

    The marks go first: each later statement sees at least the rows that came with the marks
    deleted here, and whatever comes after them brings a mark of its own.
    """
    hold_lock("behaviour.rollups")
    newest = DirtyDay.objects.order_by("-day").values_list("source", flat=True).first()
    if newest is None:
        return 0
    marked = DirtyDay.objects.filter(source=newest).order_by("-day").values_list("day", flat=True)
    days = list(marked.distinct()[:DAYS_AT_ONCE])
    DirtyDay.objects.filter(source=newest, day__in=days).delete()
    _recount(days, newest)
    return len(days)


def _recount(days: Sequence[date], source: str) -> None:
    for rollup in (DayRollup, ProductDayRollup, SearchDayRollup, VisitRollup):
        rollup.objects.filter(source=source, day__in=days).delete()
    zone = shop_zone()
    for day in days:
        start, end = day_bounds(day, zone)
        _insert_counts(day, source, start, end)
        _insert_searches(day, source, start, end)
        recount_elsewhere(day, source)


def _insert_counts(day: date, source: str, start: datetime, end: datetime) -> None:
    adapt = connection.ops
    values = [
        adapt.adapt_datefield_value(day),
        source,
        source,
        adapt.adapt_datetimefield_value(start),
        adapt.adapt_datetimefield_value(end),
    ]
    with connection.cursor() as cursor:
        cursor.execute(COUNT_DAY, values)
        cursor.execute(COUNT_PRODUCTS, values)
        cursor.execute(_count_visits(), values)


def _count_visits() -> str:
    """Return the statement as this database writes it; SQLite puts commas between by itself."""
    vendor = connection.vendor
    return COUNT_VISITS.format(
        together=TOGETHER[vendor],
        comma=", ','" if vendor == "postgresql" else "",
        milliseconds=MILLISECONDS[vendor],
    )


def _insert_searches(day: date, source: str, start: datetime, end: datetime) -> None:
    """Count searches by phrase; written alike means the same after folding case and spaces."""
    rows = (
        Event.objects.filter(
            kind=Event.Kind.SEARCH, source=source, occurred_at__gte=start, occurred_at__lt=end
        )
        .order_by()
        .values_list("text")
        .annotate(searches=Count("pk"), without=Count("pk", filter=Q(result_count=0)))
    )
    searches: Counter[str] = Counter()
    without: Counter[str] = Counter()
    for text, count, empty in rows:
        phrase = fold_phrase(text)
        searches[phrase] += count
        without[phrase] += empty
    SearchDayRollup.objects.bulk_create(
        SearchDayRollup(
            day=day, source=source, phrase=phrase, searches=count, without_results=without[phrase]
        )
        for phrase, count in sorted(searches.items())
    )


def fold_phrase(text: str) -> str:
    """Return a search as it is counted: compatible forms, case and runs of spaces made one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())[:PHRASE_LENGTH]


def _enqueue() -> None:
    if cache.add("behaviour:rollup-asked", True, timeout=DEBOUNCE_SECONDS):
        async_task("guidance.behaviour.tasks.roll_up", task_name="roll-up")
