"""How often a key may call: shared between processes through the default cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from guidance.core.models import ApiKey

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.views import APIView


class ApiKeyThrottle(SimpleRateThrottle):
    """Limits calls per API key at the rate of the setting `API_RATE`."""

    scope = "api_key"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if not isinstance(request.auth, ApiKey):
            return None
        return f"throttle:{request.auth.pk}"
