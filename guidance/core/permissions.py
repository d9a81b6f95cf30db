"""What an API key may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from guidance.core.models import ApiKey

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.views import APIView


class HasScope(BasePermission):
    """Lets a request through whose key holds the view's `scope`."""

    message = _("This API key lacks the scope that this call needs.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            raise NotAuthenticated(_("Send an API key: Authorization: Bearer <key>."))
        scope = getattr(view, "scope", None)
        return scope is not None and scope in request.auth.scopes


class FromServer(BasePermission):
    """Refuses a key meant for browsers: its holder could ask in anybody's name."""

    message = _("This call is for the shop's server: its key must not be bound to origins.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.auth, ApiKey) and not request.auth.origins


def key_of(request: Request) -> ApiKey:
    """Return the key of a call that `HasScope` let through."""
    assert isinstance(request.auth, ApiKey)
    return request.auth
