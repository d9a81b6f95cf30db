"""A shop on the internet: every secret comes from the environment, everything travels over TLS."""

import os

from shopguide.settings.base import *  # noqa: F403  the settings of this module are base's
from shopguide.settings.base import DATABASES

DEBUG = False
SECRET_KEY = os.environ["SECRET_KEY"]
# The first key encrypts, every key decrypts: put a new one in front to rotate.
CONTACT_KEYS = os.environ["CONTACT_KEYS"].split(",")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

if os.environ.get("DATABASE_POOL") and DATABASES["default"]["ENGINE"].endswith("postgresql"):
    # Web processes only: the pool breaks in workers, which fork.
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 8}
    DATABASES["default"]["CONN_MAX_AGE"] = 0
