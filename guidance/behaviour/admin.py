"""The events' page."""

from django.contrib import admin

from guidance.behaviour.models import Event
from guidance.core.admin import ReadOnlyAdmin


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "kind", "customer", "product", "quantity", "price", "source"]
    list_filter = ["kind", "source"]
    list_select_related = ["customer", "product"]
    search_fields = ["=id", "=customer__ref", "=product__sku"]
