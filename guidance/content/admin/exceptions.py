"""Signed exceptions: read and revoked here, signed from a finding on a draft's page."""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.admin.page import draft_url
from guidance.content.models import Draft, SignedException
from guidance.content.services.exceptions import (
    LEAST_JUSTIFICATION,
    LONGEST_JUSTIFICATION,
    sign_exception,
)
from guidance.content.services.planning import REAPPROVE_WITHIN
from guidance.content.services.refusals import Refused
from guidance.content.services.revoking import revoke_exception
from guidance.core.admin import ReadOnlyAdmin, acting_person


class SignForm(forms.Form):
    """What a signature sends: the draft as it was seen, the finding, and why it may stand."""

    draft_id = forms.UUIDField()
    version = forms.IntegerField(min_value=1)
    rule = forms.CharField(max_length=80)
    words = forms.CharField(max_length=300, strip=False)
    justification = forms.CharField(max_length=LONGEST_JUSTIFICATION)


@admin.register(SignedException)
class SignedExceptionAdmin(ReadOnlyAdmin):
    list_display = ["product", "span_text", "rule", "justification", "signed_by", "signed_at",
                    "state"]  # fmt: skip
    list_filter = ["rule", ("revoked_at", admin.EmptyFieldListFilter)]
    list_select_related = ["draft__product", "signed_by"]
    search_fields = ["span_text", "justification", "draft__product__title"]
    fields = ["draft", "span_text", "rule", "justification", "signed_by", "signed_at",
              "revoked_by", "revoked_at", "revoked_because"]  # fmt: skip
    change_form_template = "admin/content/signedexception/change_form.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_urls(self) -> list[URLPattern]:
        sign, revoke = (
            self.admin_site.admin_view(require_POST(view))
            for view in (self.sign_view, self.revoke_view)
        )
        return [
            path("sign/", sign, name="content_signedexception_sign"),
            path("<uuid:pk>/revoke/", revoke, name="content_signedexception_revoke"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        may = request.user.has_perm("content.sign_exception")
        context |= {
            "may_revoke": may and kwargs["obj"].revoked_at is None,
            "days": REAPPROVE_WITHIN.days,
            "most": LONGEST_JUSTIFICATION,
            "least": LEAST_JUSTIFICATION,
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def revoke_view(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """End an exception; its texts are held to the rule again."""
        if not request.user.has_perm("content.sign_exception"):
            raise PermissionDenied
        get_object_or_404(SignedException, pk=pk)
        try:
            revoke_exception(
                exception_id=pk,
                reason=request.POST.get("reason", ""),
                actor=acting_person(request),
            )
            messages.success(request, _("Revoked: the rule holds for this text again."))
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:content_signedexception_change", args=[pk]))

    def sign_view(self, request: HttpRequest) -> HttpResponse:
        """Sign for a finding, and go back to its draft."""
        if not request.user.has_perm("content.sign_exception"):
            raise PermissionDenied
        form = SignForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Say in a sentence why these words are allowed here."))
            return HttpResponseRedirect(reverse("admin:content_draft_changelist"))
        try:
            sign_exception(**form.cleaned_data, actor=acting_person(request))
            messages.success(request, _("Signed: the draft says by whom and why."))
        except (Refused, Draft.DoesNotExist) as refused:
            messages.error(request, str(refused))
        address = draft_url(request, "change", form.cleaned_data["draft_id"])
        return HttpResponseRedirect(address)

    @display(
        description=gettext_lazy("state"),
        ordering="revoked_at",
        label={"holds": "success", "revoked": "warning"},
    )
    def state(self, signed: SignedException) -> tuple[str, str]:
        return ("revoked", _("revoked")) if signed.revoked_at else ("holds", _("holds"))

    @display(description=gettext_lazy("product"), ordering="draft__product__title")
    def product(self, signed: SignedException) -> str:
        return str(signed.draft.product)
