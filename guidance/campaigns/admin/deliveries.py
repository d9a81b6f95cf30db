"""The outbox's page: every message, and what a person settles."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.campaigns.models import Delivery, Verdict
from guidance.campaigns.services.resolving import replay, say_not_sent, say_sent
from guidance.core.admin import ReadOnlyAdmin, acting_person
from guidance.core.models import User

State = Delivery.State
COLOURS = {State.SENT: "success", State.WAITING: "info", State.IN_DOUBT: "warning"}
SETTLE: dict[str, tuple[Callable[..., Delivery], dict[str, Any]]] = {
    "sent": (say_sent, {}),
    "again": (say_not_sent, {"again": True}),
    "cancel": (say_not_sent, {"again": False}),
    "replay": (replay, {}),
}


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ["customer", "campaign", "channel", "state_label", "why", "due_at", "sent_at"]
    list_filter = ["state", "channel", "reason"]
    list_select_related = ["customer", "campaign"]
    search_fields = ["customer__ref", "campaign__key"]
    search_help_text = gettext_lazy("A shopper's pseudonym or a campaign's key")
    fields = [
        *("customer", "campaign", "plan", "step", "occurrence", "channel", "message", "offer"),
        *("state", "why", "detail", "due_at", "sent_at", "attempts", "id"),
    ]
    readonly_fields = ["why"]
    change_form_outer_before_template = "admin/campaigns/delivery/settle.html"

    class Media:
        css = {"all": ["experiments/experiments.css"]}

    @display(description=gettext_lazy("state"), label=COLOURS)
    def state_label(self, delivery: Delivery) -> tuple[str, str]:
        return delivery.state, delivery.get_state_display()

    @admin.display(description=gettext_lazy("why"), ordering="reason")
    def why(self, delivery: Delivery) -> str:
        return "–" if delivery.reason == Verdict.SEND else delivery.get_reason_display()

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "<uuid:pk>/settle/<str:how>/", view(self.settle), name="campaigns_delivery_settle"
            ),
            *super().get_urls(),
        ]

    @method_decorator(require_POST)
    def settle(self, request: HttpRequest, pk: Any, how: str) -> HttpResponse:
        """Do what a person decided about a message in doubt, or one that was given up."""
        delivery = get_object_or_404(Delivery, pk=pk)
        person = acting_person(request)
        if not _may_settle(person) or how not in SETTLE:
            raise PermissionDenied
        service, told = SETTLE[how]
        try:
            service(delivery=delivery, actor=person, **told)
            messages.success(request, _("Done: the message is settled as you said."))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        return redirect("admin:campaigns_delivery_change", pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_settle": _may_settle(acting_person(request))}
        return super().change_view(request, object_id, form_url, context)


def _may_settle(person: User) -> bool:
    return person.has_perm("campaigns.settle_delivery")
