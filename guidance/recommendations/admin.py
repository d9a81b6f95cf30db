"""The surfaces' page."""

from django.contrib import admin

from guidance.core.admin import GuidanceModelAdmin
from guidance.recommendations.models import Surface


@admin.register(Surface)
class SurfaceAdmin(GuidanceModelAdmin):
    list_display = ["name", "key", "policy", "limit", "allow_already_bought", "is_active"]
