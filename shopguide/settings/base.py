"""What every installation shares; `development`, `production` and `test` add their own."""

import os
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import dj_database_url
from django.utils.translation import gettext_lazy as _

from shopguide.settings.console import UNFOLD as UNFOLD
from shopguide.settings.database import tuned
from shopguide.settings.limits import amount, whole

BASE_DIR = Path(__file__).resolve().parents[2]
# Everything the running shop writes beside its database: model files, uploads, logs.
VAR_DIR = Path(os.environ.get("SHOPGUIDE_VAR", BASE_DIR / "var")).resolve()
MODEL_DIR = VAR_DIR / "models"
JOB_DIR = VAR_DIR / "jobs"

# Where the world reaches this installation, for links in messages to shoppers.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# A product's page in the shop, with {sku} and, to have its visits attributed, {decision}.
PRODUCT_URL = os.environ.get("PRODUCT_URL", "")

ALLOWED_HOSTS: list[str] = [
    h for h in os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if h
]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "shopguide.apps.ShopGuideAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "django_q",
    "axes",
    "csp",
    "anymail",
    "guidance.core",
    "guidance.training",
    "guidance.catalog",
    "guidance.customers",
    "guidance.behaviour",
    "guidance.decisions",
    "guidance.experiments",
    "guidance.content",
    "guidance.recommendations",
    "guidance.campaigns",
    "guidance.console",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "guidance.core.middleware.PersonLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "guidance.core.middleware.AdminScriptsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "shopguide.urls"
WSGI_APPLICATION = "shopguide.wsgi.application"
ASGI_APPLICATION = "shopguide.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": tuned(
        dj_database_url.config(default=f"sqlite:///{VAR_DIR / 'shopguide.sqlite3'}"),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared between processes: throttles and caches kept per process would each count for themselves.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "core_cache"},
    # django-q2 keeps its own statistics here; ShopGuide reads core's worker heartbeat instead.
    "worker": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_VERBOSE = False
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "shopguide" / "locale", BASE_DIR / "shopguide" / "locale_unfold"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("plotly", Path(str(files("plotly"))) / "package_data"),
]

DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["guidance.core.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["guidance.core.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["guidance.core.throttling.ApiKeyThrottle"],
    "DEFAULT_THROTTLE_RATES": {"api_key": int(os.environ.get("API_RATE", "6000"))},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "guidance.core.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "ShopGuide",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "What a storefront sends to and fetches from ShopGuide.",
    "WEBHOOKS": ["guidance.content.schemas.COPY_WEBHOOK"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
}

Q_CLUSTER = {
    "name": "shopguide",
    "orm": "default",
    "cache": "worker",
    "workers": int(os.environ.get("TASK_WORKERS", "2")),
    "timeout": 120,
    "retry": 180,
    "max_attempts": 5,
    "ack_failures": True,
    "catch_up": False,
    "poll": 0.5,
    "save_limit": 1000,
    "label": _("Background tasks"),
}
# Long work runs in a process of its own; so many at once on this machine.
JOB_SLOTS = int(os.environ.get("JOB_SLOTS", "1"))
# Threads a model may use. Two busy threads on two busy cores were ten times slower than one.
MODEL_THREADS = int(os.environ.get("MODEL_THREADS", "1"))
# Who writes drafts: "builtin", "openai" (any compatible server) or "transformers" (a model here).
LLM_URL = os.environ.get("LLM_URL", "")
LLM_MODEL = os.environ.get("LLM_MODEL", "")
LLM_API_KEY = os.environ.get("LLM_API_KEY", "")
LLM_PATH = os.environ.get("LLM_PATH", "")
WRITER_PROVIDER = os.environ.get("WRITER_PROVIDER") or (
    "openai" if LLM_URL else "transformers" if LLM_PATH else "builtin"
)
LLM_CONCURRENCY = int(os.environ.get("LLM_CONCURRENCY", "8"))
LLM_TIMEOUT = float(os.environ.get("LLM_TIMEOUT", "60"))
# Seconds that a page waits for a language model, all in all.
LLM_PAGE_TIMEOUT = float(os.environ.get("LLM_PAGE_TIMEOUT", "15"))
LLM_MAX_TOKENS = int(os.environ.get("LLM_MAX_TOKENS", "1000"))
# MiB of memory for a model here, beside the weights it maps; 0 does not bound it.
LLM_MEMORY_MIB = int(os.environ.get("LLM_MEMORY_MIB", "0"))
# What one day may cost, over all models, in tokens and in the money that prices are given in: for a
# million tokens read and written. An empty limit is none; of 0 no model is ever called.
LLM_DAILY_TOKENS = whole("LLM_DAILY_TOKENS", "5000000")
LLM_DAILY_MONEY = amount("LLM_DAILY_MONEY")
LLM_PRICE_PROMPT = amount("LLM_PRICE_PROMPT") or Decimal(0)
LLM_PRICE_COMPLETION = amount("LLM_PRICE_COMPLETION") or Decimal(0)
# A thread of each web process looks for another promoted model, stock and popularity, so that no
# request waits for them. Without it every request looks by itself.
SERVING_WATCHER = os.environ.get("SERVING_WATCHER", "1") == "1"

# Webhooks go to public addresses only; networks inside the house that they may reach as well, as
# 10.1.0.0/16, and a file of authorities to trust instead of the system's.
WEBHOOK_ALLOWED_NETWORKS = [
    network for network in os.environ.get("WEBHOOK_ALLOWED_NETWORKS", "").split(",") if network
]
WEBHOOK_CA_FILE = os.environ.get("WEBHOOK_CA_FILE") or None

# The admin's Alpine.js evaluates expressions and needs 'unsafe-eval'; a middleware grants it there.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", "https:"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'"],
        "font-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'self'"],
    }
}
X_FRAME_OPTIONS = "DENY"

# The longest, in seconds, between the moment that a row carries and the beginning of the
# transaction that writes it; reports as of a moment are of one that is so long past.
SETTLING_SECONDS = 2.0

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {"guidance": {"level": "INFO"}},
}

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("EMAIL_USE_TLS", "") == "1"
EMAIL_USE_SSL = os.environ.get("EMAIL_USE_SSL", "") == "1"
EMAIL_TIMEOUT = int(os.environ.get("EMAIL_TIMEOUT", "20"))
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "ShopGuide <shop@localhost>")
# Of django-anymail's backends, "anymail.backends.mailgun.EmailBackend": which provider it is.
MAIL_PROVIDER = EMAIL_BACKEND.split(".")[2] if EMAIL_BACKEND.startswith("anymail.backends.") else ""
# A provider's settings, as django-anymail names them: ANYMAIL_MAILGUN_API_KEY and so on. Its
# webhooks are served where ANYMAIL_WEBHOOK_SECRET is set ("user:password", given to the provider).
ANYMAIL = {
    name.removeprefix("ANYMAIL_"): value
    for name, value in os.environ.items()
    if name.startswith("ANYMAIL_")
}
