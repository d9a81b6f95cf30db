"""The events' pages, and the rollups that the dashboard reads."""

from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter, RangeDateTimeFilter

from guidance.behaviour.analysis import admin as analysis
from guidance.behaviour.models import DayRollup, Event, ProductDayRollup, SearchDayRollup
from guidance.catalog.models import Product
from guidance.core.admin import ReadOnlyAdmin
from guidance.customers.models import Customer

__all__ = ["EventAdmin", "analysis"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What shoppers did, newest first."""

    list_display = [
        "occurred_at",
        "kind",
        "customer",
        "product",
        "text_begins",
        "quantity",
        "price",
        "currency",
        "rating",
        "source",
    ]
    list_filter = ["kind", "source", ("occurred_at", RangeDateTimeFilter)]
    list_filter_submit = True
    list_select_related = ["customer", "product"]
    search_fields = ["customer__ref"]
    search_help_text = _("A whole pseudonym, SKU, event id or decision id")
    fieldsets = [
        (None, {"fields": ["id", "kind", "customer", "product", "occurred_at", "source"]}),
        (
            _("What"),
            {
                "fields": [
                    "text",
                    "rating",
                    "result_count",
                    "quantity",
                    "price",
                    "currency",
                    "coupon",
                ]
            },
        ),
        (_("Where"), {"fields": ["session", "basket", "decision", "position"]}),
        (_("Times"), {"fields": ["received_at", "original_time"]}),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        """Match whole values along indexes: the table holds every event there ever was."""
        return (queryset.filter(_matching(search_term.strip())) if search_term else queryset), False

    @admin.display(description=_("words"))
    def text_begins(self, event: Event) -> str:
        return event.text[:60]


def _matching(term: str) -> Q:
    try:
        event_or_decision = UUID(term)
    except ValueError:
        customers = Customer.objects.filter(ref=term).values("pk")
        products = Product.objects.filter(sku=term).values("pk")
        return Q(customer__in=customers) | Q(product__in=products)
    return Q(pk=event_or_decision) | Q(decision=event_or_decision)


class RollupAdmin(ReadOnlyAdmin):
    """Counts by day, made from the events."""

    list_filter = ["source", ("day", RangeDateFilter)]
    list_filter_submit = True


@admin.register(DayRollup)
class DayRollupAdmin(RollupAdmin):
    list_display = ["day", "source", "kind", "events", "customers", "baskets", "value"]
    list_filter = ["kind", *RollupAdmin.list_filter]
    ordering = ["-day", "source", "kind"]


@admin.register(ProductDayRollup)
class ProductDayRollupAdmin(RollupAdmin):
    list_display = ["day", "source", "product", "views", "carts", "purchases", "quantity", "value"]
    list_select_related = ["product"]
    search_fields = ["product__sku"]
    ordering = ["-day", "-value"]


@admin.register(SearchDayRollup)
class SearchDayRollupAdmin(RollupAdmin):
    list_display = ["day", "source", "phrase", "searches", "without_results"]
    search_fields = ["phrase"]
    ordering = ["-day", "-searches"]
