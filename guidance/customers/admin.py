"""The customers' pages."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from guidance.core.admin import ReadOnlyAdmin, acting_person, admin_page
from guidance.core.ids import parse_key
from guidance.core.rows import Refused
from guidance.customers.hooks import panels
from guidance.customers.models import Consent, ContactPoint, Customer, Suppression
from guidance.customers.selectors import find_customer
from guidance.customers.services import (
    exclude_customers,
    lift_suppression,
    look_at_customer,
    suppress,
)
from guidance.customers.services.excluding import DESK
from guidance.customers.wording import CHANNELS, PURPOSES

EXCLUDES = "customers.exclude_customer"
LIFTS = "customers.lift_suppression"
REASON_COLOURS = {
    "complained": "danger",
    "unsubscribed": "warning",
    "by_hand": "info",
    "bounced": "danger",
}


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
    fields = ["channel", "purpose", "is_granted", "at", "source", "shown"]
    readonly_fields = ["shown"]

    @admin.display(description=_("proof"))
    def shown(self, consent: Consent) -> str:
        told = (consent.proof.get(name) for name in ("text", "version", "where", "by"))
        return " · ".join(part for part in told if part) or "–"


class ContactPointInline(CustomerInline):
    """The channels on which the shopper can be reached; the addresses stay encrypted."""

    model = ContactPoint
    fields = ["channel"]
    verbose_name_plural = _("contact points (addresses are encrypted and never shown)")


class SuppressionInline(CustomerInline):
    """Where the shopper is written to no more, and what was lifted again."""

    model = Suppression
    fields = ["channel", "purpose", "reason", "at", "source", "lifted_at", "lift_reason"]


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
        "excluded_as",
        "merged_into",
    ]
    list_filter = ["is_anonymous", "excluded_as", "tier", "language"]
    list_select_related = ["merged_into"]
    search_fields = ["ref__startswith"]
    search_help_text = _("The beginning of a pseudonym")
    fieldsets = [
        (None, {"fields": ["ref", "is_anonymous", "merged_into", "tier", "joined_at"]}),
        (_("Place"), {"fields": ["language", "country", "time_zone", "created_at"]}),
        (_("Figures"), {"fields": ["excluded_as", "excluded_source", "excluded_at"]}),
    ]
    inlines = [ConsentInline, SuppressionInline, ContactPointInline]
    change_form_template = "admin/customers/customer.html"
    change_form_outer_before_template = "admin/customers/exclude.html"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.exclude_view))
        name = "customers_customer_exclude"
        return [path("<int:pk>/exclude/", view, name=name), *super().get_urls()]

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
        excluded_as = [("", gettext("a shopper, who counts")), *Customer.ExcludedAs.choices]
        context = {**(extra_context or {}), "panels": tables, "excluded_as": excluded_as}
        page = super().change_view(request, object_id, form_url, context)
        if customer_id is not None:
            look_at_customer(customer_id=customer_id, actor=acting_person(request))
        return page

    def exclude_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Leave the shopper out of experiments' figures, or count them again."""
        if not request.user.has_perm(EXCLUDES):
            raise PermissionDenied
        customer = get_object_or_404(Customer, pk=pk)
        told = request.POST.get("excluded_as", "")
        if told not in {"", *Customer.ExcludedAs.values}:
            messages.error(request, gettext("Choose what the shopper counts as."))
        else:
            exclude_customers(
                customer_ids=[customer.pk],
                excluded_as=told,
                source=DESK,
                actor=acting_person(request),
            )
            messages.success(request, gettext("Experiments' figures follow within minutes."))
        return redirect("admin:customers_customer_change", customer.pk)


def _tables(request: HttpRequest, customer_id: int) -> list[dict[str, Any]]:
    """Return what each panel that this person may see shows about a customer."""
    return [
        {"title": panel.title, "columns": panel.columns, "rows": panel.rows(customer_id)}
        for panel in panels()
        if request.user.has_perm(panel.permission)
    ]


class SuppressionForm(forms.Form):
    """Whom a person wants written to no more, where and why."""

    customer = forms.CharField(
        label=_("Pseudonym"), max_length=100, widget=UnfoldAdminTextInputWidget
    )
    channel = forms.ChoiceField(
        label=_("Channel"), choices=list(CHANNELS.items()), widget=UnfoldAdminSelectWidget
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[("", _("every purpose")), *PURPOSES.items()],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    note = forms.CharField(label=_("Why"), max_length=300, widget=UnfoldAdminTextInputWidget)

    def clean_customer(self) -> Customer:
        found = find_customer(self.cleaned_data["customer"].strip())
        if found is None:
            raise forms.ValidationError(gettext("No shopper goes by this pseudonym."))
        return found


@admin.register(Suppression)
class SuppressionAdmin(ReadOnlyAdmin):
    """Who is written to no more: by pseudonym, never by address."""

    list_display = ["who", "channel", "purpose_label", "reason_label", "at", "source", "is_active"]
    list_display_links = ["who"]
    list_filter = ["reason", "channel", ("lifted_at", admin.EmptyFieldListFilter)]
    list_select_related = ["customer"]
    search_fields = ["customer__ref__startswith"]
    search_help_text = _("The beginning of a pseudonym")
    fields = ["customer", "channel", "purpose_label", "reason", "at", "source", "note", "delivery",
              "lifted_at", "lifted_by", "lift_reason"]  # fmt: skip
    readonly_fields = ["purpose_label"]
    change_form_outer_before_template = "admin/customers/suppression/lift.html"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("customers.add_suppression")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.lift_view))
        name = "customers_suppression_lift"
        return [path("<int:pk>/lift/", view, name=name), *super().get_urls()]

    @admin.display(description=_("customer"), ordering="customer__ref")
    def who(self, suppression: Suppression) -> str:
        known = suppression.customer
        return known.ref if known else gettext("an address of nobody known")

    @admin.display(description=_("purpose"), ordering="purpose")
    def purpose_label(self, suppression: Suppression) -> str:
        return suppression.purpose or gettext("every purpose")

    @display(description=_("reason"), label=REASON_COLOURS)
    def reason_label(self, suppression: Suppression) -> tuple[str, str]:
        return suppression.reason, suppression.get_reason_display()

    @admin.display(description=_("in force"), boolean=True)
    def is_active(self, suppression: Suppression) -> bool:
        return suppression.lifted_at is None

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = SuppressionForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            row = suppress(
                channel=told["channel"],
                purpose=told["purpose"],
                reason=Suppression.Reason.BY_HAND,
                source="desk",
                customer_id=told["customer"].pk,
                note=told["note"],
                actor=acting_person(request),
            ).suppression
            messages.success(request, gettext("Nothing is sent there any more."))
            return redirect("admin:customers_suppression_change", row.pk)
        named = "admin/customers/suppression/add.html"
        return admin_page(self, request, named, title=gettext("Write no more"), form=form)

    def lift_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let messages go there again, for the reason that the person gives."""
        if not request.user.has_perm(LIFTS):
            raise PermissionDenied
        row = get_object_or_404(Suppression, pk=pk)
        try:
            lift_suppression(
                suppression_id=row.pk,
                reason=request.POST.get("reason", ""),
                actor=acting_person(request),
            )
            messages.success(request, gettext("Messages may go there again."))
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("admin:customers_suppression_change", row.pk)
