"""The one fast, idempotent write of events: by the thousand, the same id never twice."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import NamedTuple
from uuid import UUID

from django.db import connection, transaction

from guidance.behaviour.models import DirtyDay, Event

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
    result_count: int | None = None
    original_time: datetime | None = None


# What makes two rows of one id the same event: all but how and when the row came here.
PAYLOAD = [name for name in EventRow._fields if name not in {"received_at", "source"}]
_as_row = attrgetter(*EventRow._fields)
_payload = itemgetter(*(EventRow._fields.index(name) for name in PAYLOAD))
_COLUMNS = ", ".join(f'"{Event._meta.get_field(name).column}"' for name in EventRow._fields)


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
    met = write(unique)
    _mark_days(row for event_id, row in unique.items() if event_id not in met)
    inserted = len(unique) - len(met)
    if inserted == len(rows):
        return Stored(inserted)
    again = met if len(unique) == len(rows) else met | _repeated(rows)
    conflicts = _conflicts(rows, again) if detect_conflicts else set()
    return Stored(inserted, again - conflicts, conflicts)


def _write_sqlite(rows: dict[UUID, tuple]) -> set[UUID]:
    """Insert what is not there and return the ids that were; the writer's lock is held.

    `OR IGNORE` would also swallow rows that break a check or lack a value; this does not.
    """
    table = Event._meta.db_table
    ids = "[" + ",".join(f'"{event_id.hex}"' for event_id in rows) + "]"
    marks = ", ".join(["%s"] * len(EventRow._fields))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM {table} WHERE id IN (SELECT value FROM json_each(%s))",  # noqa: S608
            [ids],
        )
        met = {UUID(hex=text) for (text,) in cursor.fetchall()}
        cursor.executemany(
            f"INSERT INTO {table} ({_COLUMNS}) VALUES ({marks})",  # noqa: S608  names, no values
            [_sqlite_row(row) for event_id, row in rows.items() if event_id not in met],
        )
    return met


def _sqlite_row(row: tuple) -> tuple:
    """Return the row as SQLite keeps it: hexadecimal ids, UTC times and decimals as text."""
    (event_id, kind, customer, product, occurred, received, source, session, basket, decision) = (
        row[:10]
    )
    position, quantity, price, currency, rating, text, result_count, original = row[10:]
    return (
        event_id.hex,
        kind,
        customer,
        product,
        str(occurred.astimezone(UTC).replace(tzinfo=None)),
        str(received.astimezone(UTC).replace(tzinfo=None)),
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
        result_count,
        original and str(original.astimezone(UTC).replace(tzinfo=None)),
    )


def _write_postgresql(rows: dict[UUID, tuple]) -> set[UUID]:
    """COPY into a temporary table, insert from there, and return the ids that were there.

    The table outlives the transaction, empty, so that small batches do not fill the catalogue
    with its remains; the order keeps two batches with the same ids from waiting on each other.
    """
    table = Event._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {STAGING} (LIKE {table}) ON COMMIT DELETE ROWS"
        )
        cursor.execute(f"DELETE FROM {STAGING}")  # noqa: S608
        with cursor.copy(f"COPY {STAGING} ({_COLUMNS}) FROM STDIN") as copy:
            for row in rows.values():
                copy.write_row(row)
        cursor.execute(
            f"INSERT INTO {table} ({_COLUMNS}) SELECT {_COLUMNS} FROM {STAGING} ORDER BY id "  # noqa: S608
            "ON CONFLICT (id) DO NOTHING RETURNING id"
        )
        if cursor.rowcount == len(rows):
            return set()
        return rows.keys() - {event_id for (event_id,) in cursor.fetchall()}


def _mark_days(rows: Iterable[tuple]) -> None:
    """Mark the days of rows just written, in their own transaction."""
    days = {(row[4].astimezone(UTC).date(), row[6]) for row in rows}
    DirtyDay.objects.bulk_create(DirtyDay(day=day, source=source) for day, source in sorted(days))


def _repeated(rows: Sequence[tuple]) -> set[UUID]:
    """Return the ids that come more than once."""
    return {event_id for event_id, times in Counter(row[0] for row in rows).items() if times > 1}


def _conflicts(rows: Sequence[tuple], ids: set[UUID]) -> set[UUID]:
    """Return those of the ids that are stored with another payload than a row here has."""
    stored = {
        row[0]: row
        for row in Event.objects.filter(pk__in=ids).values_list(*PAYLOAD).iterator(chunk_size=500)
    }
    return {row[0] for row in rows if row[0] in ids and _comparable(row) != stored[row[0]]}


def _comparable(row: tuple) -> tuple:
    """Return the payload with the price as the column rounds it."""
    price = row[12]
    return _payload(row if price is None else (*row[:12], price.quantize(CENT), *row[13:]))
