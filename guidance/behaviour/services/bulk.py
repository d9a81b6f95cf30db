"""The one fast, idempotent write of events: by the thousand, the same id never twice."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import mark_days
from guidance.customers.services import mark_customers

CENT = Decimal("0.01")
STAGING = "behaviour_event_staging"


class EventRow(NamedTuple):
    """One event as the table holds it, field for field in the order of `Event`'s columns.

    Times are aware, the price is in the currency's unit. A plain tuple in this order will do.
    """

    id: UUID
    kind: str
    customer_id: int
    product_id: int | None
    occurred_at: datetime
    received_at: datetime
    source: str
    session: str = ""
    basket: str = ""
    decision: UUID | None = None
    position: int | None = None
    quantity: int = 1
    price: Decimal | None = None
    currency: str = ""
    rating: int | None = None
    text: str = ""
    coupon: str = ""
    result_count: int | None = None
    original_time: datetime | None = None


_TABLE = Event._meta.db_table
_COLUMNS = [str(field.column) for field in Event._meta.concrete_fields]
_COLUMN_LIST = ", ".join(_COLUMNS)
# What makes two rows of one id the same event: all but how and when the row came here. Of a
# time that was shifted the original counts, so that another shift makes no other event.
_PAYLOAD = [
    name
    for name in _COLUMNS
    if name not in {"id", "received_at", "source", "occurred_at", "original_time"}
]
_as_row = attrgetter(*EventRow._fields)
_payload_of = itemgetter(*(EventRow._fields.index(name) for name in _PAYLOAD))
_PRICE = EventRow._fields.index("price")


@dataclass(frozen=True)
class Stored:
    """What became of a batch: rows written, ids met before, and ids met with another payload.

    An id is in `duplicates` or in `conflicts`, never in both; without detection all that were
    met before are duplicates. One sent twice in a batch is inserted once and met before once.
    """

    inserted: int = 0
    duplicates: set[UUID] = field(default_factory=set)
    conflicts: set[UUID] = field(default_factory=set)


def store_events(*, events: Sequence[Event], detect_conflicts: bool = False) -> Stored:
    """Write events once each and mark their days for the rollups, in one transaction.

    The fields must hold what their columns hold (UUID, aware datetime, Decimal); raises
    IntegrityError where a row names a customer or product that does not exist.
    """
    return store_event_rows(
        rows=[_as_row(event) for event in events], detect_conflicts=detect_conflicts
    )


@transaction.atomic
def store_event_rows(
    *, rows: Sequence[EventRow] | Sequence[tuple], detect_conflicts: bool = False
) -> Stored:
    """Do what `store_events` does for tuples in `EventRow`'s order: no instances are built."""
    unique = {row[0]: row for row in reversed(rows)}
    if not unique:
        return Stored()
    write = _write_postgresql if connection.vendor == "postgresql" else _write_sqlite
    met, conflicts = write(unique, detect_conflicts)
    new = [row for key, row in unique.items() if key not in met]
    mark_days(moments={(row[4], row[6]) for row in new})
    mark_customers(customer_ids=(row[2] for row in new))
    inserted = len(unique) - len(met)
    if len(unique) < len(rows):
        times_sent = Counter(row[0] for row in rows)
        met = met | {event_id for event_id, times in times_sent.items() if times > 1}
        if detect_conflicts:
            conflicts |= {row[0] for row in rows if _differs(row, unique[row[0]])}
    return Stored(inserted, met - conflicts, conflicts)


