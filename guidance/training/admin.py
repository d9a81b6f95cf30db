"""The training runs' and model versions' pages."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.core.admin import ReadOnlyAdmin, acting_person, admin_page
from guidance.core.models import Job
from guidance.training import changes, pages
from guidance.training.hooks import recipes
from guidance.training.labels import policy_name
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.services import AlreadyTraining, request_training

POST_ONLY = method_decorator(require_POST)
STATUS_COLOURS = {
    Job.Status.RUNNING: "info",
    Job.Status.SUCCEEDED: "success",
    Job.Status.FAILED: "danger",
    Job.Status.CANCELLED: "warning",
    ModelVersion.Status.CANDIDATE: "info",
    ModelVersion.Status.PROMOTED: "success",
    ModelVersion.Status.REFUSED: "danger",
}


class PageAdmin(ReadOnlyAdmin):
    """A read-only list whose rows open a page of their own instead of a form."""

    page_template: str
    select_for_page: tuple[str, ...] = ()

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.row(object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        return self.render(request, self.page_template, row, self.page_context(request, row))

    def row(self, object_id: str | UUID) -> Any:
        """Return the row; a 404 for an id that is none or that nobody has."""
        rows = self.model._default_manager.select_related(*self.select_for_page)
        try:
            return rows.get(pk=object_id)
        except (self.model.DoesNotExist, ValidationError) as problem:
            raise Http404 from problem

    def render(
        self, request: HttpRequest, template: str, row: Any, context: dict[str, Any]
    ) -> TemplateResponse:
        return admin_page(self, request, template, original=row, title=str(row), **context)


@admin.register(TrainingRun)
class TrainingRunAdmin(PageAdmin):
    list_display = ["created_at", "recipe_label", "status", "progress", "requested_by"]
    list_display_links = ["created_at"]
    list_filter = ["recipe", "job__status"]
    list_select_related = ["job", "job__requested_by"]
    list_before_template = "admin/training/trainingrun/start.html"
    page_template = "admin/training/trainingrun/page.html"
    select_for_page = ("job", "job__requested_by", "version")

    def get_queryset(self, request: HttpRequest) -> QuerySet[TrainingRun]:
        return super().get_queryset(request).defer("report", "job__log", "job__result")

    @admin.display(description=gettext_lazy("model"))
    def recipe_label(self, run: TrainingRun) -> str:
        return pages.recipe_name(run.recipe)

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS)
    def status(self, run: TrainingRun) -> tuple[str, str]:
        return run.job.status, run.job.get_status_display()

    @admin.display(description=gettext_lazy("progress"))
    def progress(self, run: TrainingRun) -> str:
        return f"{run.job.fraction:.0%}"

    @admin.display(description=gettext_lazy("requested by"))
    def requested_by(self, run: TrainingRun) -> str:
        return str(run.job.requested_by or _("command or schedule"))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_train = request.user.has_perm("training.add_trainingrun")
        return super().changelist_view(request, {"recipes": recipes() if may_train else []})

    def page_context(self, request: HttpRequest, row: TrainingRun) -> dict[str, Any]:
        return {
            "run": row,
            "recipe_name": pages.recipe_name(row.recipe),
            **pages.run_curve(row),
            "may_cancel": request.user.has_perm("training.add_trainingrun"),
        }

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("start/", site(self.start), name="training_trainingrun_start"),
            path("<uuid:pk>/curve/", site(self.curve), name="training_trainingrun_curve"),
        ]
        return own + super().get_urls()

    @POST_ONLY
    def start(self, request: HttpRequest) -> HttpResponse:
        _require(request, "training.add_trainingrun")
        key = request.POST.get("recipe", "")
        if key not in {recipe.key for recipe in recipes()}:
            raise Http404
        try:
            run = request_training(recipe_key=key, requested_by=acting_person(request))
        except AlreadyTraining as problem:
            messages.warning(request, str(problem))
            run = problem.run
        return redirect("admin:training_trainingrun_change", run.pk)

    def curve(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        _require(request, "training.view_trainingrun")
        return JsonResponse(pages.run_curve(self.row(pk)))


@admin.register(ModelVersion)
class ModelVersionAdmin(PageAdmin):
    list_display = ["label", "status_label", "policy_label", "gate", "created_at", "promoted_at"]
    list_filter = ["recipe", "status"]
    list_select_related = ["promoted_by"]
    page_template = "admin/training/modelversion/page.html"
    promote_template = "admin/training/modelversion/promote.html"
    select_for_page = ("run", "run__job", "promoted_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return super().get_queryset(request).defer("metrics")

    @admin.display(description=gettext_lazy("version"))
    def label(self, version: ModelVersion) -> str:
        return f"{pages.recipe_name(version.recipe)} {version.number}"

    @display(description=gettext_lazy("status"), label=STATUS_COLOURS)
    def status_label(self, version: ModelVersion) -> tuple[str, str]:
        return version.status, version.get_status_display()

    @admin.display(description=gettext_lazy("may serve"))
    def policy_label(self, version: ModelVersion) -> str:
        return policy_name(version.policy)

    @admin.display(description=gettext_lazy("gate: NDCG@10 difference"))
    def gate(self, version: ModelVersion) -> str:
        verdict = version.verdict
        return f"{verdict['difference']:+.4f} ({verdict['low']:+.4f} … {verdict['high']:+.4f})"

    def page_context(self, request: HttpRequest, row: ModelVersion) -> dict[str, Any]:
        return {
            "version": row,
            "may_promote": request.user.has_perm("training.promote_modelversion"),
            **pages.version_page(row),
        }

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("<uuid:pk>/promote/", site(self.promote), name="training_modelversion_promote"),
            path("roll-back/", site(self.roll_back), name="training_modelversion_roll_back"),
        ]
        return own + super().get_urls()

    def promote(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask on GET, promote on POST."""
        _require(request, "training.promote_modelversion")
        version = self.row(pk)
        if request.method != "POST":
            context = self.page_context(request, version)
            return self.render(request, self.promote_template, version, context)
        message = changes.promote(version, actor=acting_person(request))
        messages.add_message(request, *message)
        return redirect("admin:training_modelversion_change", pk)

    @POST_ONLY
    def roll_back(self, request: HttpRequest) -> HttpResponse:
        _require(request, "training.promote_modelversion")
        recipe = request.POST.get("recipe", "")
        message, url = changes.undo_promotion(recipe, actor=acting_person(request))
        messages.add_message(request, *message)
        return redirect(url)


def _require(request: HttpRequest, permission: str) -> None:
    if not request.user.has_perm(permission):
        raise PermissionDenied
