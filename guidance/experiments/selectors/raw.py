"""Shoppers' rows as decisions and events say them, laid in temporary tables to be read or kept."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from guidance.experiments.models import Metric
from guidance.experiments.selectors.bucket_sql import times_select
from guidance.experiments.selectors.counted_events import values_select
from guidance.experiments.selectors.counting_sql import units_select
from guidance.experiments.selectors.scope import Scope

RAW_UNIT, RAW_VALUE = "experiments_raw_unit", "experiments_raw_value"
RAW_TIME = "experiments_raw_time"
NO_VALUES = "SELECT 0 AS unit_id, 0 AS metric_id, 0 AS total, 0 AS base WHERE 1 = 0"
NO_TIMES = "SELECT 0 AS unit_id, 0 AS bucket, 0 AS found WHERE 1 = 0"
# What PostgreSQL is given for one transaction that counts. Compiling expressions took 0.1 s of
# every batch and gained nothing; 64 MB hold the hashes of 100,000 shoppers (4 MB spilled them).
# Rows of the last weeks are in memory, where a look by an index costs little more than the next
# row of a scan.
ROOM = (
    "SET LOCAL jit = off",
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL random_page_cost = 1.1",
)
# For some thousands of shoppers merging walked whole indexes: 0.41 s of 0.46 s for 5,000.
LOOK_UP = "SET LOCAL enable_mergejoin = off"


def give_room(*, few: bool = False) -> None:
    """Let this transaction's statements have what counting needs, of a few shoppers or of many;
    SQLite has no such settings."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("; ".join([*ROOM, LOOK_UP] if few else ROOM))


def know_rows(table: str, columns: str) -> None:
    """Tell the planner how many rows a table has that was just filled, by the columns of its
    joins: looking at every column took a tenth of the counting."""
    with connection.cursor() as cursor:
        only = f" ({columns})" if connection.vendor == "postgresql" else ""
        cursor.execute(f"ANALYZE {table}{only}")


@contextmanager
def raw_rows(scope: Scope, metrics: Sequence[Metric], *, times: bool = False) -> Iterator[None]:
    """Make the three tables and drop them afterwards; a shopper's `unit_id` is the customer's id.

    They are made once, and PostgreSQL knows how many rows they have before it joins them. Without
    `times` the rows of quantiles of times taken are left out.
    """
    tables, units = units_select(scope)
    rules, values, more = values_select(scope, [m for m in metrics if m.is_over_events], RAW_UNIT)
    made = (
        (RAW_UNIT, f"WITH {tables} SELECT c.customer_id AS id, c.* FROM ({units}) c"),  # noqa: S608
        (RAW_VALUE, f"WITH {rules} {values}" if rules else NO_VALUES),
        (RAW_TIME, times_select(scope, RAW_UNIT) if times else NO_TIMES),
    )
    with connection.cursor() as cursor:
        for table, select in made:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
            statement = f"CREATE TEMPORARY TABLE {table} AS {select}"
            cursor.execute(statement, {**scope.values, **more})
            know_rows(table, "id, customer_id, exposed_at" if table == RAW_UNIT else "unit_id")
    yield
    with connection.cursor() as cursor:
        for table, _select in made:
            cursor.execute(f"DROP TABLE IF EXISTS {table}")
