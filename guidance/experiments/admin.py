"""The experiments' pages: a draft's form, a started one's report."""

import csv
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Field, Model
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from guidance.behaviour.models import Source
from guidance.core.admin import GuidanceModelAdmin, acting_person
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.pages import experiment_page
from guidance.experiments.selectors import report
from guidance.experiments.services import (
    save_arms,
    save_experiment,
    start_experiment,
    stop_experiment,
)
from guidance.experiments.table import csv_rows
from guidance.training.labels import POLICIES

STATUS_COLOURS = {
    Experiment.Status.DRAFT: "info",
    Experiment.Status.RUNNING: "success",
    Experiment.Status.STOPPED: "warning",
}
# What an arm may ask for; what it cannot answer, the surface's fallback chain does.
ARM_POLICIES = (
    *("model", "best_baseline", "repeat_frequency", "due_again"),
    *("ease", "co_occurrence", "popularity"),
)
POLICY_CHOICES = [(key, POLICIES.get(key, _("best baseline"))) for key in ARM_POLICIES]


class ArmInline(TabularInline):
    """A draft's arms; who may change the experiment may change them."""

    model = Arm
    extra = 0
    min_num = 2

    def formfield_for_dbfield(
        self, db_field: Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if db_field.name == "policy":
            return forms.ChoiceField(
                label=db_field.verbose_name,
                choices=POLICY_CHOICES,
                widget=UnfoldAdminSelectWidget,
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("experiments.view_experiment")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_draft(obj) and request.user.has_perm("experiments.change_experiment")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Experiment)
class ExperimentAdmin(GuidanceModelAdmin):
    list_display = ["name", "surface", "status_label", "source_label", "started_at", "stopped_at"]
    list_filter = ["status", "source", "surface"]
    search_fields = ["name", "key"]
    fields = ["name", "key", "hypothesis", "surface", "source"]
    prepopulated_fields = {"key": ["name"]}
    inlines = [ArmInline]
    change_form_outer_before_template = "admin/experiments/experiment/start.html"

    class Media:
        css = {"all": ["experiments/experiments.css"]}

    @display(description=_("status"), label=STATUS_COLOURS)
    def status_label(self, experiment: Experiment) -> tuple[str, str]:
        return experiment.status, experiment.get_status_display()

    @display(description=_("traffic"), label={Source.REPLAY: "warning", Source.LIVE: "success"})
    def source_label(self, experiment: Experiment) -> tuple[str, str]:
        return experiment.source, experiment.get_source_display()

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_prepopulated_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return super().get_prepopulated_fields(request, obj) if obj is None else {}

    def save_model(
        self, request: HttpRequest, obj: Experiment, form: ModelForm, change: bool
    ) -> None:
        save_experiment(experiment=obj, actor=acting_person(request))

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        arms = formset.save(commit=False)
        if arms or formset.deleted_objects:
            save_arms(
                experiment=form.instance,
                arms=arms,
                removed=formset.deleted_objects,
                actor=acting_person(request),
            )

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        experiment = _find(object_id)
        context = {"may_change": super().has_change_permission(request)}
        if experiment is None or experiment.status == Experiment.Status.DRAFT:
            return super().change_view(request, object_id, form_url, context)
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        context |= {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": experiment,
            "title": experiment.name,
            **experiment_page(experiment),
        }
        return TemplateResponse(request, "admin/experiments/experiment/page.html", context)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("<int:pk>/start/", site(self.start), name="experiments_experiment_start"),
            path("<int:pk>/stop/", site(self.stop), name="experiments_experiment_stop"),
            path("<int:pk>/table.csv", site(self.table), name="experiments_experiment_table"),
        ]
        return own + super().get_urls()

    @method_decorator(require_POST)
    def start(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._turn(request, pk, start_experiment, str(_("The experiment runs.")))

    @method_decorator(require_POST)
    def stop(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._turn(request, pk, stop_experiment, str(_("The experiment is stopped.")))

    def table(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the report's table as CSV."""
        experiment = get_object_or_404(Experiment, pk=pk)
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{experiment.key}.csv"'
        csv.writer(answer).writerows(csv_rows(experiment, report(experiment)))
        return answer

    def _turn(
        self, request: HttpRequest, pk: int, turn: Callable[..., Experiment], said: str
    ) -> HttpResponse:
        experiment = get_object_or_404(Experiment, pk=pk)
        if not super().has_change_permission(request, experiment):
            raise PermissionDenied
        try:
            turn(experiment=experiment, actor=acting_person(request))
            messages.success(request, said)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        return redirect("admin:experiments_experiment_change", pk)


def _is_draft(experiment: Model | None) -> bool:
    return not isinstance(experiment, Experiment) or experiment.status == Experiment.Status.DRAFT


def _find(object_id: str) -> Experiment | None:
    if not object_id.isdecimal() or len(object_id) > 18:
        return None
    return Experiment.objects.filter(pk=int(object_id)).first()
