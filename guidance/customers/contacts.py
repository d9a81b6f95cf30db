"""Contact points at rest: sealed for their customer and channel, found by a keyed fingerprint."""

import hmac
from hashlib import sha256

from guidance.core.sealing import Sealer, Undecryptable, derived_keys

__all__ = [
    "Undecryptable",
    "decrypt_address",
    "encrypt_address",
    "fingerprint",
    "fingerprints",
    "is_current",
]
PURPOSE = "contact"
_sealer = Sealer(PURPOSE)


def encrypt_address(address: str, *, customer_id: int, channel: str) -> bytes:
    """Return the ciphertext of an address under the first key; no two are alike."""
    return _sealer.seal(address, bound_to=f"{customer_id}:{channel}")


def decrypt_address(ciphertext: bytes | memoryview, *, customer_id: int, channel: str) -> str:
    """Return the address; raises Undecryptable."""
    return _sealer.open(ciphertext, bound_to=f"{customer_id}:{channel}")


def is_current(ciphertext: bytes | memoryview) -> bool:
    """Tell whether the first key encrypted this."""
    return _sealer.is_current(ciphertext)


def fingerprint(address: str) -> str:
    """Return the keyed fingerprint under which an address is stored today."""
    return fingerprints(address)[0]


def fingerprints(address: str) -> list[str]:
    """Return every fingerprint under which an address may be stored, one per key."""
    told = address.strip().casefold().encode()
    keys = derived_keys(PURPOSE, "fingerprint", 32)
    return [hmac.new(key, told, sha256).hexdigest() for key in keys]
