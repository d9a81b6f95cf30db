"""The training runs' pages."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from guidance.core.admin import acting_person
from guidance.training import changes, pages
from guidance.training.admin.base import POST_ONLY, STATUS_COLOURS, PageAdmin, require
from guidance.training.forms import EffectsForm, SearchForm, TrainForm, form_problems
from guidance.training.hooks import recipes
from guidance.training.models import TrainingRun
from guidance.training.services import CannotTrain
from guidance.training.standing import run_cause

StartForm = TrainForm | SearchForm | EffectsForm


@admin.register(TrainingRun)
class TrainingRunAdmin(PageAdmin):
    list_display = ["created_at", "recipe_label", "kind", "status", "progress", "requested_by"]
    list_display_links = ["created_at"]
    list_filter = ["recipe", "kind", "trigger", "job__status"]
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
        return str(run.job.requested_by or run.get_trigger_display())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        may_train = request.user.has_perm("training.add_trainingrun")
        known = recipes() if may_train else []
        may_keep = request.user.has_perm("training.change_retrainingpolicy")
        startable = [
            (
                one,
                TrainForm() if one.has_network else None,
                SearchForm() if one.searcher else None,
                EffectsForm(may_keep=may_keep) if one.measurer else None,
            )
            for one in known
        ]
        return super().changelist_view(request, {"startable": startable})

    def page_context(self, request: HttpRequest, row: TrainingRun) -> dict[str, Any]:
        return {
            "cause": run_cause(row),
            "may_train": request.user.has_perm("training.add_trainingrun"),
            "may_keep": request.user.has_perm("training.change_retrainingpolicy"),
            **pages.run_page(row),
        }

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("start/", site(self.start), name="training_trainingrun_start"),
            path("search/", site(self.search), name="training_trainingrun_search"),
            path("effects/", site(self.effects), name="training_trainingrun_effects"),
            path("<uuid:pk>/curve/", site(self.curve), name="training_trainingrun_curve"),
            path("<uuid:pk>/use/", site(self.use), name="training_trainingrun_use"),
            path("<uuid:pk>/keep/", site(self.keep), name="training_trainingrun_keep"),
        ]
        return own + super().get_urls()

    @POST_ONLY
    def start(self, request: HttpRequest) -> HttpResponse:
        return self._ask(request, TrainForm(request.POST), TrainingRun.Kind.TRAIN)

    @POST_ONLY
    def search(self, request: HttpRequest) -> HttpResponse:
        return self._ask(request, SearchForm(request.POST), TrainingRun.Kind.SEARCH)

    @POST_ONLY
    def effects(self, request: HttpRequest) -> HttpResponse:
        """Measure what each step of cleaning and each augmentation is worth."""
        may_keep = request.user.has_perm("training.change_retrainingpolicy")
        form = EffectsForm(request.POST, may_keep=may_keep)
        return self._ask(request, form, TrainingRun.Kind.EFFECTS)

    @POST_ONLY
    def use(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Train with the settings that a search or a measurement found."""
        require(request, "training.add_trainingrun")
        return self._use(request, pk, always=False)

    @POST_ONLY
    def keep(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Keep the settings that a search or a measurement found for every later run."""
        require(request, "training.change_retrainingpolicy")
        return self._use(request, pk, always=True)

    def curve(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        require(request, "training.view_trainingrun")
        return JsonResponse(pages.run_curve(self.row(pk)))

    def _ask(self, request: HttpRequest, form: StartForm, kind: str) -> HttpResponse:
        require(request, "training.add_trainingrun")
        key, actor = request.POST.get("recipe", ""), acting_person(request)
        if key not in {one.key for one in recipes() if one.can(kind)}:
            raise Http404
        if not form.is_valid():
            messages.error(request, form_problems(form))
            return redirect("admin:training_trainingrun_changelist")
        try:
            message, run = changes.ask_for_run(key, actor=actor, params=form.params(), kind=kind)
        except CannotTrain as lacking:
            messages.error(request, str(lacking))
            return redirect("admin:training_trainingrun_changelist")
        return self._answer(request, message, run)

    def _use(self, request: HttpRequest, pk: UUID, *, always: bool) -> HttpResponse:
        found = self.row(pk)
        if not found.job.is_finished or not pages.found_settings(found.report):
            raise Http404
        message, run = changes.use_found(found, actor=acting_person(request), always=always)
        return self._answer(request, message, run)

    def _answer(
        self, request: HttpRequest, message: changes.Message | None, run: TrainingRun
    ) -> HttpResponse:
        if message is not None:
            messages.add_message(request, *message)
        return redirect("admin:training_trainingrun_change", run.pk)
