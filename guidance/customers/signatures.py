"""The word of the shop's server that an anonymous visitor is a customer of its own.

The server signs with the secret of one of its API keys, which must have the scope `write`. Here
only the SHA-256 of a secret is kept, so that is what both sides key the signature with:

    key       = sha256(secret) as 64 hexadecimal digits, in ASCII
    message   = anonymous + "\\n" + customer + "\\n" + expires   (UTF-8; expires in Unix seconds)
    signature = HMAC-SHA256(key, message) as hexadecimal digits

Pseudonyms hold no control characters, so no other three values give the same message.
"""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.utils.translation import gettext as _

from guidance.core.models import ApiKey
from guidance.core.rows import Refused
from guidance.customers.rows import IdentifyRow

# A page that was signed for may stay open so long.
LONGEST_VALIDITY = timedelta(hours=24)


def sign(*, sha256_of_secret: str, anonymous: str, customer: str, expires: int) -> str:
    """Return the signature that a server makes; it hashes its secret itself."""
    message = f"{anonymous}\n{customer}\n{expires}"
    return hmac.new(sha256_of_secret.encode(), message.encode(), sha256).hexdigest()


def check_signature(row: IdentifyRow, caller: ApiKey, now: datetime) -> None:
    """Refuse an identity that no server of the shop vouches for, or not any more."""
    if row.expires <= now.timestamp():
        raise Refused("expired", _("expires: lies in the past; ask the shop's server again."))
    if row.expires > (now + LONGEST_VALIDITY).timestamp():
        raise Refused("out_of_range", _("expires: is more than a day ahead."))
    if not any(_is_signed_by(key, row) for key in _signers(row, caller)):
        raise Refused(
            "bad_signature",
            _("signature: does not fit; it must be made with a key of the scope write."),
        )


def _signers(row: IdentifyRow, caller: ApiKey) -> list[ApiKey]:
    keys = [caller]
    if row.key is not None:
        keys = list(ApiKey.objects.filter(prefix=row.key, is_active=True))
    return [key for key in keys if ApiKey.Scope.WRITE in key.scopes]


def _is_signed_by(key: ApiKey, row: IdentifyRow) -> bool:
    expected = sign(
        sha256_of_secret=key.sha256,
        anonymous=row.anonymous,
        customer=row.customer,
        expires=row.expires,
    )
    return hmac.compare_digest(expected, row.signature)
