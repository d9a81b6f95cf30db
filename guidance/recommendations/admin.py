"""The surfaces' page, and the preview of what a shopper would get."""

import time
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from guidance.core.admin import GuidanceModelAdmin, acting_person
from guidance.recommendations.models import Surface
from guidance.recommendations.requests import REF_LENGTH, SKU_LENGTH
from guidance.recommendations.services import Asked, answer_surfaces, save_surface
from guidance.training.labels import policy_name


class PreviewForm(forms.Form):
    """Whose answer to look at."""

    customer = forms.CharField(
        label=_("Shopper's pseudonym"),
        max_length=REF_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Nothing: somebody who was never here."),
    )
    context_product = forms.CharField(
        label=_("SKU of the page's product"),
        max_length=SKU_LENGTH,
        required=False,
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(Surface)
class SurfaceAdmin(GuidanceModelAdmin):
    list_display = [
        *("name", "key", "policy", "limit"),
        *("allow_already_bought", "deadline_ms", "is_active"),
    ]
    list_filter = ["policy", "is_active"]
    search_fields = ["key", "name"]
    change_form_outer_before_template = "admin/recommendations/surface/preview_link.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Surface | None = None) -> list[str]:
        """Storefronts know a surface by its key."""
        return ["key"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Surface, form: forms.ModelForm, change: bool
    ) -> None:
        save_surface(surface=obj, changed=form.changed_data, actor=acting_person(request))

    def get_urls(self) -> list[URLPattern]:
        preview = self.admin_site.admin_view(self.preview)
        own = [path("<int:pk>/preview/", preview, name="recommendations_surface_preview")]
        return own + super().get_urls()

    def preview(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what a shopper would get now; nothing is logged."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        surface = get_object_or_404(Surface, pk=pk)
        form = PreviewForm(request.GET or None)
        asked = form.cleaned_data if form.is_valid() else {}
        shared = self.admin_site.each_context(request)
        context = {"opts": self.opts, "original": surface, "title": str(surface), "form": form}
        return TemplateResponse(
            request,
            "admin/recommendations/surface/preview.html",
            {**shared, **context, **preview_of(surface, **asked)},
        )


def preview_of(surface: Surface, customer: str = "", context_product: str = "") -> dict[str, Any]:
    """Return the answer that a storefront would get this moment, and how long it took."""
    started = time.perf_counter()
    asked = Asked(
        surfaces=[surface],
        at=timezone.now(),
        customer=customer,
        context_product=context_product,
        language=get_language() or "",
    )
    shopper, (answer,) = answer_surfaces(asked)
    return {
        "shopper": shopper,
        "answer": answer,
        "policy": policy_name(answer.policy),
        "milliseconds": 1000 * (time.perf_counter() - started),
    }
