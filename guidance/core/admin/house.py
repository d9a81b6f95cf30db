"""Markets; rows of libraries that nobody here needs are left out."""

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest

from guidance.core.admin.base import AuditedAdmin
from guidance.core.models import Market
from guidance.core.services.markets import save_market

for unused in (AccessAttempt, AccessFailureLog, AccessLog):
    admin.site.unregister(unused)


@admin.register(Market)
class MarketAdmin(AuditedAdmin):
    list_display = ["name", "key", "language", "currency", "time_zone", "rule_pack", "is_default"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Keep a stored key as it is: copy, rules and storefronts name the market by it."""
        return [*super().get_readonly_fields(request, obj), *(["key"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Market, form: ModelForm, change: bool) -> None:
        save_market(market=obj)
