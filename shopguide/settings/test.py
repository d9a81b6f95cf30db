"""The test run: the same house, fast hashing, everything it writes in a folder of its own."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("SHOPGUIDE_VAR", tempfile.mkdtemp(prefix="shopguide-test-"))

from shopguide.settings.base import *  # noqa: F403  the variable above must be set first

SECRET_KEY = "for tests alone, never served"  # noqa: S105  it guards nothing
CONTACT_KEYS = ["for tests alone, never stored"]
DEBUG = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
STATICFILES_DIRS = [Path(__file__).resolve().parents[2] / "static"]
