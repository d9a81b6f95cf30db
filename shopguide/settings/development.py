"""A machine of one's own: a demo, a laptop. Secrets are made once and kept under `var/`."""

import os
import secrets

from shopguide.settings.base import *  # noqa: F403  the settings of this module are base's
from shopguide.settings.base import STATIC_ROOT, VAR_DIR

DEBUG = os.environ.get("DEBUG", "") == "1"
VAR_DIR.mkdir(parents=True, exist_ok=True)


def _kept_secret(name: str) -> str:
    path = VAR_DIR / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = os.environ.get("SECRET_KEY") or _kept_secret("secret_key")
CONTACT_KEYS = [os.environ.get("CONTACT_KEYS") or _kept_secret("contact_key")]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATIC_ROOT.mkdir(exist_ok=True)
