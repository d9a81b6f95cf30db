"""The fairness and health page, the alerts and their thresholds."""

import csv
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.decorators import display

from guidance.core.admin import (
    GuidanceModelAdmin,
    ReadOnlyAdmin,
    acting_person,
    admin_page,
    url_back,
)
from guidance.recommendations.health import page, wording
from guidance.recommendations.health.filters import StateFilter
from guidance.recommendations.health.forms import AcknowledgeForm
from guidance.recommendations.health.models import HealthAlert, HealthReport, HealthThreshold
from guidance.recommendations.health.services import (
    acknowledge_alert,
    request_report,
    save_threshold,
)

SEVERITY_COLOURS = {HealthAlert.Severity.ALARM: "danger", HealthAlert.Severity.LOOK: "warning"}


@admin.register(HealthReport)
class HealthReportAdmin(ReadOnlyAdmin):
    """One page instead of a list: the report that the address asks for."""

    page_template = "admin/recommendations/healthreport/page.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._require_view(request)
        return admin_page(self, request, self.page_template, **page.health_page(request))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self._require_view(request)
        context = page.health_page(request, self._kept(request, object_id))
        return admin_page(self, request, self.page_template, **context)

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site.admin_view
        own = [
            path("compute/", site(self.compute), name="recommendations_healthreport_compute"),
            path("table.csv", site(self.table), name="recommendations_healthreport_table"),
        ]
        return own + super().get_urls()

    @method_decorator(require_POST)
    def compute(self, request: HttpRequest) -> HttpResponse:
        """Have a job compute the report that the page shows."""
        if not request.user.has_perm(page.COMPUTES):
            raise PermissionDenied
        scope, _report = page.asked(request.POST, self._named(request, request.POST))
        request_report(scope=scope, requested_by=acting_person(request))
        messages.success(request, _("The figures are being computed."))
        fallback = reverse("admin:recommendations_healthreport_changelist")
        return redirect(url_back(request, fallback=fallback))

    def table(self, request: HttpRequest) -> HttpResponse:
        """Answer one table of the page as CSV."""
        self._require_view(request)
        found = page.find_table(request, self._named(request, request.GET))
        answer = HttpResponse(content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="health-{found.key}.csv"'
        # By this mark spreadsheets know UTF-8.
        answer.write("\ufeff")
        csv.writer(answer).writerows(found.csv_rows())
        return answer

    def _named(self, request: HttpRequest, query: QueryDict) -> HealthReport | None:
        """Return the report whose id a query holds; None where it asks by scope."""
        return self._kept(request, str(query["report"])) if "report" in query else None

    def _kept(self, request: HttpRequest, object_id: str) -> HealthReport:
        report = self.get_object(request, object_id)
        if report is None:
            raise Http404
        return report

    def _require_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied


@admin.register(HealthAlert)
class HealthAlertAdmin(ReadOnlyAdmin):
    """What was beyond its threshold, since when, and who looked into it."""

    list_display = [
        *("since", "measure_label", "about", "severity_label", "measured", "allowed"),
        *("acknowledged_by", "resolved_at"),
    ]
    list_filter = [StateFilter, "severity", "measure"]
    list_select_related = ["acknowledged_by"]
    fields = [
        *("measure", "about", "severity", "measured", "allowed", "since", "evaluated_at"),
        *("resolved_at", "acknowledged_at", "acknowledged_by", "note"),
    ]
    change_form_outer_before_template = "admin/recommendations/healthalert/acknowledge.html"

    @admin.display(description=_("measure"), ordering="measure")
    def measure_label(self, alert: HealthAlert) -> str:
        return alert.get_measure_display()

    @admin.display(description=_("of"))
    def about(self, alert: HealthAlert) -> str:
        return wording.subject_of(alert)

    @display(description=_("severity"), label=SEVERITY_COLOURS)
    def severity_label(self, alert: HealthAlert) -> tuple[str, str]:
        return alert.severity, alert.get_severity_display()

    @admin.display(description=_("value"))
    def measured(self, alert: HealthAlert) -> str:
        return wording.measured(alert.measure, alert.value)

    @admin.display(description=_("threshold"))
    def allowed(self, alert: HealthAlert) -> str:
        return wording.measured(alert.measure, alert.threshold)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = {"may_acknowledge": request.user.has_perm(page.ACKNOWLEDGES)}
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        acknowledge = self.admin_site.admin_view(self.acknowledge)
        name = "recommendations_healthalert_acknowledge"
        return [path("<uuid:pk>/acknowledge/", acknowledge, name=name), *super().get_urls()]

    @method_decorator(require_POST)
    def acknowledge(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Note who looked into an alert and what they found."""
        if not request.user.has_perm(page.ACKNOWLEDGES):
            raise PermissionDenied
        alert, form = get_object_or_404(HealthAlert, pk=pk), AcknowledgeForm(request.POST)
        try:
            if not form.is_valid():
                raise ValidationError(_("Write what you found, in at most 500 characters."))
            note = form.cleaned_data["note"]
            acknowledge_alert(alert=alert, note=note, actor=acting_person(request))
            messages.success(request, _("Noted. The alert stays open until its value is back."))
        except ValidationError as problem:
            messages.error(request, " ".join(problem.messages))
        fallback = reverse("admin:recommendations_healthalert_changelist")
        return redirect(url_back(request, fallback=fallback))


@admin.register(HealthThreshold)
class HealthThresholdAdmin(GuidanceModelAdmin):
    """From when on each measure is worth a look, and from when an alarm."""

    list_display = ["measure_label", "look_label", "alarm_label", "is_watched"]
    fields = ["measure", "explained", "look", "alarm", "is_watched"]
    readonly_fields = ["measure", "explained"]

    @admin.display(description=_("measure"), ordering="measure")
    def measure_label(self, threshold: HealthThreshold) -> str:
        return threshold.get_measure_display()

    @admin.display(description=_("worth a look from"), ordering="look")
    def look_label(self, threshold: HealthThreshold) -> str:
        return wording.thresholds_in_words(threshold)[0]

    @admin.display(description=_("alarm from"), ordering="alarm")
    def alarm_label(self, threshold: HealthThreshold) -> str:
        return wording.thresholds_in_words(threshold)[1]

    @admin.display(description=_("what it says"))
    def explained(self, threshold: HealthThreshold) -> str:
        return wording.explanation(threshold.measure)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: HealthThreshold, form: forms.ModelForm, change: bool
    ) -> None:
        save_threshold(threshold=obj, changed=form.changed_data, actor=acting_person(request))
