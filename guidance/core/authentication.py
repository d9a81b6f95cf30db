"""Who calls the API: a key in `Authorization: Bearer …` or `X-API-Key`."""

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from guidance.core.compiled import CompiledQuery, Parameter, as_object
from guidance.core.models import ApiKey
from guidance.core.services.keys import hash_key

KEY_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
_active_key = CompiledQuery(
    lambda: (
        ApiKey.objects.filter(sha256=Parameter("sha256"), is_active=True)
        .order_by()
        .values_list(*KEY_FIELDS)
    )
)


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticates a request by its API key; a browser's origin must be one the key allows."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        secret = _secret(request)
        if not secret:
            return None
        found = _active_key.rows(sha256=hash_key(secret))
        if not found:
            raise AuthenticationFailed(_("This API key is unknown or switched off."))
        key = as_object(ApiKey, KEY_FIELDS, found[0])
        _check_origin(request.headers.get("Origin"), key.origins)
        return None, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _check_origin(origin: str | None, allowed: list[str]) -> None:
    """A key for servers is refused to every page, a key for pages to whatever names none."""
    if allowed and not origin:
        raise AuthenticationFailed(_("This API key is for browsers: its calls name their origin."))
    if origin and origin not in allowed:
        raise AuthenticationFailed(_("This API key is not allowed from this origin."))


def _secret(request: Request) -> str:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return request.headers.get("X-API-Key", "").strip()
