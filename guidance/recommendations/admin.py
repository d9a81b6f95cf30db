"""The surfaces' page, and the preview of what a shopper would get."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path

from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.recommendations import admin_rules
from guidance.recommendations.health import admin as health
from guidance.recommendations.models import Surface
from guidance.recommendations.preview import preview_page
from guidance.recommendations.services import save_surface

__all__ = ["SurfaceAdmin", "admin_rules", "health"]


@admin.register(Surface)
class SurfaceAdmin(GuidanceModelAdmin):
    list_display = [
        *("name", "key", "policy", "limit"),
        *("allow_already_bought", "deadline_ms", "is_active"),
    ]
    list_filter = ["policy", "is_active"]
    search_fields = ["key", "name"]
    change_form_outer_before_template = "admin/recommendations/surface/preview_link.html"
    preview_template = "admin/recommendations/surface/preview.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Surface | None = None) -> list[str]:
        """Storefronts know a surface by its key."""
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Surface, form: forms.ModelForm, change: bool
    ) -> None:
        save_surface(surface=obj, changed=form.changed_data, actor=acting_person(request))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Say what does not fit where somebody else changed the surface meanwhile."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect(request.get_full_path())

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview)
        own = [path("<int:pk>/preview/", preview, name="recommendations_surface_preview")]
        return own + super().get_urls()

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a shopper would get now; nothing is logged."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        surface = get_object_or_404(Surface, pk=pk)
        may_see_customers = request.user.has_perm("customers.view_customer")
        context = preview_page(surface, request.GET, may_see_customers=may_see_customers)
        return admin_page(self, request, self.preview_template, **context)
