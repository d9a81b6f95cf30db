"""The customers' pages."""

from django.contrib import admin

from guidance.core.admin import ReadOnlyAdmin
from guidance.customers.models import Customer


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["ref", "is_anonymous", "tier", "language", "country", "joined_at"]
    list_filter = ["is_anonymous", "tier", "language"]
    search_fields = ["ref"]
