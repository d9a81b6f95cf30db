"""Webhooks: made with a secret shown once, tried, changed; what each was told, and told again."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from guidance.content.models import WebhookAttempt, WebhookEndpoint, WebhookEvent, WebhookMessage
from guidance.content.services.refusals import Refused
from guidance.content.services.webhook_delivery import DEAD_KEPT, KEPT
from guidance.content.services.webhook_endpoints import (
    create_endpoint,
    resend,
    rotate_secret,
    save_endpoint,
    send_test,
    switch,
)
from guidance.core.admin import GuidanceModelAdmin, ReadOnlyAdmin, acting_person, admin_page

CHANGES = "content.change_webhookendpoint"
RESENDS = "content.change_webhookmessage"
STATUS_COLOURS = {"sent": "success", "dead": "danger", "waiting": "warning"}


class WebhookForm(forms.ModelForm):
    """What a webhook is called, where it goes and what it is told."""

    events = forms.MultipleChoiceField(
        label=gettext_lazy("Events"),
        choices=WebhookEvent.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = WebhookEndpoint
        fields = ["name", "url", "events"]
        widgets = {"name": UnfoldAdminTextInputWidget, "url": UnfoldAdminTextInputWidget}


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(GuidanceModelAdmin):
    form = WebhookForm
    list_display = ["name", "url", "state", "told_of", "waiting", "given_up"]
    fields = ["name", "url", "events"]
    change_form_outer_before_template = "admin/content/webhookendpoint/actions.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookEndpoint]:
        counted: QuerySet[WebhookEndpoint] = (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=Count("messages", filter=Q(messages__status="waiting")),
                dead_count=Count("messages", filter=Q(messages__status="dead")),
            )
        )
        return counted

    @display(description=gettext_lazy("state"), label={"active": "success", "off": "danger"})
    def state(self, endpoint: WebhookEndpoint) -> tuple[str, str]:
        return ("active", _("active")) if endpoint.is_active else ("off", _("switched off"))

    @admin.display(description=gettext_lazy("events"))
    def told_of(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.events)

    @admin.display(description=gettext_lazy("waiting"))
    def waiting(self, endpoint: Any) -> int:
        return int(endpoint.waiting_count)

    @admin.display(description=gettext_lazy("given up"))
    def given_up(self, endpoint: Any) -> int:
        return int(endpoint.dead_count)

    def get_urls(self) -> list[URLPattern]:
        views = {"rotate": self.rotate_view, "test": self.test_view, "switch": self.switch_view}
        own = [
            path(
                f"<uuid:pk>/{name}/",
                self.admin_site.admin_view(require_POST(view)),
                name=f"content_webhookendpoint_{name}",
            )
            for name, view in views.items()
        ]
        return own + super().get_urls()

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = WebhookForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            told = form.cleaned_data
            endpoint, secret = create_endpoint(**told, actor=acting_person(request))
            return self._secret_page(request, endpoint, secret)
        title = _("New webhook")
        named = "admin/content/webhookendpoint/add.html"
        return admin_page(self, request, named, title=title, form=form)

    def save_model(
        self, request: HttpRequest, obj: WebhookEndpoint, form: forms.ModelForm, change: bool
    ) -> None:
        save_endpoint(endpoint=obj, changed=form.changed_data, actor=acting_person(request))

    def rotate_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Replace the signing secret and show the new one, this once."""
        endpoint = self._changeable(request, pk)
        secret = rotate_secret(endpoint=endpoint, actor=acting_person(request))
        return self._secret_page(request, endpoint, secret)

    def test_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send a message that says nothing but that it is a test."""
        endpoint = self._changeable(request, pk)
        try:
            told = send_test(endpoint=endpoint, actor=acting_person(request))
        except Refused as refused:
            messages.error(request, str(refused))
            return redirect("admin:content_webhookendpoint_change", pk)
        messages.success(request, _("The test message is on its way; this page says what came."))
        return redirect("admin:content_webhookmessage_change", told.pk)

    def switch_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Stop telling an endpoint, or go on."""
        endpoint = self._changeable(request, pk)
        is_active = request.POST.get("to") == "on"
        switch(endpoint=endpoint, is_active=is_active, actor=acting_person(request))
        said = _("The webhook is told again.") if is_active else _("The webhook is switched off.")
        messages.success(request, said)
        return redirect("admin:content_webhookendpoint_change", pk)

    def _changeable(self, request: HttpRequest, pk: UUID) -> WebhookEndpoint:
        if not request.user.has_perm(CHANGES):
            raise PermissionDenied
        return get_object_or_404(WebhookEndpoint, pk=pk)

    def _secret_page(
        self, request: HttpRequest, endpoint: WebhookEndpoint, secret: str
    ) -> HttpResponse:
        named = "admin/content/webhookendpoint/secret.html"
        title = _("Signing secret")
        page = admin_page(self, request, named, title=title, endpoint=endpoint, secret=secret)
        add_never_cache_headers(page)
        return page


@admin.register(WebhookMessage)
class WebhookMessageAdmin(ReadOnlyAdmin):
    """What each webhook was told or is still to be told, and what came of it."""

    list_display = ["created_at", "endpoint", "type", "subject", "status_label", "attempts",
                    "last_problem"]  # fmt: skip
    list_filter = ["status", "endpoint", "type"]
    list_select_related = ["endpoint"]
    search_fields = ["subject"]
    fields = ["endpoint", "type", "subject", "identity", "status", "attempts", "created_at",
              "due_at", "sent_at", "body"]  # fmt: skip
    readonly_fields = ["identity"]
    list_before_template = "admin/content/webhookmessage/_lead.html"
    change_form_outer_after_template = "admin/content/webhookmessage/attempts.html"

    class Media:
        css = {"all": ["content/review.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookMessage]:
        last = WebhookAttempt.objects.filter(message=OuterRef("pk")).order_by("-id")
        rows: QuerySet[WebhookMessage] = (
            super()
            .get_queryset(request)
            .annotate(
                last_problem_code=Subquery(last.values("problem")[:1]),
                last_status_code=Subquery(last.values("status_code")[:1]),
            )
        )
        return rows

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.resend_view))
        name = "content_webhookmessage_resend"
        return [path("<uuid:pk>/resend/", view, name=name), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        kept = {"kept_days": KEPT.days, "dead_kept_days": DEAD_KEPT.days}
        return super().changelist_view(request, {**kept, **(extra_context or {})})

    @admin.display(description=gettext_lazy("id"))
    def identity(self, message: WebhookMessage) -> str:
        return message.message_id

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS)
    def status_label(self, message: WebhookMessage) -> tuple[str, str]:
        return message.status, message.get_status_display()

    @admin.display(description=gettext_lazy("last problem"))
    def last_problem(self, message: Any) -> str:
        if not message.last_problem_code:
            return "–"
        said = str(WebhookAttempt.Problem(message.last_problem_code).label)
        return f"{said} ({message.last_status_code})" if message.last_status_code else said

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        told = self.get_object(request, object_id)
        context = {
            "history": told.history.order_by("-id") if told else [],
            "may_resend": request.user.has_perm(RESENDS),
        }
        return super().change_view(request, object_id, form_url, context)

    def resend_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have a message sent again under its own id."""
        if not request.user.has_perm(RESENDS):
            raise PermissionDenied
        get_object_or_404(WebhookMessage, pk=pk)
        try:
            resend(message_id=pk, actor=acting_person(request))
            messages.success(request, _("It is sent again."))
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:content_webhookmessage_change", args=[pk]))
