"""The demo's people: one login each, with generated passwords kept in an ignored file."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

from guidance.core.models import User
from guidance.core.roles import Role
from guidance.core.services import create_api_key, create_person

PEOPLE = {
    "mia": Role.MERCHANDISER,
    "max": Role.MERCHANDISER,
    "mara": Role.MARKETER,
    "ana": Role.ANALYST,
    "ada": Role.ADMINISTRATOR,
}
API_KEYS = {"storefront": ["read", "events", "write"], "replay": ["read", "events", "replay"]}


def secrets_file() -> Path:
    """Where the demo's passwords and API keys are kept, readable by its owner alone."""
    path: Path = settings.VAR_DIR / "logins.json"
    return path


def ensure_people() -> dict[str, Any]:
    """Make whoever is missing and return `{"people": {...}, "keys": {...}}` with the secrets."""
    path = secrets_file()
    kept = json.loads(path.read_text()) if path.exists() else {"people": {}, "keys": {}}
    for username, role in PEOPLE.items():
        known = User.objects.filter(username=username).exists()
        if not known or username not in kept["people"]:
            kept["people"][username] = secrets.token_urlsafe(9)
            create_person(username=username, password=kept["people"][username], role=role)
    for name, scopes in API_KEYS.items():
        if name not in kept["keys"]:
            _key, kept["keys"][name] = create_api_key(name=f"demo {name}", scopes=scopes)
    path.touch(mode=0o600)
    path.write_text(json.dumps(kept, indent=2))
    return kept
