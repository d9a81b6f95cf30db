"""What the list of alerts can be narrowed to."""

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class StateFilter(SimpleListFilter):
    """Whether an alert waits, was looked into, or is over; the dashboard links to those waiting."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("waits for somebody")),
            ("open", _("open")),
            ("closed", _("back to normal")),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet:
        if self.value() == "closed":
            return queryset.exclude(resolved_at=None)
        if self.value() == "open":
            return queryset.open()
        if self.value() == "waiting":
            return queryset.waiting()
        return queryset
