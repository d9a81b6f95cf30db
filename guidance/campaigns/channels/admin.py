"""The endpoint of the shop's own sender: made with a secret shown once, changed, switched off."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from guidance.campaigns.channels.endpoints import (
    create_push_endpoint,
    rotate_push_secret,
    save_push_endpoint,
)
from guidance.campaigns.models import InboxMessage, PushEndpoint
from guidance.core.admin import GuidanceModelAdmin, ReadOnlyAdmin, acting_person, admin_page

CHANGES = "campaigns.change_pushendpoint"


class EndpointForm(forms.ModelForm):
    """What the endpoint is called, where it is, and whether it is the one in use."""

    class Meta:
        model = PushEndpoint
        fields = ["name", "url", "is_active"]
        widgets = {
            "name": UnfoldAdminTextInputWidget,
            "url": UnfoldAdminTextInputWidget,
            "is_active": UnfoldBooleanSwitchWidget,
        }


class NewEndpointForm(EndpointForm):
    """A new endpoint is in use at once."""

    class Meta(EndpointForm.Meta):
        fields = ["name", "url"]


@admin.register(PushEndpoint)
class PushEndpointAdmin(GuidanceModelAdmin):
    form = EndpointForm
    list_display = ["name", "url", "state", "created_at"]
    fields = ["name", "url", "is_active"]
    change_form_outer_before_template = "admin/campaigns/pushendpoint/actions.html"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description=gettext_lazy("state"), label={"active": "success", "off": "danger"})
    def state(self, endpoint: PushEndpoint) -> tuple[str, str]:
        return ("active", _("active")) if endpoint.is_active else ("off", _("switched off"))

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.rotate_view))
        name = "campaigns_pushendpoint_rotate"
        return [path("<uuid:pk>/rotate/", view, name=name), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = NewEndpointForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                endpoint, secret = create_push_endpoint(
                    **form.cleaned_data, actor=acting_person(request)
                )
                return self._secret_page(request, endpoint, secret)
            except ValidationError as error:
                form.add_error(None, error.messages)
        named = "admin/campaigns/pushendpoint/add.html"
        return admin_page(self, request, named, title=_("New message endpoint"), form=form)

    def save_model(
        self, request: HttpRequest, obj: PushEndpoint, form: forms.ModelForm, change: bool
    ) -> None:
        save_push_endpoint(endpoint=obj, changed=form.changed_data, actor=acting_person(request))

    def rotate_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Replace the signing secret and show the new one, this once."""
        if not request.user.has_perm(CHANGES):
            raise PermissionDenied
        endpoint = get_object_or_404(PushEndpoint, pk=pk)
        secret = rotate_push_secret(endpoint=endpoint, actor=acting_person(request))
        endpoint.refresh_from_db()
        return self._secret_page(request, endpoint, secret)

    def _secret_page(
        self, request: HttpRequest, endpoint: PushEndpoint, secret: str
    ) -> HttpResponse:
        named = "admin/campaigns/pushendpoint/secret.html"
        title = _("Signing secret")
        page = admin_page(self, request, named, title=title, endpoint=endpoint, secret=secret)
        add_never_cache_headers(page)
        return page


@admin.register(InboxMessage)
class InboxMessageAdmin(ReadOnlyAdmin):
    """What lies in the shoppers' inboxes, and what they read."""

    list_display = ["created_at", "customer", "subject", "language", "read_at"]
    list_filter = [("read_at", admin.EmptyFieldListFilter), "language"]
    list_select_related = ["customer"]
    search_fields = ["customer__ref__startswith"]
    search_help_text = gettext_lazy("The beginning of a pseudonym")
    fields = ["customer", "subject", "body", "data", "language", "created_at", "read_at",
              "delivery"]  # fmt: skip
