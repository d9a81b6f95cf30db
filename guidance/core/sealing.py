"""Secrets at rest: AES-256-GCM under keys derived from the setting `CONTACT_KEYS`.

The first key encrypts and every key decrypts, so that a new one can be put in front while rows
under the old one remain. A ciphertext is: one byte of format, four bytes that name its key, twelve
of nonce, then what AES-GCM gives. What it is bound to is associated data: moved to another row it
does not decrypt.
"""

import os
from dataclasses import dataclass
from functools import lru_cache

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
class Sealer:
    """Encrypts for one purpose; keys of two purposes have nothing in common."""

    purpose: str

    def seal(self, text: str, *, bound_to: str) -> bytes:
        """Return the ciphertext of a text under the first key; no two are alike."""
        name, cipher = _ciphers(self.purpose)[0]
        nonce = os.urandom(NONCE_BYTES)
        return FORMAT + name + nonce + cipher.encrypt(nonce, text.encode(), bound_to.encode())

    def open(self, ciphertext: bytes | memoryview, *, bound_to: str) -> str:
        """Return the text; raises Undecryptable."""
        name, nonce, sealed = _parts(ciphertext)
        for key_name, cipher in _ciphers(self.purpose):
            if key_name == name:
                try:
                    return cipher.decrypt(nonce, sealed, bound_to.encode()).decode()
                except InvalidTag:
                    raise Undecryptable("The ciphertext is damaged or of another row.") from None
        raise Undecryptable("No key in CONTACT_KEYS has this ciphertext's name.")

    def is_current(self, ciphertext: bytes | memoryview) -> bool:
        """Tell whether the first key encrypted this."""
        return _parts(ciphertext)[0] == _ciphers(self.purpose)[0][0]


def derived_keys(purpose: str, part: str, length: int) -> list[bytes]:
    """Return a key of `length` bytes for each of CONTACT_KEYS by HKDF-SHA256 (RFC 5869)."""
    return [_derive(secret, f"{purpose} {part}", length) for secret in settings.CONTACT_KEYS]


def _parts(ciphertext: bytes | memoryview) -> tuple[bytes, bytes, bytes]:
    kept = bytes(ciphertext)
    head = len(FORMAT) + NAME_BYTES
    if not kept.startswith(FORMAT) or len(kept) < head + NONCE_BYTES:
        raise Undecryptable("This is no ciphertext of ours.")
    return kept[1:head], kept[head : head + NONCE_BYTES], kept[head + NONCE_BYTES :]


def _ciphers(purpose: str) -> list[tuple[bytes, AESGCM]]:
    names = derived_keys(purpose, "name", NAME_BYTES)
    keys = derived_keys(purpose, "encryption", 32)
    return [(name, AESGCM(key)) for name, key in zip(names, keys, strict=True)]


@lru_cache(maxsize=64)
def _derive(secret: str, info: str, length: int) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=length, salt=None, info=info.encode())
    return hkdf.derive(secret.encode())
