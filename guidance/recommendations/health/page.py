"""What the fairness and health page shows: one kept report, its tables and figures, the alerts."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.translation import gettext as _

from guidance.recommendations.health import wording
from guidance.recommendations.health.cells import Table
from guidance.recommendations.health.forms import ScopeForm
from guidance.recommendations.health.links import Links
from guidance.recommendations.health.models import HealthAlert, HealthReport
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.health.sections import sections
from guidance.recommendations.health.selectors import kept_report, scope_of
from guidance.recommendations.health.services import active_job

# More would push the figures off the page; the list of alerts holds all.
MOST_ALERTS = 6
COMPUTES = "recommendations.add_healthreport"
ACKNOWLEDGES = "recommendations.change_healthalert"


def health_page(request: HttpRequest, report: HealthReport | None = None) -> dict[str, Any]:
    """Return the page's context: of the report given, or of the one the address asks for."""
    scope, report = asked(request.GET, report)
    query = {"report": report.pk} if report else _query(scope)
    found = report.figures if report else {}
    job = active_job(scope)
    # By name an alarm comes before what is worth a look.
    alerts = list(
        HealthAlert.objects.open().select_related("acknowledged_by").order_by("severity", "-since")
    )
    return {
        "title": _("Fairness and health"),
        "form": ScopeForm.filled(_query(scope)),
        "scope": scope,
        "query": urlencode(query),
        "fields": query,
        "report": report,
        "totals": totals(found),
        "sections": sections(found, Links(scope, request.user)) if report else [],
        "decisions_url": Links(scope, request.user).decisions(),
        "job": job if request.user.has_perm("core.view_job") else None,
        "is_computing": job is not None,
        "may_compute": request.user.has_perm(COMPUTES),
        "alerts": [_alert(alert) for alert in alerts[:MOST_ALERTS]],
        "more_alerts": len(alerts[MOST_ALERTS:]),
        "may_acknowledge": request.user.has_perm(ACKNOWLEDGES),
        "may_open_alerts": request.user.has_perm("recommendations.view_healthalert"),
        "may_open_thresholds": request.user.has_perm("recommendations.view_healththreshold"),
    }


def asked(
    query: Mapping[str, Any], report: HealthReport | None
) -> tuple[Scope, HealthReport | None]:
    """Return the report given, or the one kept of the scope that `query` asks for, and before it
    the scope that it was computed for; where there is none, the scope asked for."""
    if report is None:
        scope = ScopeForm(query).scope()
        report = kept_report(scope)
        if report is None:
            return scope, None
    return scope_of(report), report


def find_table(request: HttpRequest, report: HealthReport | None) -> Table:
    """Return the table that the address names, the first where it names none; without its rows
    where nothing was computed yet."""
    scope, report = asked(request.GET, report)
    links = Links(scope, request.user)
    tables = {
        part.table.key: part.table
        for section in sections(report.figures if report else {}, links)
        for part in section.parts
    }
    return tables.get(request.GET.get("table", ""), next(iter(tables.values())))


def totals(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the report is about, as label and value."""
    if not found:
        return []
    days = found["days"]
    served, seen = (sum(day[name] for day in days) for name in ("served", "seen"))
    evenness = found["evenness"]
    return [
        (_("decisions served"), wording.number(served)),
        (_("seen"), wording.number(seen)),
        (_("products that may be recommended"), wording.number(evenness["recommendable"])),
        (_("of them shown"), wording.share(evenness["coverage"])),
        (_("Gini of exposure"), wording.number(evenness["gini"], 2)),
    ]


def _alert(alert: HealthAlert) -> dict[str, Any]:
    return {
        "row": alert,
        "subject": wording.subject_of(alert),
        "value": wording.measured(alert.measure, alert.value),
        "threshold": wording.measured(alert.measure, alert.threshold),
        "explanation": wording.explanation(alert.measure),
    }


def _query(scope: Scope) -> dict[str, Any]:
    return {
        "days": scope.days,
        "traffic": scope.source,
        "surface": scope.surface,
        "version": scope.version,
    }
