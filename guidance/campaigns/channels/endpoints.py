"""The endpoint of the shop's own sender: made with a secret shown once, changed, switched."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from guidance.campaigns.models.endpoints import PushEndpoint
from guidance.content.webhooks.addresses import split_url
from guidance.content.webhooks.signing import new_secret
from guidance.core.models import User
from guidance.core.sealing import Sealer
from guidance.core.services import record_audit

# How long the receiver may go on with the secret that was replaced.
OVERLAP = timedelta(hours=24)
_sealer = Sealer("push endpoint")


@transaction.atomic
def create_push_endpoint(*, name: str, url: str, actor: User | None) -> tuple[PushEndpoint, str]:
    """Make an endpoint and return it with its signing secret, which nobody can read again.

    Raises ValidationError for a bad address, and where another endpoint is in use.
    """
    endpoint, secret = PushEndpoint(name=name, url=url), new_secret()
    endpoint.secret = _sealer.seal(secret, bound_to=str(endpoint.pk))
    endpoint.full_clean()
    endpoint.save(force_insert=True)
    # An address may hold a token: the trail names the host alone.
    details = {"host": split_url(url)[0]}
    record_audit(actor=actor, verb="create_push_endpoint", target=endpoint, details=details)
    return endpoint, secret


@transaction.atomic
def save_push_endpoint(
    *, endpoint: PushEndpoint, changed: Sequence[str], actor: User | None
) -> None:
    """Write an endpoint's changed name, address or whether it is in use."""
    endpoint.save(update_fields=list(changed))
    details = {"host": split_url(endpoint.url)[0], "changed": list(changed)}
    record_audit(actor=actor, verb="update_push_endpoint", target=endpoint, details=details)


def retire_push_endpoint(*, endpoint: PushEndpoint) -> None:
    """Switch an endpoint off whose receiver says that it is gone for good."""
    endpoint.is_active = False
    save_push_endpoint(endpoint=endpoint, changed=["is_active"], actor=None)


@transaction.atomic
def rotate_push_secret(*, endpoint: PushEndpoint, actor: User | None) -> str:
    """Replace the signing secret and return the new one; for 24 hours both sign."""
    locked = PushEndpoint.objects.select_for_update().get(pk=endpoint.pk)
    secret = new_secret()
    locked.previous_secret, locked.previous_until = locked.secret, timezone.now() + OVERLAP
    locked.secret = _sealer.seal(secret, bound_to=str(locked.pk))
    locked.save(update_fields=["secret", "previous_secret", "previous_until"])
    record_audit(actor=actor, verb="rotate_push_secret", target=locked)
    return secret


def secrets_of(endpoint: PushEndpoint) -> list[str]:
    """Return the secrets to sign with, the current one first; raises Undecryptable."""
    sealed = [endpoint.secret]
    until = endpoint.previous_until
    if endpoint.previous_secret is not None and until is not None and until > timezone.now():
        sealed.append(endpoint.previous_secret)
    return [_sealer.open(one, bound_to=str(endpoint.pk)) for one in sealed]


def reseal_push_secrets() -> int:
    """Encrypt anew, under the first of CONTACT_KEYS, what another key encrypted; return how many.

    A secret that was replaced and is past its time is forgotten.
    """
    count = 0
    for key in list(PushEndpoint.objects.values_list("pk", flat=True)):
        with transaction.atomic():
            endpoint = PushEndpoint.objects.select_for_update().get(pk=key)
            kept = [one for one in (endpoint.secret, endpoint.previous_secret) if one is not None]
            if all(_sealer.is_current(one) for one in kept):
                continue
            sealed = [_sealer.seal(one, bound_to=str(key)) for one in secrets_of(endpoint)]
            endpoint.secret = sealed[0]
            endpoint.previous_secret = sealed[1] if len(sealed) > 1 else None
            endpoint.save(update_fields=["secret", "previous_secret"])
            record_audit(actor=None, verb="reseal_push_secret", target=endpoint)
            count += 1
    return count
