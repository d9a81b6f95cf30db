"""The decision log's page."""

from django.contrib import admin

from guidance.core.admin import ReadOnlyAdmin
from guidance.decisions.models import Decision


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ["at", "customer", "surface", "policy", "fallback_from", "arm", "source"]
    list_filter = ["surface", "policy", "source"]
    list_select_related = ["customer"]
    search_fields = ["=id", "=customer__ref"]
