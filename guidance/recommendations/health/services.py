"""Writes of health: reports asked for and kept, thresholds set, alerts opened and closed."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.core.locks import hold_lock
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from guidance.recommendations.health.findings import Finding
from guidance.recommendations.health.measures import DEFAULTS, Measure
from guidance.recommendations.health.models import HealthAlert, HealthReport, HealthThreshold
from guidance.recommendations.health.scope import Scope

JOB_KIND = "health_report"
# An alert whose measure could not be taken for so long is closed: nobody can say it still holds.
UNMEASURED_FOR = timedelta(days=28)
Key = tuple[str, str, str]


def active_job(scope: Scope) -> Job | None:
    """Return the job that waits or computes for this scope."""
    jobs = Job.objects.active().filter(kind=JOB_KIND)
    return next((job for job in jobs if job.params == scope.as_params()), None)


@transaction.atomic
def request_report(*, scope: Scope, requested_by: User | None) -> Job:
    """Have a job compute the scope's report; the one already on its way where there is one."""
    hold_lock("recommendations.health.request")
    return active_job(scope) or request_job(
        kind=JOB_KIND, params=scope.as_params(), requested_by=requested_by
    )


@transaction.atomic
def save_report(*, scope: Scope, figures: dict[str, Any]) -> HealthReport:
    """Keep a computed report in place of the scope's last one; it changes nothing to be audited."""
    report, _created = HealthReport.objects.update_or_create(
        source=scope.source,
        surface=scope.surface,
        policy_version=scope.version,
        days=scope.days,
        defaults={"last_day": scope.last, "computed_at": timezone.now(), "figures": figures},
    )
    return report


@transaction.atomic
def save_threshold(
    *, threshold: HealthThreshold, changed: Sequence[str], actor: User | None
) -> None:
    """Write the changed fields of a threshold; the next evaluation goes by them."""
    if not changed:
        return
    threshold.save(update_fields=changed)
    record_audit(
        actor=actor,
        verb="update_health_threshold",
        target=threshold,
        details={name: getattr(threshold, name) for name in changed},
    )


@transaction.atomic
def acknowledge_alert(*, alert: HealthAlert, note: str, actor: User) -> HealthAlert:
    """Note who looked into an open alert and what they found; it stays open till its value is back.

    Raises ValidationError where it is closed or somebody was first.
    """
    locked = HealthAlert.objects.select_for_update().get(pk=alert.pk)
    if locked.resolved_at is not None:
        raise ValidationError(_("The alert is closed: its value is back to normal."))
    if locked.acknowledged_at is not None:
        raise ValidationError(
            _("%(person)s has looked into it already.") % {"person": locked.acknowledged_by or "–"}
        )
    locked.acknowledged_at, locked.acknowledged_by = timezone.now(), actor
    locked.note = note
    locked.full_clean(exclude=["subject", "surface"])
    locked.save(update_fields=["acknowledged_at", "acknowledged_by", "note"])
    record_audit(
        actor=actor, verb="acknowledge_health_alert", target=locked, details={"note": note}
    )
    return locked


@transaction.atomic
def evaluate_alerts(*, found: Iterable[Finding], now: datetime | None = None) -> int:
    """Hold what was found against the thresholds; return how many alerts were opened.

    An alert that goes on is kept as it is, its value brought up to date; one that turned from
    worth a look into an alarm waits for a person again; one whose value is back is closed. A
    measure that could not be taken neither opens nor closes, for `UNMEASURED_FOR` at most.
    """
    hold_lock("recommendations.health.alerts")
    at = now or timezone.now()
    thresholds = {one.measure: one for one in HealthThreshold.objects.all()}
    open_alerts = {_key(alert): alert for alert in HealthAlert.objects.select_for_update().open()}
    opened = 0
    for finding in found:
        judged = _judge(finding, thresholds.get(finding.measure))
        alert = open_alerts.pop((finding.measure, finding.surface, finding.subject), None)
        if judged is None and alert is not None:
            _close(alert, at, value=finding.value)
        elif judged is not None and alert is not None:
            _go_on(alert, finding, *judged, at)
        elif judged is not None:
            _open(finding, *judged, at)
            opened += 1
    for alert in open_alerts.values():
        watched = thresholds.get(alert.measure)
        if (watched and not watched.is_watched) or alert.evaluated_at < at - UNMEASURED_FOR:
            _close(alert, at, value=alert.value)
    return opened


def _key(alert: HealthAlert) -> Key:
    return alert.measure, alert.surface, alert.subject


def _judge(finding: Finding, threshold: HealthThreshold | None) -> tuple[str, float] | None:
    """Return the severity and the threshold that was crossed; None where none was."""
    default = DEFAULTS[finding.measure]
    if threshold is not None and not threshold.is_watched:
        return None
    levels = (
        (HealthAlert.Severity.ALARM, threshold.alarm if threshold else default.alarm),
        (HealthAlert.Severity.LOOK, threshold.look if threshold else default.look),
    )
    for severity, level in levels:
        if finding.certain <= level if default.falls else finding.certain >= level:
            return severity, _limit(finding, level)
    return None


def _limit(finding: Finding, level: float) -> float:
    """Return the threshold on the value's own side: a group shown too little is judged by its ratio
    the other way round."""
    is_below = finding.measure == Measure.DISPARATE_EXPOSURE and finding.value < 1
    return 1 / level if is_below and level > 0 else level


def _open(finding: Finding, severity: str, level: float, at: datetime) -> None:
    alert = HealthAlert.objects.create(
        measure=finding.measure,
        surface=finding.surface,
        subject=finding.subject,
        severity=severity,
        value=finding.value,
        threshold=level,
        since=at,
        evaluated_at=at,
    )
    details = {"value": finding.value, "threshold": level, "severity": severity}
    record_audit(actor=None, verb="open_health_alert", target=alert, details=details)


def _go_on(alert: HealthAlert, finding: Finding, severity: str, level: float, at: datetime) -> None:
    worse = severity == HealthAlert.Severity.ALARM and alert.severity != severity
    alert.value, alert.threshold, alert.severity = finding.value, level, severity
    alert.evaluated_at = at
    if worse:
        alert.acknowledged_at = alert.acknowledged_by = None
        alert.note = ""
        details = {"value": finding.value, "threshold": level}
        record_audit(actor=None, verb="escalate_health_alert", target=alert, details=details)
    alert.save()


def _close(alert: HealthAlert, at: datetime, *, value: float) -> None:
    alert.value, alert.evaluated_at, alert.resolved_at = value, at, at
    alert.save(update_fields=["value", "evaluated_at", "resolved_at"])
    record_audit(actor=None, verb="close_health_alert", target=alert, details={"value": value})
