"""Statements that PostgreSQL plans once a connection and that skip the layers of a cursor.

Of the processor time of five small reads, cursors took three quarters on our side and planning two
thirds on the database's; sent together, statements wait for one answer instead of several.
"""

import hashlib
import select
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import pq, sql
from psycopg.adapt import PyFormat, Transformer

Rows = list[tuple[object, ...]]
# A statement whose marks are $1, $2…, and what they stand for.
Statement = tuple[str, Sequence[object]]
DONE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
# The names under which each connection knows its statements.
_names: WeakKeyDictionary[psycopg.Connection, dict[str, bytes]] = WeakKeyDictionary()


def may_ask(own: BaseDatabaseWrapper) -> bool:
    """Tell whether a statement may go past the cursor: not within a transaction, which an error
    would end, and not where somebody wants to see every statement."""
    return (
        own.vendor == "postgresql"
        and own.get_autocommit()
        and not own.execute_wrappers
        and not own.queries_logged
    )


def ask(own: BaseDatabaseWrapper, *asked: Statement) -> list[Rows] | None:
    """Return the rows of each query, all asked in one round trip; None where one failed, for
    whatever reason: a cursor then says which, or finds the connection closed and opens it again."""
    raw: psycopg.Connection = own.connection
    try:
        transformer = Transformer.from_context(raw)
        results = _send(raw, transformer, asked)
        if any(result.status != pq.ExecStatus.TUPLES_OK for result in results):
            return None
        return [_rows(transformer, result) for result in results]
    except psycopg.Error:
        return None


def write(own: BaseDatabaseWrapper, *statements: Statement, lock_timeout_ms: int) -> None:
    """Carry out statements as one transaction in one round trip, waiting for locks no longer than
    allowed. Raises Error, and nothing is written."""
    raw: psycopg.Connection = own.connection
    patience = f"SET LOCAL lock_timeout = {int(lock_timeout_ms)}"
    told: list[Statement] = [("BEGIN", ()), (patience, ()), *statements, ("COMMIT", ())]
    with own.wrap_database_errors:
        results = _send(raw, Transformer.from_context(raw), told)
        failed = next((result for result in results if result.status not in DONE), None)
        if failed is not None:
            raw.pgconn.exec_(b"ROLLBACK")
            raise psycopg.errors.error_from_result(failed)


def numbered(statement: str) -> str:
    """Return a statement whose marks are %s, and that holds no other per cent sign, with $1, $2…"""
    first, *rest = statement.split("%s")
    return first + "".join(f"${place}{text}" for place, text in enumerate(rest, start=1))


def written_out(value: object) -> str:
    """Return a value as SQL has it."""
    return sql.Literal(value).as_string(connection.connection)


def _rows(transformer: Any, result: Any) -> Rows:
    transformer.set_pgresult(result)
    return transformer.load_rows(0, result.ntuples, tuple)


def _send(raw: psycopg.Connection, transformer: Any, statements: Sequence[Statement]) -> list[Any]:
    """Return the result of each statement, the first that failed among them."""
    told: list[tuple[bytes, Any]] = [
        (_name_of(text, raw), transformer.dump_sequence(values, [PyFormat.TEXT] * len(values)))
        for text, values in statements
    ]
    if len(told) == 1:
        return [raw.pgconn.exec_prepared(*told[0])]
    raw.pgconn.enter_pipeline_mode()
    for name, marks in told:
        raw.pgconn.send_query_prepared(name, marks)
    raw.pgconn.pipeline_sync()
    results = [_result(raw.pgconn) for _one in told]
    _next(raw.pgconn)  # the answer to the synchronisation itself
    raw.pgconn.exit_pipeline_mode()
    return results


def _result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult:
    """Return what came of the next statement of a pipeline and read the mark behind it."""
    result = _next(pgconn)
    if result is None:
        raise psycopg.OperationalError("the connection was closed")
    if result.status != pq.ExecStatus.FATAL_ERROR or pgconn.status == pq.ConnStatus.OK:
        _next(pgconn)
    return result


def _next(pgconn: pq.abc.PGconn) -> Any:
    """Wait as other threads go on: libpq's own waiting would hold them all."""
    while pgconn.is_busy():
        if pgconn.flush():
            select.select([pgconn.socket], [pgconn.socket], [])
        else:
            select.select([pgconn.socket], [], [])
        pgconn.consume_input()
    return pgconn.get_result()


def _name_of(text: str, raw: psycopg.Connection) -> bytes:
    """Return what this connection calls the statement; it is planned where it was never asked."""
    names = _names.setdefault(raw, {})
    if text not in names:
        # Where a pooler shares connections, a name must mean the same to all who share one.
        name = b"compiled_" + hashlib.blake2b(text.encode(), digest_size=12).hexdigest().encode()
        result = raw.pgconn.prepare(name, text.encode())
        if result.status != pq.ExecStatus.COMMAND_OK:
            raise psycopg.ProgrammingError(result.error_message)
        names[text] = name
    return names[text]
