"""Markets and API keys; rows of libraries that nobody here needs are left out."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.http import HttpRequest

from guidance.core.admin.base import GuidanceModelAdmin
from guidance.core.models import ApiKey, Market

for unused in (AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(unused)


@admin.register(Market)
class MarketAdmin(GuidanceModelAdmin):
    list_display = ["name", "key", "language", "currency", "time_zone", "is_default"]


@admin.register(ApiKey)
class ApiKeyAdmin(GuidanceModelAdmin):
    list_display = ["name", "prefix", "is_active", "created_at"]
    readonly_fields = ["prefix", "created_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
