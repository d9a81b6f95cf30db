"""The model versions' pages."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from guidance.core.admin import acting_person
from guidance.training import changes, pages
from guidance.training.admin.base import POST_ONLY, STATUS_COLOURS, PageAdmin, require
from guidance.training.labels import policy_name
from guidance.training.models import ModelVersion
from guidance.training.rewards import Reward


@admin.register(ModelVersion)
class ModelVersionAdmin(PageAdmin):
    list_display = ["label", "status_label", "policy_label", "gate", "created_at", "promoted_at"]
    list_filter = ["recipe", "status"]
    list_select_related = ["promoted_by"]
    page_template = "admin/training/modelversion/page.html"
    promote_template = "admin/training/modelversion/promote.html"
    select_for_page = ("run", "run__job", "promoted_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).defer("metrics", "off_policy")

    @admin.display(description=gettext_lazy("version"))
    def label(self, version: ModelVersion) -> str:
        return f"{pages.recipe_name(version.recipe)} {version.number}"

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS)
    def status_label(self, version: ModelVersion) -> tuple[str, str]:
        return version.status, version.get_status_display()

    @admin.display(description=gettext_lazy("may serve"))
    def policy_label(self, version: ModelVersion) -> str:
        return policy_name(version.policy)

    @admin.display(description=gettext_lazy("gate: difference"))
    def gate(self, version: ModelVersion) -> str:
        verdict = version.verdict
        return f"{verdict['difference']:+.4f} ({verdict['low']:+.4f} … {verdict['high']:+.4f})"

    def page_context(self, request: HttpRequest, row: ModelVersion) -> dict[str, Any]:
        return {
            "version": row,
            "may_promote": request.user.has_perm("training.promote_modelversion"),
            "may_estimate": request.user.has_perm("training.add_trainingrun"),
            **pages.version_page(row),
        }

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/promote/", site(self.promote), name="training_modelversion_promote"),
            path("<uuid:pk>/estimate/", site(self.estimate), name="training_modelversion_estimate"),
            path("roll-back/", site(self.roll_back), name="training_modelversion_roll_back"),
        ]
        return own + super().get_urls()

    def promote(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask on GET, promote on POST."""
        require(request, "training.promote_modelversion")
        version = self.row(pk)
        if request.method != "POST":
            context = self.page_context(request, version)
            return self.render(request, self.promote_template, version, context)
        message = changes.promote(version, actor=acting_person(request))
        messages.add_message(request, *message)
        return redirect("admin:training_modelversion_change", pk)

    @POST_ONLY
    def estimate(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Have the decision log read for the version."""
        require(request, "training.add_trainingrun")
        reward = request.POST.get("reward", Reward.CLICK)
        message = changes.ask_for_estimate(
            self.row(pk), reward=reward, actor=acting_person(request)
        )
        messages.add_message(request, *message)
        return redirect("admin:training_modelversion_change", pk)

    @POST_ONLY
    def roll_back(self, request: HttpRequest) -> HttpResponse:
        require(request, "training.promote_modelversion")
        recipe = request.POST.get("recipe", "")
        message, url = changes.undo_promotion(recipe, actor=acting_person(request))
        messages.add_message(request, *message)
        return redirect(url)
