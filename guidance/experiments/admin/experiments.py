"""The experiments' pages: a draft's form, then its life and its report."""

import csv
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from guidance.behaviour.models import Source
from guidance.core.admin import acting_person, admin_page
from guidance.experiments import services
from guidance.experiments.admin.filters import WaitsFilter
from guidance.experiments.admin.forms import DecisionForm, ExperimentForm, policy_choices
from guidance.experiments.admin.views import ExperimentViews
from guidance.experiments.life import life_card
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.pages import experiment_page, read_as_of
from guidance.experiments.selectors import report
from guidance.experiments.table import csv_rows

STATUS_COLOURS = {
    Experiment.Status.DRAFT: "info",
    Experiment.Status.APPROVED: "info",
    Experiment.Status.RUNNING: "success",
    Experiment.Status.STOPPED: "warning",
}
CHANGE, APPROVE, DECIDE = (
    f"experiments.{action}_experiment" for action in ("change", "approve", "decide")
)


class Step(NamedTuple):
    """A button: the service it calls, who may press it and what is said afterwards."""

    call: Callable[..., Experiment]
    permission: str
    said: Any


STEPS = {
    "approve": Step(services.approve_experiment, APPROVE, _("Approved: its plan is frozen.")),
    "reopen": Step(services.reopen_experiment, CHANGE, _("It is a draft again.")),
    "start": Step(services.start_experiment, CHANGE, _("The experiment runs.")),
    "stop": Step(services.stop_experiment, CHANGE, _("The experiment is stopped.")),
    "confirm": Step(services.confirm_decision, DECIDE, _("Confirmed: the decision holds.")),
    "withdraw": Step(services.withdraw_decision, DECIDE, _("The decision is withdrawn.")),
    "undo": Step(services.undo_ship, DECIDE, _("Taken back: the surface does what it did before.")),
    "archive": Step(services.archive_experiment, CHANGE, _("The experiment is archived.")),
}


class ArmInline(TabularInline):
    """A draft's arms; who may change the experiment may change them."""

    model = Arm
    extra = 0
    min_num = 2
    fields = ["key", "policy", "weight", "is_control", "position"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset = super().get_formset(request, obj, **kwargs)
        if "policy" in formset.form.base_fields:
            formset.form.base_fields["policy"] = forms.ChoiceField(
                label=capfirst(_("policy")),
                choices=policy_choices(obj),
                widget=UnfoldAdminSelectWidget,
            )
        return formset

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("experiments.view_experiment")

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_draft(obj) and request.user.has_perm(CHANGE)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_change_permission(request, obj)


@admin.register(Experiment)
class ExperimentAdmin(ExperimentViews):
    form = ExperimentForm
    list_display = [
        *("name", "surface", "subject", "status_label", "source_label"),
        *("started_at", "stopped_at"),
    ]
    list_filter = ["status", WaitsFilter, "source", "surface"]
    search_fields = ["name", "key", "subject"]
    fieldsets = [
        (None, {"fields": ["name", "key", "hypothesis"]}),
        (_("Where"), {"fields": ["surface", "subject", "source"]}),
        (
            _("Measured by"),
            {"fields": ["primary_metric", "smallest_effect", "guardrails", "also_measured"]},
        ),
        (_("Ends"), {"fields": ["stop_rule", "horizon_days", "horizon_units"]}),
        (
            _("Who takes part"),
            {
                "classes": ["collapse"],
                "fields": [
                    *("coverage", "targeting", "namespace", "namespace_from", "namespace_to"),
                    *("seed", "hash_version"),
                ],
            },
        ),
    ]
    prepopulated_fields = {"key": ["name"]}
    inlines = [ArmInline]
    change_form_outer_before_template = "admin/experiments/experiment/_life.html"

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
        services.save_experiment(experiment=obj, actor=acting_person(request))

    def save_formset(
        self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool
    ) -> None:
        arms = formset.save(commit=False)
        if arms or formset.deleted_objects:
            services.save_arms(
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
        if experiment is None:
            return super().change_view(request, object_id, form_url)
        if experiment.status == Experiment.Status.DRAFT:
            return super().change_view(request, object_id, form_url)
        if not self.has_view_permission(request, experiment):
            raise PermissionDenied
        if request.method == "POST":
            messages.error(request, _("Only a draft can be changed."))
            return redirect("admin:experiments_experiment_change", experiment.pk)
        try:
            as_of = read_as_of(request.GET)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect("admin:experiments_experiment_change", experiment.pk)
        found = report(experiment, as_of=as_of)
        return admin_page(
            self,
            request,
            "admin/experiments/experiment/page.html",
            original=experiment,
            title=experiment.name,
            **experiment_page(experiment, found),
            **life_card(experiment, acting_person(request), found),
        )

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add a draft's life, as it is kept: what was typed and refused is no part of it."""
        form_of: Experiment | None = kwargs.get("obj")
        kept = _find(str(form_of.pk)) if form_of else None
        if kept is not None:
            context |= life_card(kept, acting_person(request))
        return super().render_change_form(request, context, *args, **kwargs)

    def get_urls(self) -> list[URLPattern]:
        steps = [self.route(name, require_POST(partial(self.step, name=name))) for name in STEPS]
        decide = self.route("decide", require_POST(self.decide))
        return [*steps, decide, self.route("table", self.table, ".csv"), *super().get_urls()]

    def step(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """Take one step of an experiment's life."""
        step = STEPS[name]
        call = step.call
        if name in {"approve", "confirm"}:
            call = partial(call, seen=request.POST.get("seen", ""))
        return self._turn(request, pk, step.permission, call, step.said)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Decide an experiment, or propose to."""
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        form = DecisionForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Choose what is decided, and say why."))
            return redirect("admin:experiments_experiment_change", pk)
        call = partial(services.decide_experiment, **form.cleaned_data)
        return self._turn(request, pk, DECIDE, call, _("Decided."))

    def table(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the report's table as CSV."""
        experiment = self.seen(request, pk)
        try:
            as_of = read_as_of(request.GET)
        except ValidationError as problem:
            return HttpResponse(" ".join(problem.messages), status=400)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{experiment.key}.csv"'
        csv.writer(answer).writerows(csv_rows(experiment, report(experiment, as_of=as_of)))
        return answer

    def _turn(
        self,
        request: HttpRequest,
        pk: int,
        permission: str,
        call: Callable[..., Experiment],
        said: Any,
    ) -> HttpResponse:
        if not request.user.has_perm(permission):
            raise PermissionDenied
        experiment = get_object_or_404(Experiment, pk=pk)
        try:
            turned = call(experiment=experiment, actor=acting_person(request))
            waits = _("It is against the recommendation: it holds once a second person confirms.")
            messages.success(request, waits if turned.awaits_second else said)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        return redirect("admin:experiments_experiment_change", pk)


def _is_draft(experiment: Model | None) -> bool:
    return not isinstance(experiment, Experiment) or experiment.status == Experiment.Status.DRAFT


def _find(object_id: str) -> Experiment | None:
    if not object_id.isdecimal() or len(object_id) > 18:
        return None
    people = (
        *("created_by", "approved_by", "started_by", "stopped_by"),
        *("decided_by", "second_by", "unshipped_by", "archived_by"),
    )
    return Experiment.objects.select_related(*people).filter(pk=int(object_id)).first()
