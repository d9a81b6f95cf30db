"""Plans: proposed from a campaign, looked at, approved by another person, and stopped."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from guidance.campaigns.effect_page import effect_page
from guidance.campaigns.models import Campaign, PushPlan
from guidance.campaigns.plan_page import plan_page
from guidance.campaigns.services.approval import (
    approve_plan,
    reject_plan,
    restart_campaign,
    stop_campaign,
)
from guidance.campaigns.services.planning import request_plan
from guidance.campaigns.services.rehearsal import send_test
from guidance.campaigns.services.triggering import propose_rules
from guidance.core.admin import ReadOnlyAdmin, acting_person, admin_page
from guidance.core.ids import parse_id

State = PushPlan.State
COLOURS = {State.PROPOSED: "warning", State.APPROVED: "success", State.BUILDING: "info"}


@admin.register(PushPlan)
class PushPlanAdmin(ReadOnlyAdmin):
    list_display = ["title", "state_label", "messages_out", "proposed_by", "created_at"]
    list_filter = ["state"]
    list_select_related = ["campaign", "proposed_by"]
    search_fields = ["campaign__key"]
    search_help_text = gettext_lazy("A campaign's key")

    @admin.display(description=gettext_lazy("plan"))
    def title(self, plan: PushPlan) -> str:
        return str(plan)

    @display(description=gettext_lazy("state"), label=COLOURS)
    def state_label(self, plan: PushPlan) -> tuple[str, str]:
        return plan.state, plan.get_state_display()

    @admin.display(description=gettext_lazy("messages"))
    def messages_out(self, plan: PushPlan) -> str:
        verdicts = plan.counts.get("verdicts")
        return "–" if verdicts is None else f"{verdicts.get('0', 0):,}"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("propose/<int:campaign>/", view(self.propose), name="campaigns_pushplan_propose"),
            path("stop/<int:campaign>/", view(self.stop), name="campaigns_pushplan_stop"),
            path("restart/<int:campaign>/", view(self.restart), name="campaigns_pushplan_restart"),
            path("<uuid:pk>/approve/", view(self.approve), name="campaigns_pushplan_approve"),
            path("<uuid:pk>/reject/", view(self.reject), name="campaigns_pushplan_reject"),
            path("<uuid:pk>/effect/", view(self.effect), name="campaigns_pushplan_effect"),
            path("<uuid:pk>/test/", view(self.test), name="campaigns_pushplan_test"),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a plan: it has no form, only what it decided and the buttons of its life."""
        pk = parse_id(object_id)
        related = PushPlan.objects.select_related("campaign", "proposed_by", "decided_by")
        plan = related.filter(pk=pk).first() if pk else None
        if plan is None:
            raise Http404
        if not self.has_view_permission(request, plan):
            raise PermissionDenied
        return admin_page(
            self,
            request,
            "admin/campaigns/plan/page.html",
            original=plan,
            title=_("Plan %(number)d: %(campaign)s")
            % {"number": plan.number, "campaign": plan.campaign},
            **plan_page(plan, query=request.GET, person=acting_person(request)),
        )

    @method_decorator(require_GET)
    def effect(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Show what a plan moved, against those held out."""
        plan = get_object_or_404(PushPlan.objects.select_related("campaign"), pk=pk)
        if not self.has_view_permission(request, plan):
            raise PermissionDenied
        return admin_page(
            self,
            request,
            "admin/campaigns/plan/effect.html",
            original=plan,
            title=_("Effect of plan %(number)d: %(campaign)s")
            % {"number": plan.number, "campaign": plan.campaign},
            **effect_page(plan),
        )

    @method_decorator(require_POST)
    def propose(self, request: HttpRequest, campaign: int) -> HttpResponse:
        """Have a plan of a campaign worked out."""
        self._allow(request, "campaigns.add_pushplan")
        row = get_object_or_404(Campaign, pk=campaign)
        try:
            if row.trigger:
                plan = propose_rules(campaign=row, actor=acting_person(request))
            else:
                plan = request_plan(campaign=row, actor=acting_person(request))
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
            return redirect("admin:campaigns_campaign_change", campaign)
        if not row.trigger:
            messages.success(
                request, _("The plan is being worked out; this page tells when it is.")
            )
        return redirect("admin:campaigns_pushplan_change", plan.pk)

    @method_decorator(require_POST)
    def approve(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Approve the plan that the page showed."""
        self._allow(request, "campaigns.approve_pushplan")
        seen, person = request.POST.get("seen", ""), acting_person(request)
        return self._do(
            request,
            pk,
            lambda plan: approve_plan(plan=plan, seen=seen, actor=person),
            _("Approved: its messages are being queued."),
        )

    @method_decorator(require_POST)
    def reject(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Reject a plan with a reason."""
        self._allow(request, "campaigns.approve_pushplan")
        reason, person = request.POST.get("reason", ""), acting_person(request)
        return self._do(
            request,
            pk,
            lambda plan: reject_plan(plan=plan, reason=reason, actor=person),
            _("Rejected."),
        )

    @method_decorator(require_POST)
    def test(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Send one message of the plan to an address that a person types."""
        self._allow(request, "campaigns.add_pushplan")
        told, person = request.POST, acting_person(request)
        return self._do(
            request,
            pk,
            lambda plan: send_test(
                plan=plan,
                customer_ref=told.get("customer", ""),
                address=told.get("address", ""),
                actor=person,
            ),
            _("The test has left; it counts nowhere."),
        )

    @method_decorator(require_POST)
    def stop(self, request: HttpRequest, campaign: int) -> HttpResponse:
        """Let nothing more of a campaign leave."""
        self._allow(request, "campaigns.stop_campaign")
        row = get_object_or_404(Campaign, pk=campaign)
        count = stop_campaign(
            campaign=row, reason=request.POST.get("reason", ""), actor=acting_person(request)
        )
        messages.success(
            request, _("Stopped: %(count)d messages were cancelled.") % {"count": count}
        )
        return redirect("admin:campaigns_campaign_change", campaign)

    @method_decorator(require_POST)
    def restart(self, request: HttpRequest, campaign: int) -> HttpResponse:
        """Let a stopped campaign be planned again."""
        self._allow(request, "campaigns.add_pushplan")
        row = get_object_or_404(Campaign, pk=campaign)
        restart_campaign(campaign=row, actor=acting_person(request))
        messages.success(request, _("The campaign can be planned again."))
        return redirect("admin:campaigns_campaign_change", campaign)

    def _do(self, request: HttpRequest, pk: UUID, service: Any, said: str) -> HttpResponse:
        plan = get_object_or_404(PushPlan, pk=pk)
        try:
            service(plan)
        except ValidationError as refused:
            messages.error(request, " ".join(refused.messages))
        except PermissionDenied as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, said)
        return redirect("admin:campaigns_pushplan_change", pk)

    def _allow(self, request: HttpRequest, permission: str) -> None:
        if not request.user.has_perm(permission):
            raise PermissionDenied
