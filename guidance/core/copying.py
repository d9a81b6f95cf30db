"""Many rows into a table at once: COPY on PostgreSQL, one prepared statement on SQLite."""

import io
from datetime import UTC, datetime

import pandas as pd
from django.db import connection, models


def copy_rows(model: type[models.Model], rows: pd.DataFrame) -> None:
    """Write rows whose columns are named as the table's; a missing value is NULL.

    Ids are written as hexadecimal digits and times by `as_text`, as both databases take them. The
    database's own constraints hold, and defaults of the model do not: tell every column.
    """
    table, columns = model._meta.db_table, ", ".join(rows.columns)
    if connection.vendor == "postgresql":
        told = io.StringIO()
        rows.to_csv(told, header=False, index=False, na_rep="\\N")
        statement = f"COPY {table} ({columns}) FROM STDIN (FORMAT csv, NULL '\\N')"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(told.getvalue())
        return
    marks = ", ".join(["?"] * len(rows.columns))
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  names, no values
    plain = rows.astype(object).where(rows.notna(), None)
    with connection.cursor() as cursor:
        cursor.cursor.executemany(statement, plain.values.tolist())


def as_text(time: datetime) -> str:
    """Return a time in UTC as both databases keep it."""
    return time.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")