def _write_sqlite(rows: dict[UUID, tuple], detect_conflicts: bool) -> tuple[set[UUID], set[UUID]]:
    """Insert what is not there; return the ids that were, and those with another payload.

    The lock of the only writer is held. `OR IGNORE` would also swallow rows that break a check
    or lack a value; this does not.
    """
    adapted = {event_id.hex: _sqlite_row(row) for event_id, row in rows.items()}
    payload = f", {', '.join(_PAYLOAD)}, coalesce(original_time, occurred_at)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id{payload if detect_conflicts else ''} FROM {_TABLE} "  # noqa: S608  names, no values
            "WHERE id IN (SELECT value FROM json_each(%s))",
            [json.dumps(list(adapted))],
        )
        met = {event_id: stored for event_id, *stored in cursor.fetchall()}
        cursor.executemany(
            f"INSERT INTO {_TABLE} ({_COLUMN_LIST}) "  # noqa: S608  names, no values
            f"VALUES ({', '.join(['%s'] * len(_COLUMNS))})",
            [row for event_id, row in adapted.items() if event_id not in met],
        )
    conflicts = (
        {key for key, stored in met.items() if stored != _sqlite_payload(adapted[key])}
        if detect_conflicts
        else set()
    )
    return {UUID(hex=key) for key in met}, {UUID(hex=key) for key in conflicts}


def _sqlite_row(row: tuple) -> tuple:
    """Return the row as SQLite keeps it: hexadecimal ids, UTC times and decimals as text."""
    (event_id, kind, customer, product, occurred, received, source, session, basket, decision) = (
        row[:10]
    )
    position, quantity, price, currency, rating, text, coupon, result_count, original = row[10:]
    return (
        event_id.hex,
        kind,
        customer,
        product,
        _sqlite_time(occurred),
        _sqlite_time(received),
        source,
        session,
        basket,
        decision and decision.hex,
        position,
        quantity,
        None if price is None else str(price.quantize(CENT)),
        currency,
        rating,
        text,
        coupon,
        result_count,
        original and _sqlite_time(original),
    )


@lru_cache(maxsize=4096)
def _sqlite_time(time: datetime) -> str:
    return str(time.astimezone(UTC).replace(tzinfo=None))


def _sqlite_payload(row: tuple) -> list:
    """Return the payload as SQLite gives it back: it keeps prices as numbers."""
    price = row[_PRICE]
    as_read = row if price is None else (*row[:_PRICE], float(price), *row[_PRICE + 1 :])
    return [*_payload_of(as_read), row[-1] or row[4]]


def _write_postgresql(
    rows: dict[UUID, tuple], detect_conflicts: bool
) -> tuple[set[UUID], set[UUID]]:
    """COPY into a temporary table, insert from there; return as `_write_sqlite` does.

    The table outlives the transaction, empty, so that small batches do not fill the catalogue
    with its remains; the order keeps two batches with the same ids from waiting on each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGING} (LIKE {_TABLE}) ON COMMIT DELETE ROWS"
        )
        cursor.execute(f"DELETE FROM {STAGING}")  # noqa: S608  names, no values
        with cursor.copy(f"COPY {STAGING} ({_COLUMN_LIST}) FROM STDIN") as copy:
            for row in rows.values():
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO {_TABLE} ({_COLUMN_LIST}) "  # noqa: S608  names, no values
            f"SELECT {_COLUMN_LIST} FROM {STAGING} ORDER BY id "
            "ON CONFLICT (id) DO NOTHING RETURNING id"
        )
        if cursor.rowcount == len(rows):
            return set(), set()
        met = rows.keys() - {event_id for (event_id,) in cursor.fetchall()}
        if not detect_conflicts:
            return met, set()
        sides = [
            f"({', '.join(f'{side}.{name}' for name in _PAYLOAD)}, "
            f"coalesce({side}.original_time, {side}.occurred_at))"
            for side in ("sent", "stored")
        ]
        cursor.execute(
            f"SELECT sent.id FROM {STAGING} sent JOIN {_TABLE} stored USING (id) "  # noqa: S608  names, no values
            f"WHERE {sides[0]} IS DISTINCT FROM {sides[1]}"
        )
        return met, {event_id for (event_id,) in cursor.fetchall()}


def _differs(row: tuple, other: tuple) -> bool:
    """Tell whether two rows of one batch say different things under one id."""
    return row is not other and _payload_of(row) + row[4:5] != _payload_of(other) + other[4:5]
