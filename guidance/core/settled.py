"""The latest moment of which everything is known: what was stamped by then has been written.

A row carries the moment at which it was received, and becomes visible when its transaction ends.
Whoever counts what was received by a moment, while a transaction that began before it is open,
counts fewer rows than whoever does so later.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

# Of all sessions of this database but one's own; whose times are hidden from us began who knows
# when, and are left out: the software's own processes share one role.
OLDEST = """
SELECT MIN(xact_start) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
    AND backend_type = 'client backend'"""


def settled_moment() -> datetime:
    """Return a moment by which nothing more can be received: before every open transaction.

    `settings.SETTLING_SECONDS` before that, the longest between a row's stamp and the beginning of
    its transaction. On SQLite it waits for whoever writes.
    """
    return _oldest_open() - timedelta(seconds=settings.SETTLING_SECONDS)


def _oldest_open() -> datetime:
    if connection.vendor != "postgresql":
        # There is one writer at a time, and a row is stamped by who holds the lock.
        with transaction.atomic():
            return timezone.now()
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(OLDEST)
        [oldest] = cursor.fetchone()
    return now if oldest is None else min(now, oldest)
