"""The customers' pages."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from guidance.core.admin import ReadOnlyAdmin
from guidance.core.ids import parse_key
from guidance.customers.hooks import panels
from guidance.customers.models import Consent, ContactPoint, Customer


class CustomerInline(TabularInline):
    """Rows of one customer, for everybody who may see the customer."""

    extra = 0
    can_delete = False
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("customers.view_customer")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class ConsentInline(CustomerInline):
    """What the shopper allowed and refused, newest first."""

    model = Consent
    fields = ["channel", "purpose", "is_granted", "at", "source"]


class ContactPointInline(CustomerInline):
    """The channels on which the shopper can be reached; the addresses stay encrypted."""

    model = ContactPoint
    fields = ["channel"]
    verbose_name_plural = _("contact points (addresses are encrypted and never shown)")


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    """Shoppers by pseudonym, with consent and what higher apps show about them."""

    list_display = [
        "ref",
        "is_known",
        "tier",
        "language",
        "country",
        "joined_at",
        "merged_into",
    ]
    list_filter = ["is_anonymous", "tier", "language"]
    list_select_related = ["merged_into"]
    search_fields = ["ref__startswith"]
    search_help_text = _("The beginning of a pseudonym")
    fieldsets = [
        (None, {"fields": ["ref", "is_anonymous", "merged_into", "tier", "joined_at"]}),
        (_("Place"), {"fields": ["language", "country", "time_zone", "created_at"]}),
    ]
    inlines = [ConsentInline, ContactPointInline]
    change_form_template = "admin/customers/customer.html"

    @admin.display(description=_("known"), boolean=True, ordering="is_anonymous")
    def is_known(self, customer: Customer) -> bool:
        return not customer.is_anonymous

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        customer_id = parse_key(object_id)
        tables = [] if customer_id is None else _tables(request, customer_id)
        context = {**(extra_context or {}), "panels": tables}
        return super().change_view(request, object_id, form_url, context)


def _tables(request: HttpRequest, customer_id: int) -> list[dict[str, Any]]:
    """Return what each panel that this person may see shows about a customer."""
    return [
        {"title": panel.title, "columns": panel.columns, "rows": panel.rows(customer_id)}
        for panel in panels()
        if request.user.has_perm(panel.permission)
    ]
