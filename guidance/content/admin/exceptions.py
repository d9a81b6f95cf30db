"""Signed exceptions: read here, signed from a finding on a draft's page."""

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.content.admin.page import draft_url
from guidance.content.models import Draft, SignedException
from guidance.content.services.exceptions import LONGEST_JUSTIFICATION, sign_exception
from guidance.content.services.refusals import Refused
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
    list_display = ["product", "span_text", "rule", "justification", "signed_by", "signed_at"]
    list_filter = ["rule"]
    list_select_related = ["draft__product", "signed_by"]
    search_fields = ["span_text", "justification", "draft__product__title"]
    fields = ["draft", "span_text", "rule", "justification", "signed_by", "signed_at"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.sign_view))
        return [path("sign/", view, name="content_signedexception_sign"), *super().get_urls()]

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

    @display(description=gettext_lazy("product"), ordering="draft__product__title")
    def product(self, signed: SignedException) -> str:
        return str(signed.draft.product)
