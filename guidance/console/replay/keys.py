"""The API key that a replay sends: given by the environment, or made for one run."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from guidance.core.models import ApiKey
from guidance.core.services.keys import create_api_key, switch_off_api_key

KEY_VARIABLE = "SHOPGUIDE_REPLAY_KEY"
SCOPES = [ApiKey.Scope.READ, ApiKey.Scope.EVENTS, ApiKey.Scope.REPLAY]


@contextmanager
def replay_key(name: str) -> Iterator[str]:
    """Yield a key's secret: the environment's, or that of a key switched off afterwards.

    A run that was killed leaves its key behind; the next one of the same `name` switches it off.
    """
    if secret := os.environ.get(KEY_VARIABLE):
        yield secret
        return
    _switch_off(name)
    _key, secret = create_api_key(name=name, scopes=SCOPES)
    try:
        yield secret
    finally:
        _switch_off(name)


def _switch_off(name: str) -> None:
    for key in ApiKey.objects.filter(name=name, is_active=True):
        switch_off_api_key(key=key)
