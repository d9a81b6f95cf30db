"""Channels' pace and the frequency caps."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from guidance.campaigns.models import ChannelLimit, FrequencyCap
from guidance.core.admin.base import AuditedAdmin


@admin.register(ChannelLimit)
class ChannelLimitAdmin(AuditedAdmin):
    """How fast each channel and provider sends, and its switch."""

    list_display = ["channel", "provider", "per_second", "is_stopped", "paused_until"]
    fields = ["channel", "provider", "per_second", "is_stopped", "paused_until"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["paused_until", *(["channel", "provider"] if obj else [])]


@admin.register(FrequencyCap)
class FrequencyCapAdmin(AuditedAdmin):
    """How often one shopper may be spoken to, over all campaigns."""

    list_display = ["__str__", "channel", "most", "days"]
    fields = ["channel", "most", "days"]
