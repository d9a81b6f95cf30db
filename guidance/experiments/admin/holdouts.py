"""Holdouts: started with a share, ended by a button, never changed."""

import csv
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST
from unfold.decorators import display

from guidance.core.admin import GuidanceModelAdmin, acting_person, admin_page
from guidance.experiments.holdout_page import holdout_csv, holdout_page, read_days
from guidance.experiments.keys import key_problem
from guidance.experiments.models import Holdout
from guidance.experiments.pages import read_as_of
from guidance.experiments.selectors.holdouts import HoldoutReport, holdout_report
from guidance.experiments.services import end_holdout, start_holdout


class HoldoutForm(ModelForm):
    """A new holdout; what keeps it from starting is said on the form."""

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if Holdout.objects.filter(is_active=True).exists():
            raise ValidationError(_("Another holdout runs; end it first."))
        if problem := key_problem((cleaned or {}).get("key", ""), of=Holdout):
            raise ValidationError(problem)
        return cleaned


@admin.register(Holdout)
class HoldoutAdmin(GuidanceModelAdmin):
    form = HoldoutForm
    list_display = ["key", "share", "state_label", "since", "created_by", "ended_at", "ended_by"]
    list_select_related = ["created_by", "ended_by"]
    search_fields = ["key"]
    fields = ["key", "share", "seed"]
    started_fields = ["key", "share", "seed", "since", "created_by", "ended_at", "ended_by"]
    change_form_outer_before_template = "admin/experiments/holdout/end.html"

    @display(description=_("status"), label={"active": "success", "ended": "info"})
    def state_label(self, holdout: Holdout) -> tuple[str, Any]:
        return ("active", _("active")) if holdout.is_active else ("ended", _("ended"))

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.fields if obj is None else self.started_fields

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody changes one; the button that ends it asks by itself."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Holdout, form: ModelForm, change: bool) -> None:
        start_holdout(holdout=obj, actor=acting_person(request))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_end": super().has_change_permission(request)}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/end/", view(self.end), name="experiments_holdout_end"),
            path("<int:pk>/report/", view(self.report), name="experiments_holdout_report"),
            path("<int:pk>/report.csv", view(self.table), name="experiments_holdout_table"),
            *super().get_urls(),
        ]

    @method_decorator(require_GET)
    def report(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what models and tests bring against those held out."""
        holdout = self._seen(request, pk)
        try:
            found = _asked(request, holdout)
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
            return redirect("admin:experiments_holdout_report", pk)
        return admin_page(
            self,
            request,
            "admin/experiments/holdout/report.html",
            original=holdout,
            title=_("What models and tests bring: %(key)s") % {"key": holdout.key},
            **holdout_page(found),
        )

    @method_decorator(require_GET)
    def table(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Answer the report as CSV."""
        holdout = self._seen(request, pk)
        try:
            found = _asked(request, holdout)
        except ValidationError as problem:
            return HttpResponse(" ".join(problem.messages), status=400)
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="{holdout.key}.csv"'
        csv.writer(answer).writerows(holdout_csv(found))
        return answer

    def _seen(self, request: HttpRequest, pk: int) -> Holdout:
        holdout = get_object_or_404(Holdout, pk=pk)
        if not self.has_view_permission(request, holdout):
            raise PermissionDenied
        return holdout

    @method_decorator(require_POST)
    def end(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Let the held out meet what everybody meets."""
        if not super().has_change_permission(request):
            raise PermissionDenied
        try:
            holdout = get_object_or_404(Holdout, pk=pk)
            end_holdout(holdout=holdout, actor=acting_person(request))
            messages.success(request, _("The holdout has ended."))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        return redirect("admin:experiments_holdout_change", pk)


def _asked(request: HttpRequest, holdout: Holdout) -> HoldoutReport:
    """Return the report that an address asks for; raises ValidationError for days that are none."""
    days, as_of = read_days(request.GET, holdout), read_as_of(request.GET)
    return holdout_report(holdout, *days, as_of=as_of)
