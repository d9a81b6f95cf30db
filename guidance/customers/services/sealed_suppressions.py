"""The addresses that suppressions keep: sealed, and sealed anew when keys rotate."""

from collections.abc import Iterable

from guidance.core.sealing import Sealer
from guidance.customers.contacts import fingerprint, fingerprints
from guidance.customers.models import Suppression

_sealer = Sealer("suppression")


def seal_suppressed(address: str, *, channel: str) -> bytes:
    """Return the ciphertext of a suppressed address under the first key."""
    return _sealer.seal(address.strip(), bound_to=channel)


def seal_anew(rows: Iterable[Suppression]) -> int:
    """Encrypt under the first key what another one did, in the caller's transaction."""
    count = 0
    for row in rows:
        if row.ciphertext is None or _sealer.is_current(row.ciphertext):
            continue
        address = _sealer.open(row.ciphertext, bound_to=row.channel)
        row.ciphertext = seal_suppressed(address, channel=row.channel)
        row.fingerprint = fingerprint(address)
        row.save(update_fields=["ciphertext", "fingerprint"])
        count += 1
    return count


def follow_key(*, channel: str, addresses: Iterable[str]) -> None:
    """Have suppressions of these addresses go by today's fingerprints, as their contact points do.

    Call it in the transaction that writes the contact points. Without an earlier key among
    CONTACT_KEYS there is nothing to do, and nothing is read.
    """
    earlier = [mark for address in addresses for mark in fingerprints(address)[1:]]
    if earlier:
        rows = Suppression.objects.select_for_update(of=("self",)).order_by("pk")
        seal_anew(rows.filter(channel=channel, fingerprint__in=earlier))
