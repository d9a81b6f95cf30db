"""Contact points: written encrypted, found by fingerprint, encrypted anew when keys rotate."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.core.bulk import insert_rows, update_rows
from guidance.core.rows import Refused
from guidance.core.services import record_batch_audit
from guidance.customers.contacts import (
    decrypt_address,
    encrypt_address,
    fingerprint,
    fingerprints,
    is_current,
)
from guidance.customers.models import ContactPoint
from guidance.customers.rows import ContactRow
from guidance.customers.services.sealed_suppressions import follow_key

_FORMS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "sms": re.compile(r"\+?[0-9][0-9 ()./-]{4,30}"),
}
ROTATION_BATCH = 500


def check_contacts(rows: Iterable[ContactRow]) -> None:
    """Refuse a channel named twice, and an address it cannot reach; never repeat the address."""
    channels: set[str] = set()
    for place, row in enumerate(rows):
        if row.channel in channels:
            raise Refused(
                "repeated", _("contacts[%(place)d]: its channel is named twice.") % {"place": place}
            )
        channels.add(row.channel)
        form = _FORMS.get(row.channel)
        if row.address is not None and form and not form.fullmatch(row.address):
            raise Refused(
                "malformed",
                _("contacts[%(place)d].address: is no address for %(channel)s.")
                % {"place": place, "channel": row.channel},
            )


def write_contacts(*, wanted: Mapping[int, Iterable[ContactRow]]) -> set[int]:
    """Keep or take away the addresses named and return the customers whose changed.

    The customers' rows must be locked. Three statements at most, and one a channel where
    CONTACT_KEYS has an earlier key.
    """
    wanted = {customer: list(rows) for customer, rows in wanted.items() if rows}
    if not wanted:
        return set()
    stored = {
        (point.customer_id, point.channel): point
        for point in ContactPoint.objects.filter(customer__in=wanted)
    }
    keeping: dict[tuple[int, str], ContactPoint] = {}
    kept: defaultdict[str, list[str]] = defaultdict(list)
    removing = set()
    for customer_id, rows in wanted.items():
        for row in rows:
            old = stored.get((customer_id, row.channel))
            if row.address is None and old is not None:
                removing.add(old.pk)
            elif row.address is not None and not _is_same(old, row.address):
                keeping[customer_id, row.channel] = seal(customer_id, row.channel, row.address)
                kept[row.channel].append(row.address)
    insert_rows(
        list(keeping.values()),
        conflict=["customer", "channel"],
        update=["ciphertext", "fingerprint"],
    )
    _follow_key(kept)
    if removing:
        ContactPoint.objects.filter(pk__in=removing).delete()
    return {customer for customer, _channel in keeping} | {
        point.customer_id for point in stored.values() if point.pk in removing
    }


def seal(customer_id: int, channel: str, address: str) -> ContactPoint:
    """Return an unsaved contact point with the address encrypted for this customer."""
    return ContactPoint(
        customer_id=customer_id,
        channel=channel,
        ciphertext=encrypt_address(address, customer_id=customer_id, channel=channel),
        fingerprint=fingerprint(address),
    )


@transaction.atomic
def move_contacts(*, from_customer_id: int, to_customer_id: int) -> int:
    """Give one customer the other's addresses on channels where it has none; return how many.

    A ciphertext is bound to its row, so each is opened and encrypted again; the rest go.
    """
    points = ContactPoint.objects.filter(customer=from_customer_id)
    has = set(
        ContactPoint.objects.filter(customer=to_customer_id).values_list("channel", flat=True)
    )
    opened = {point.channel: _open(point) for point in points if point.channel not in has}
    moved = [seal(to_customer_id, channel, address) for channel, address in opened.items()]
    insert_rows(moved, conflict=["customer", "channel"])
    _follow_key({channel: [address] for channel, address in opened.items()})
    points.delete()
    return len(moved)


def rotate_contacts() -> int:
    """Encrypt anew, under the first of CONTACT_KEYS, what another key encrypted; return how many.

    Batch by batch, each its own transaction: stopped anywhere it goes on where it was. Afterwards
    the old key can be taken out of the setting. Raises Undecryptable where its key is gone.
    """
    rotated, last = 0, 0
    while True:
        with transaction.atomic():
            batch = list(
                ContactPoint.objects.select_for_update()
                .filter(pk__gt=last)
                .order_by("pk")[:ROTATION_BATCH]
            )
            if not batch:
                return rotated
            old = [point for point in batch if not is_current(point.ciphertext)]
            seal_anew(old)
            if old:
                record_batch_audit(
                    actor=None,
                    verb="rotate_contacts",
                    model=ContactPoint,
                    count=len(old),
                    details={},
                )
        rotated, last = rotated + len(old), batch[-1].pk


def seal_anew(points: Sequence[ContactPoint]) -> None:
    """Encrypt these contact points under the first key, in the caller's transaction."""
    opened: defaultdict[str, list[str]] = defaultdict(list)
    for point in points:
        address = _open(point)
        new = seal(point.customer_id, point.channel, address)
        point.ciphertext, point.fingerprint = new.ciphertext, new.fingerprint
        opened[point.channel].append(address)
    update_rows(points, fields=["ciphertext", "fingerprint"])
    _follow_key(opened)


def _follow_key(addresses: Mapping[str, Sequence[str]]) -> None:
    """Have suppressions of these addresses, by channel, go by the fingerprints of today."""
    for channel, told in addresses.items():
        follow_key(channel=channel, addresses=told)


def _open(point: ContactPoint) -> str:
    return decrypt_address(point.ciphertext, customer_id=point.customer_id, channel=point.channel)


def _is_same(point: ContactPoint | None, address: str) -> bool:
    return point is not None and point.fingerprint in fingerprints(address)
