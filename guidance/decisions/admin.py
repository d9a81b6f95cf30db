"""The decision log's pages: what was shown, why, and what came of it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from guidance.behaviour.models import Source
from guidance.core.admin import ReadOnlyAdmin
from guidance.decisions import filters
from guidance.decisions.attribution import OUTCOME_KINDS
from guidance.decisions.models import Decision, Outcome
from guidance.decisions.pages import decision_page

SOURCE_COLOURS = {Source.LIVE: "success", Source.IMPORT: "info", Source.REPLAY: "warning"}


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = [
        "at",
        "shopper",
        "surface",
        "shown",
        "policy",
        "arm_label",
        "outcome",
        "source_label",
    ]
    list_filter = [
        "surface",
        "policy",
        "source",
        filters.ExperimentFilter,
        filters.ArmFilter,
        filters.OutcomeFilter,
        filters.ShoppersFilter,
    ]
    list_select_related = ["customer"]
    search_fields = ["=id", "=customer__ref"]
    search_help_text = _("A decision's id or a shopper's pseudonym")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return (
            Decision.objects.with_outcomes().defer("context").order_by(*self.get_ordering(request))
        )

    @admin.display(description=_("shopper"), ordering="customer__ref")
    def shopper(self, decision: Decision) -> str:
        return str(decision.customer) if decision.customer else str(_("unknown"))

    @admin.display(description=_("shown"))
    def shown(self, decision: Decision) -> str:
        first = ", ".join(item.get("sku") or item.get("key", "") for item in decision.items[:3])
        more = len(decision.items) - 3
        return f"{first} +{more}" if more > 0 else first or "–"

    @admin.display(description=_("arm"), ordering="arm")
    def arm_label(self, decision: Decision) -> str:
        return f"{decision.experiment}: {decision.arm}" if decision.experiment else "–"

    @display(description=_("outcome"), label={"clicked": "success", "seen": "info"})
    def outcome(self, decision: Decision) -> tuple[str, Any]:
        if decision.is_clicked:  # type: ignore[attr-defined]  # annotated by with_outcomes()
            return "clicked", _("clicked")
        if decision.is_seen:  # type: ignore[attr-defined]  # annotated by with_outcomes()
            return "seen", _("seen")
        return "served", _("served")

    @display(description=_("traffic"), label=SOURCE_COLOURS)
    def source_label(self, decision: Decision) -> tuple[str, str]:
        return decision.source, decision.get_source_display()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            decision = Decision.objects.select_related("customer").get(pk=object_id)
        except (Decision.DoesNotExist, ValidationError) as problem:
            raise Http404 from problem
        if not self.has_view_permission(request, decision):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": decision,
            "title": str(decision),
            **decision_page(decision),
        }
        return TemplateResponse(request, "admin/decisions/decision/page.html", context)


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    """Events that name a decision; experiments' counts of impressions and clicks open here."""

    list_display = ["occurred_at", "kind", "customer", "product", "position", "rating", "source"]
    list_filter = [
        "kind",
        "source",
        filters.ExperimentFilter,
        filters.ArmFilter,
        filters.CountedFilter,
    ]
    list_select_related = ["customer", "product"]
    search_fields = ["=decision", "=customer__ref"]
    search_help_text = _("A decision's id or a shopper's pseudonym")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Outcome]:
        rows = super().get_queryset(request)
        return rows.filter(decision__isnull=False, kind__in=OUTCOME_KINDS)
