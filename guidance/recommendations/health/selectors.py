"""Reads of health that more than its page needs."""

from guidance.recommendations.health.models import HealthReport
from guidance.recommendations.health.scope import Scope


def scope_of(report: HealthReport) -> Scope:
    """Return what a kept report was computed for, whether or not one would ask for it today."""
    return Scope(report.source, report.surface, report.policy_version, report.days, report.last_day)


def kept_report(scope: Scope) -> HealthReport | None:
    """Return the scope's last computed report."""
    return HealthReport.objects.filter(
        source=scope.source, surface=scope.surface, policy_version=scope.version, days=scope.days
    ).first()
