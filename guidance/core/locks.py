"""Work that only one process may do at a time, and whether who began some is still there."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import DatabaseError, connection

# Every advisory lock of this database that anybody holds, as the number it was taken by.
HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def hold_lock(name: str) -> None:
    """Wait for the lock of this name and hold it until the transaction ends.

    On SQLite a transaction holds the writer's lock from its beginning, so there is nothing to do.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_number(name)])


@contextmanager
def hold_while_alive(name: str) -> Iterator[bool]:
    """Hold the lock of this name while the body runs; yield False where another process holds it.

    It goes with the process, however that ends: on PostgreSQL with its connection, on SQLite with
    the file that it keeps open beside the database.
    """
    holding = _of_connection if connection.vendor == "postgresql" else _of_file
    with holding(name) as is_mine:
        yield is_mine


def still_held(names: Iterable[str]) -> set[str]:
    """Return those of these names whose locks somebody holds."""
    if connection.vendor != "postgresql":
        return {name for name in names if _is_held(_path(name))}
    with connection.cursor() as cursor:
        cursor.execute(HELD)
        held = {number for (number,) in cursor.fetchall()}
    return {name for name in names if _number(name) in held}


def _number(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)


@contextmanager
def _of_connection(name: str) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_number(name)])
        (is_mine,) = cursor.fetchone()
    try:
        yield is_mine
    finally:
        # With a connection that broke meanwhile the lock is gone as well.
        with suppress(DatabaseError):
            if is_mine:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_advisory_unlock(%s)", [_number(name)])


@contextmanager
def _of_file(name: str) -> Iterator[bool]:
    path = _path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        is_mine = _locked(file) and _is_still(path, file)
        try:
            yield is_mine
        finally:
            if is_mine:
                path.unlink(missing_ok=True)


def _is_held(path: Path) -> bool:
    """Tell whether a process holds a file; one that nobody holds is taken away."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        if not _locked(file):
            return True
        path.unlink(missing_ok=True)
        return False


def _locked(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, file: IO[bytes]) -> bool:
    """Tell whether the path leads to this file yet: who held it takes it away when they end."""
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def _path(name: str) -> Path:
    """Return the file of a lock: beside the database, where all its processes find it."""
    database = Path(str(connection.settings_dict["NAME"]))
    folder = database.parent if database.is_file() else settings.VAR_DIR
    return Path(folder) / "locks" / f"{_number(name) & (2**64 - 1):016x}"
