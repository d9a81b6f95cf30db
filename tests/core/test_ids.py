"""Ids: version 7, ordered by time, derived ones always the same."""

from datetime import UTC, datetime, timedelta

import pytest

from guidance.core.ids import derived_id, is_uuid7, new_id, parse_id, parse_key

NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)


def test_ids_are_version_7_and_ordered() -> None:
    ids = [new_id() for _ in range(1000)]
    assert all(map(is_uuid7, ids))
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)


def test_a_derived_id_depends_on_time_and_every_part() -> None:
    base = derived_id(NOON, "file", 1)
    assert is_uuid7(base)
    assert base == derived_id(NOON, "file", 1)
    others = {
        derived_id(NOON, "file", 2),
        derived_id(NOON, "other", 1),
        derived_id(NOON, "fil", "e1"),
        derived_id(NOON + timedelta(milliseconds=1), "file", 1),
    }
    assert len(others | {base}) == 5


def test_derived_ids_order_by_time() -> None:
    assert derived_id(NOON, "z") < derived_id(NOON + timedelta(milliseconds=1), "a")


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "9223372036854775808", "1" * 5_000])
def test_what_no_row_can_have_is_no_key(text: str) -> None:
    assert parse_key(text) is None


def test_keys_and_ids_are_read_as_they_are_written() -> None:
    assert (parse_key("7"), parse_key("9223372036854775807")) == (7, 2**63 - 1)
    made = new_id()
    assert (parse_id(str(made)), parse_id("mug")) == (made, None)
