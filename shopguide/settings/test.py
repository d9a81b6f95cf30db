"""The test run: the same house, fast hashing, everything it writes in a folder of its own."""

import os
import tempfile

os.environ.setdefault("SHOPGUIDE_VAR", tempfile.mkdtemp(prefix="shopguide-test-"))

from shopguide.settings.base import *  # noqa: F403  the variable above must be set first
from shopguide.settings.base import DATABASES, STATIC_ROOT, VAR_DIR

SECRET_KEY = "for tests alone, never served"  # noqa: S105  it guards nothing
CONTACT_KEYS = ["for tests alone, never stored"]
MAIL_PROVIDER = "postmark"
ANYMAIL = {"WEBHOOK_SECRET": "provider:for tests alone"}
DEBUG = False
SERVING_WATCHER = False
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
SETTLING_SECONDS = 0
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
# A file, as in production: a live server's threads share it as real processes do.
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
DATABASES["default"]["CONN_MAX_AGE"] = 0
STATIC_ROOT.mkdir(exist_ok=True)
