"""Ids that leave the house: UUIDv7, ordered by time (RFC 9562)."""

import hashlib
import uuid
from datetime import datetime

import uuid_utils.compat

LARGEST_KEY = 2**63 - 1
LONGEST_KEY = len(str(LARGEST_KEY))


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7."""
    return uuid_utils.compat.uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """Return the id that a part of an address names, None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def parse_key(text: str) -> int | None:
    """Return the numeric primary key that text names, None where no row can have it.

    Databases count to 2^63 - 1 and SQLite's client fails beyond; "²" is a digit but no number.
    """
    if not text.isdecimal() or len(text) > LONGEST_KEY:
        return None
    key = int(text)
    return key if key <= LARGEST_KEY else None


def derived_id(time: datetime, *parts: object) -> uuid.UUID:
    """Return the UUIDv7 that `time` (aware) and the parts always give.

    An import derives ids this way from the row's time, its source and its line, so that
    importing the same file again meets the same ids.
    """
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=10).digest()
    value = _milliseconds(time) << 80 | int.from_bytes(digest, "big")
    value = value & ~(0xF << 76) | (7 << 76)
    value = value & ~(0x3 << 62) | (2 << 62)
    return uuid.UUID(int=value)


def first_id(time: datetime) -> uuid.UUID:
    """Return the least UUIDv7 of an aware time's millisecond: no earlier one follows it."""
    return uuid.UUID(int=_milliseconds(time) << 80 | 7 << 76 | 2 << 62)


def last_id(time: datetime) -> uuid.UUID:
    """Return the greatest UUIDv7 of an aware time's millisecond: every later one follows it."""
    return uuid.UUID(int=first_id(time).int | 0xFFF << 64 | 2**62 - 1)


def is_uuid7(value: uuid.UUID) -> bool:
    """Tell whether `value` is of version 7 in the RFC's variant."""
    return value.version == 7 and value.variant == uuid.RFC_4122


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000) & (2**48 - 1)
