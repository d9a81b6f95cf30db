"""Where the mail provider in use tells of bounces, complaints, unsubscriptions, opens and clicks.

None where there is no secret: without one, anybody could tell of bounces that never were.
"""

from anymail.urls import urlpatterns as known
from django.conf import settings
from django.urls import URLPattern

_names = {f"{settings.MAIL_PROVIDER}_tracking_webhook", f"{settings.MAIL_PROVIDER}_webhook"}
urlpatterns: list[URLPattern] = [
    pattern
    for pattern in known
    if settings.ANYMAIL.get("WEBHOOK_SECRET") and pattern.name in _names
]
