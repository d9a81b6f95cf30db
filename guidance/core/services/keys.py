"""API keys: made once, shown once, stored as a hash."""

import hashlib
import secrets
from collections.abc import Sequence

from django.db import transaction

from guidance.core.models import ApiKey, User
from guidance.core.services.audit import record_audit


def hash_key(secret: str) -> str:
    """Return the SHA-256 under which a key is stored."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_api_key(
    *, name: str, scopes: Sequence[str], origins: Sequence[str] = (), actor: User | None = None
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which nobody can read again."""
    secret = f"sg_{secrets.token_urlsafe(32)}"
    key = ApiKey.objects.create(
        name=name,
        prefix=secret[:11],
        sha256=hash_key(secret),
        scopes=list(scopes),
        origins=list(origins),
    )
    record_audit(actor=actor, verb="create_api_key", target=key, details={"scopes": list(scopes)})
    return key, secret


@transaction.atomic
def switch_off_api_key(*, key: ApiKey, actor: User | None = None) -> None:
    """Refuse every later call with this key; its row stays, so that people can see whose it was."""
    key.is_active = False
    key.save(update_fields=["is_active"])
    record_audit(actor=actor, verb="switch_off_api_key", target=key)
