"""Work that only one process may do at a time."""

from hashlib import blake2b

from django.db import connection


def hold_lock(name: str) -> None:
    """Wait for the lock of this name and hold it until the transaction ends.

    On SQLite a transaction holds the writer's lock from its beginning, so there is nothing to do.
    """
    if connection.vendor == "postgresql":
        number = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
