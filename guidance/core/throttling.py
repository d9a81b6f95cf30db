"""How often a key may call, counted over all processes without a write per call."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from django.core.cache import cache
from django.db import Error
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from guidance.core.models import ApiKey
from guidance.core.patience import impatient

if TYPE_CHECKING:  # rest_framework.views reads the settings that name this module
    from rest_framework.views import APIView

WINDOW_SECONDS = 60
# A process tells the others what it counted this often: a shared write per call would make every
# reading request a writing one. In between, processes may let through what the others counted.
SHARE_SECONDS = 1.0
# A busy database must not hold the call up; what was counted is told next time.
PATIENCE_MS = 50


@dataclass
class Count:
    """One key's calls in one window: what all processes told, and what this one has yet to."""

    window: int
    shared: int = 0
    untold: int = 0
    told_at: float = 0.0


class ApiKeyThrottle(BaseThrottle):
    """Limits the calls of an API key in each minute to the setting `API_RATE`."""

    rate = int(api_settings.DEFAULT_THROTTLE_RATES["api_key"] or 0)
    counts: ClassVar[dict[int, Count]] = {}

    def allow_request(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiKey):
            return True
        now = time.time()
        count = self._count(request.auth.pk, int(now // WINDOW_SECONDS))
        count.untold += 1
        if now - count.told_at >= SHARE_SECONDS:
            self._tell(request.auth.pk, count, now)
        return count.shared + count.untold <= self.rate

    def wait(self) -> float:
        """Return the seconds until the next window."""
        return WINDOW_SECONDS - time.time() % WINDOW_SECONDS

    def _count(self, key: int, window: int) -> Count:
        count = self.counts.get(key)
        if count is None or count.window != window:
            count = self.counts[key] = Count(window)
        return count

    def _tell(self, key: int, count: Count, now: float) -> None:
        name = f"calls:{key}:{count.window}"
        count.told_at = now
        try:
            with impatient(PATIENCE_MS):
                cache.add(name, 0, timeout=2 * WINDOW_SECONDS)
                count.shared = cache.incr(name, count.untold)
        except (Error, ValueError):
            return
        count.untold = 0
