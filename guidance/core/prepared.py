"""Queries that PostgreSQL plans once a connection and that skip the layers of a cursor.

Of the processor time of five small reads, cursors took three quarters on our side and planning two
thirds on the database's.
"""

import hashlib
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq, sql
from psycopg.adapt import PyFormat, Transformer

Rows = list[tuple[object, ...]]
# The names under which each connection knows its queries.
_names: WeakKeyDictionary[psycopg.Connection, dict[str, bytes]] = WeakKeyDictionary()


def may_ask(own: BaseDatabaseWrapper) -> bool:
    """Tell whether a query may go past the cursor: not within a transaction, which an error would
    end, and not where somebody wants to see every statement."""
    return (
        own.vendor == "postgresql"
        and own.get_autocommit()
        and not own.execute_wrappers
        and not own.queries_logged
    )


def ask(own: BaseDatabaseWrapper, query: str, values: Sequence[object]) -> Rows | None:
    """Return the rows of a query whose marks are $1, $2…; None where it failed, for whatever
    reason: a cursor then says which, or finds the connection closed and opens it again."""
    raw: psycopg.Connection = own.connection
    try:
        name = _name_of(query, raw)
        transformer = Transformer.from_context(raw)
        marks: Any = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
        result = raw.pgconn.exec_prepared(name, marks)
        if result.status != pq.ExecStatus.TUPLES_OK:
            return None
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)
    except psycopg.Error:
        return None


def written_out(value: object) -> str:
    """Return a value as SQL has it."""
    return sql.Literal(value).as_string(connection.connection)


def _name_of(query: str, raw: psycopg.Connection) -> bytes:
    """Return what this connection calls the query; it is planned where it was never asked."""
    names = _names.setdefault(raw, {})
    if query not in names:
        # Where a pooler shares connections, a name must mean the same to all who share one.
        name = b"compiled_" + hashlib.blake2b(query.encode(), digest_size=12).hexdigest().encode()
        result = raw.pgconn.prepare(name, query.encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.ProgrammingError(result.error_message)
        names[query] = name
    return names[query]
