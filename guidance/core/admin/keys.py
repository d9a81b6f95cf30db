"""API keys: made on a page that shows the secret once, switched off, never changed."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from guidance.core.admin.base import ReadOnlyAdmin, acting_person, admin_page
from guidance.core.models import ApiKey
from guidance.core.services.keys import create_api_key, switch_off_api_key
from guidance.core.validators import clean_origin


class ApiKeyForm(forms.Form):
    """What a new key is called, what it may do, and from which sites browsers may use it."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Who uses it: the storefront's server, its pages, an import."),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("It may"),
        choices=ApiKey.Scope.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    origins = forms.CharField(
        label=gettext_lazy("Origins"),
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy(
            "For browsers, one a line: https://shop.example. Empty for a key that servers use."
        ),
    )

    def clean_origins(self) -> list[str]:
        """Return the origins as browsers send them."""
        return [clean_origin(line) for line in self.cleaned_data["origins"].split()]


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "shown_prefix", "state", "may", "allowed_origins", "created_at"]
    fields = ["name", "shown_prefix", "state", "may", "allowed_origins", "created_at"]
    readonly_fields = fields
    change_form_outer_before_template = "admin/core/apikey/switch_off.html"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("core.add_apikey")

    @admin.display(description=gettext_lazy("begins with"))
    def shown_prefix(self, key: ApiKey) -> str:
        return f"{key.prefix}…"

    @display(description=gettext_lazy("state"), label={"active": "success", "off": "danger"})
    def state(self, key: ApiKey) -> tuple[str, str]:
        return ("active", _("active")) if key.is_active else ("off", _("switched off"))

    @admin.display(description=gettext_lazy("may"))
    def may(self, key: ApiKey) -> str:
        labels = dict(ApiKey.Scope.choices)
        return "; ".join(str(labels.get(scope, scope)) for scope in key.scopes) or "–"

    @admin.display(description=gettext_lazy("origins"))
    def allowed_origins(self, key: ApiKey) -> str:
        return ", ".join(key.origins) or _("servers only")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.switch_off_view)
        return [path("<int:pk>/switch-off/", view, name="core_apikey_off"), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ApiKeyForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            key, secret = create_api_key(**form.cleaned_data, actor=acting_person(request))
            return self._page(request, "created.html", key=key, secret=secret)
        return self._page(request, "add.html", form=form)

    def switch_off_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Refuse every later call with this key."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not request.user.has_perm("core.change_apikey"):
            raise PermissionDenied
        key = get_object_or_404(ApiKey, pk=pk)
        switch_off_api_key(key=key, actor=acting_person(request))
        messages.success(request, _("The key %(key)s is switched off.") % {"key": key})
        return redirect("admin:core_apikey_change", pk)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        named = f"admin/core/apikey/{template}"
        response = admin_page(self, request, named, title=_("New API key"), **context)
        add_never_cache_headers(response)
        return response
