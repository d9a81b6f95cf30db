"""Contact points at rest: unreadable without the key, bound to their row, rotated in place."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from guidance.core.models import AuditEntry
from guidance.customers.contacts import (
    Undecryptable,
    decrypt_address,
    encrypt_address,
    fingerprint,
    fingerprints,
    is_current,
)
from guidance.customers.models import ContactPoint, Customer
from guidance.customers.rows import ContactRow, CustomerRow
from guidance.customers.services import rotate_contacts, upsert_customers

ADDRESS = "mira@mail.example"


def test_an_address_is_read_back_and_its_ciphertext_says_nothing() -> None:
    sealed = encrypt_address(ADDRESS, customer_id=1, channel="email")
    assert decrypt_address(sealed, customer_id=1, channel="email") == ADDRESS
    assert b"mira" not in sealed
    assert b"mail.example" not in sealed
    assert sealed != encrypt_address(ADDRESS, customer_id=1, channel="email")
    assert "mira" not in fingerprint(ADDRESS)


@pytest.mark.parametrize(("customer", "channel"), [(2, "email"), (1, "sms")])
def test_a_ciphertext_of_another_row_does_not_open(customer: int, channel: str) -> None:
    sealed = encrypt_address(ADDRESS, customer_id=1, channel="email")
    with pytest.raises(Undecryptable):
        decrypt_address(sealed, customer_id=customer, channel=channel)


@pytest.mark.parametrize("position", [0, 3, 10, -1])
def test_a_damaged_ciphertext_does_not_open(position: int) -> None:
    sealed = bytearray(encrypt_address(ADDRESS, customer_id=1, channel="email"))
    sealed[position] ^= 1
    with pytest.raises(Undecryptable):
        decrypt_address(bytes(sealed), customer_id=1, channel="email")


def test_a_fingerprint_is_keyed_and_blind_to_case(settings: Any) -> None:
    assert fingerprint(ADDRESS) == fingerprint(" MIRA@Mail.example ")
    old = fingerprint(ADDRESS)
    settings.CONTACT_KEYS = ["new", *settings.CONTACT_KEYS]
    assert fingerprint(ADDRESS) != old
    assert old in fingerprints(ADDRESS)


@pytest.mark.django_db
def test_keys_rotate_without_losing_an_address(settings: Any) -> None:
    contacts = [ContactRow(channel="email", address=ADDRESS)]
    rows = [CustomerRow(ref=f"c{n}", contacts=contacts) for n in range(3)]
    upsert_customers(rows=rows, source="api")
    old_keys = settings.CONTACT_KEYS
    before = {point.pk: bytes(point.ciphertext) for point in ContactPoint.objects.all()}

    settings.CONTACT_KEYS = ["a new key", *old_keys]
    assert upsert_customers(rows=rows, source="api")[0].status == "unchanged"
    assert rotate_contacts() == 3
    assert rotate_contacts() == 0
    assert AuditEntry.objects.filter(verb="rotate_contacts").count() == 1

    settings.CONTACT_KEYS = ["a new key"]
    for point in ContactPoint.objects.all():
        assert bytes(point.ciphertext) != before[point.pk]
        assert point.fingerprint == fingerprint(ADDRESS)
        assert (
            decrypt_address(point.ciphertext, customer_id=point.customer_id, channel="email")
            == ADDRESS
        )
    settings.CONTACT_KEYS = old_keys
    point = ContactPoint.objects.all()[0]
    with pytest.raises(Undecryptable):
        decrypt_address(point.ciphertext, customer_id=point.customer_id, channel="email")


@pytest.mark.django_db
def test_no_column_holds_the_address() -> None:
    contacts = [ContactRow(channel="email", address=ADDRESS)]
    upsert_customers(rows=[CustomerRow(ref="c1", contacts=contacts)], source="api")
    for row in [*Customer.objects.values(), *ContactPoint.objects.values()]:
        for value in row.values():
            said = bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
            assert b"mira" not in said


@pytest.mark.django_db
def test_the_command_says_how_many_it_encrypted_anew(settings: Any) -> None:
    contacts = [ContactRow(channel="email", address=ADDRESS)]
    upsert_customers(rows=[CustomerRow(ref="c1", contacts=contacts)], source="api")
    settings.CONTACT_KEYS = ["a new key", *settings.CONTACT_KEYS]
    said = StringIO()
    call_command("rotate_contact_keys", stdout=said)
    assert "1 contact point" in said.getvalue()
    assert is_current(ContactPoint.objects.get().ciphertext)
