"""What differs between the databases where shoppers are counted: spans, days, sums of any size."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import connection

MICROSECOND = timedelta(microseconds=1)
# What each database keeps numbers of any size in.
ZERO = {"postgresql": "0", "sqlite": "'0'"}


def prepare() -> None:
    """Give SQLite the sum that PostgreSQL has; call it before a statement with sums is sent."""
    if not is_postgresql():
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


def sum_of_products(first: str, second: str) -> str:
    """Return the sum of the products of two expressions, exact however large."""
    if is_postgresql():
        return f"SUM(CAST(({first}) AS numeric) * ({second}))"
    return f"sum_products({first}, {second})"


def shift(column: str, span: timedelta) -> str:
    """Return a moment moved by a span."""
    return shift_by(column, str(span // MICROSECOND))


def shift_by(column: str, microseconds: str) -> str:
    """Return a moment moved by an expression of microseconds."""
    if is_postgresql():
        return f"({column} + {microseconds} * interval '1 microsecond')"
    return f"django_format_dtdelta('+', {column}, {microseconds})"


def day_of(moment: str) -> str:
    """Return the day of a moment in the zone `%(zone)s`."""
    if is_postgresql():
        return f"CAST({moment} AT TIME ZONE %(zone)s AS date)"
    return f"django_datetime_cast_date({moment}, %(zone)s, 'UTC')"


def listed(name: str, values: Sequence[Any]) -> str:
    """Return the parameters of several values, `name_0` and on."""
    return ", ".join(f"%({name}_{place})s" for place in range(len(values)))


def numbers(keys: Sequence[int]) -> str:
    """Return keys as SQL lists them."""
    return ", ".join(map(str, keys))


def as_list(customers: Sequence[int]) -> Any:
    """Return customers as the one parameter of a list."""
    return list(customers) if is_postgresql() else str(list(customers))


def is_postgresql() -> bool:
    """Tell whether it is PostgreSQL, not SQLite, that counts."""
    return connection.vendor == "postgresql"
