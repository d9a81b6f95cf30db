"""Which customers' sums must be counted again: marked by who writes rows, taken by who counts."""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

from guidance.customers.models import ChangedCustomer

_TABLE = ChangedCustomer._meta.db_table
# A constant's worth of names; the values come as one parameter, however many there are.
_MARK = {
    "postgresql": f"INSERT INTO {_TABLE} (customer_id) SELECT unnest(%s::bigint[])",
    "sqlite": f"INSERT INTO {_TABLE} (customer_id) SELECT value FROM json_each(%s)",  # noqa: S608
}
_TAKE = f"""
DELETE FROM {_TABLE} WHERE id IN (SELECT id FROM {_TABLE} ORDER BY id LIMIT %s)
RETURNING customer_id
"""  # noqa: S608  names, no values


def mark_customers(*, customer_ids: Iterable[int]) -> None:
    """Mark customers to be counted again; call it in the transaction that writes the rows."""
    ids = sorted(set(customer_ids))
    if not ids:
        return
    value: Any = ids if connection.vendor == "postgresql" else json.dumps(ids)
    with connection.cursor() as cursor:
        cursor.execute(_MARK[connection.vendor], [value])


def take_customers(*, most: int) -> list[int]:
    """Take up to `most` marks away, oldest first, and return whose they were.

    Call it in the transaction that counts, before it reads: each later statement sees at least
    the rows that came with these marks, and whatever comes after them brings a mark of its own.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("marks are taken by a transaction that counts")
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [most])
        return sorted({customer_id for (customer_id,) in cursor.fetchall()})
