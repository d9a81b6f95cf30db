"""Not waiting long for a database that somebody else is writing to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection, transaction


@contextmanager
def impatient(milliseconds: int) -> Iterator[None]:
    """Run the body in a transaction that waits for locks no longer than `milliseconds`.

    A wait cut short raises and nothing of the body is kept.
    """
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        with _busy_timeout(milliseconds), transaction.atomic():
            yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = {int(milliseconds)}")
        yield


@contextmanager
def _busy_timeout(milliseconds: int) -> Iterator[None]:
    """Bound the wait for SQLite's one writer, which begins with the transaction."""
    usual = int(1000 * settings.DATABASES["default"]["OPTIONS"]["timeout"])
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(milliseconds)}")
    try:
        yield
    finally:
        # A connection that broke meanwhile has no setting left to restore.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {usual}")
