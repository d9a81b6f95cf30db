"""Not waiting long for a database that somebody else is writing to."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.conf import settings
from django.db import Error, connection


@contextmanager
def impatient(milliseconds: int) -> Iterator[None]:
    """Wait for locks no longer than `milliseconds` in the body; a wait cut short raises.

    Enter it outside a transaction: a lock that PostgreSQL refuses ends the transaction it is in.
    """
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        usual = int(1000 * settings.DATABASES["default"]["OPTIONS"]["timeout"])
        bounded, restored = (f"PRAGMA busy_timeout = {ms}" for ms in (milliseconds, usual))
    else:
        bounded = f"SET lock_timeout = {int(milliseconds)}"
        restored = "SET lock_timeout = DEFAULT"
    with connection.cursor() as cursor:
        cursor.execute(bounded)
    try:
        yield
    finally:
        # A connection that broke meanwhile has no setting left to restore.
        with suppress(Error), connection.cursor() as cursor:
            cursor.execute(restored)
