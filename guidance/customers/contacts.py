"""Contact points at rest: AES-256-GCM under keys derived from the setting `CONTACT_KEYS`.

The first key encrypts and every key decrypts, so that a new one can be put in front while rows
under the old one remain. A ciphertext is: one byte of format, four bytes that name its key, twelve
of nonce, then what AES-GCM gives. Customer and channel are bound to it as associated data: moved
to another row it does not decrypt. A keyed fingerprint finds an address without decrypting any.
"""

import hmac
import os
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

FORMAT = b"\x01"
NAME_BYTES = 4
NONCE_BYTES = 12


class Undecryptable(Exception):
    """No key of today opens this ciphertext, or it belongs to another row."""


@dataclass(frozen=True)
class _Key:
    name: bytes
    cipher: AESGCM
    fingerprint: bytes


def encrypt_address(address: str, *, customer_id: int, channel: str) -> bytes:
    """Return the ciphertext of an address under the first key; no two are alike."""
    key = _keys()[0]
    nonce = os.urandom(NONCE_BYTES)
    sealed = key.cipher.encrypt(nonce, address.encode(), _bound_to(customer_id, channel))
    return FORMAT + key.name + nonce + sealed


def decrypt_address(ciphertext: bytes | memoryview, *, customer_id: int, channel: str) -> str:
    """Return the address; raises Undecryptable."""
    name, nonce, sealed = _parts(ciphertext)
    for key in _keys():
        if key.name == name:
            try:
                opened = key.cipher.decrypt(nonce, sealed, _bound_to(customer_id, channel))
            except InvalidTag:
                raise Undecryptable("The ciphertext is damaged or of another row.") from None
            return opened.decode()
    raise Undecryptable("No key in CONTACT_KEYS has this ciphertext's name.")


def is_current(ciphertext: bytes | memoryview) -> bool:
    """Tell whether the first key encrypted this."""
    return _parts(ciphertext)[0] == _keys()[0].name


def fingerprint(address: str) -> str:
    """Return the keyed fingerprint under which an address is stored today."""
    return _fingerprint(_keys()[0], address)


def fingerprints(address: str) -> list[str]:
    """Return every fingerprint under which an address may be stored, one per key."""
    return [_fingerprint(key, address) for key in _keys()]


def _fingerprint(key: _Key, address: str) -> str:
    return hmac.new(key.fingerprint, address.strip().casefold().encode(), sha256).hexdigest()


def _parts(ciphertext: bytes | memoryview) -> tuple[bytes, bytes, bytes]:
    kept = bytes(ciphertext)
    head = len(FORMAT) + NAME_BYTES
    if not kept.startswith(FORMAT) or len(kept) < head + NONCE_BYTES:
        raise Undecryptable("This is no ciphertext of a contact point.")
    return kept[1:head], kept[head : head + NONCE_BYTES], kept[head + NONCE_BYTES :]


def _bound_to(customer_id: int, channel: str) -> bytes:
    return f"{customer_id}:{channel}".encode()


def _keys() -> tuple[_Key, ...]:
    return _derived(tuple(settings.CONTACT_KEYS))


@lru_cache(maxsize=4)
def _derived(secrets: tuple[str, ...]) -> tuple[_Key, ...]:
    return tuple(
        _Key(
            name=_derive(secret, "name", NAME_BYTES),
            cipher=AESGCM(_derive(secret, "encryption", 32)),
            fingerprint=_derive(secret, "fingerprint", 32),
        )
        for secret in secrets
    )


def _derive(secret: str, purpose: str, length: int) -> bytes:
    """Derive a key by HKDF-SHA256 (RFC 5869); each purpose has its own."""
    hkdf = HKDF(algorithm=SHA256(), length=length, salt=None, info=f"contact {purpose}".encode())
    return hkdf.derive(secret.encode())
