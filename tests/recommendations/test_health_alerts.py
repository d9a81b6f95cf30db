"""Alerts of health: opened once, kept up, closed; who looked into them; their thresholds."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.recommendations.health.findings import Finding, findings
from guidance.recommendations.health.measures import DEFAULTS
from guidance.recommendations.health.models import HealthAlert, HealthThreshold
from guidance.recommendations.health.services import UNMEASURED_FOR, evaluate_alerts
from guidance.recommendations.health.wording import subject_of
from tests import factories


def _drift(value: float, **more: Any) -> int:
    found = Finding("input_drift", "", "language", value, value)
    return evaluate_alerts(found=[found], **more)


def _verbs(alert: HealthAlert) -> list[str]:
    entries = AuditEntry.objects.filter(object_id=str(alert.pk)).order_by("pk")
    return list(entries.values_list("verb", flat=True))


def _acknowledge(client: Client, alert: HealthAlert, note: str) -> str:
    address = reverse("admin:recommendations_healthalert_acknowledge", args=[alert.pk])
    answer = client.post(address, {"note": note}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_an_alert_is_opened_once_brought_up_to_date_and_closed(db: None) -> None:
    assert _drift(0.05) == 0
    assert (_drift(0.15), _drift(0.2)) == (1, 0)
    alert = HealthAlert.objects.get()
    assert (alert.value, alert.threshold, alert.severity) == (0.2, 0.1, "look")
    assert _drift(0.05) == 0
    alert.refresh_from_db()
    assert alert.resolved_at is not None
    assert alert.value == 0.05
    assert _verbs(alert) == ["open_health_alert", "close_health_alert"]
    assert _drift(0.15) == 1


def test_an_alert_that_gets_worse_waits_for_a_person_again(
    desk: Callable[..., Client],
) -> None:
    _drift(0.15)
    alert = HealthAlert.objects.get()
    _acknowledge(desk(Role.ANALYST), alert, "a new market")
    _drift(0.3)
    alert.refresh_from_db()
    assert (alert.severity, alert.threshold) == ("alarm", 0.25)
    assert (alert.acknowledged_at, alert.note) == (None, "")
    assert "escalate_health_alert" in _verbs(alert)
    assert list(HealthAlert.objects.waiting()) == [alert]


def test_only_what_is_no_accident_is_judged(db: None) -> None:
    evaluate_alerts(found=[Finding("ctr_drop", "home", "", 0.4, 0.0)])
    assert not HealthAlert.objects.exists()


def test_coverage_alarms_when_it_falls(db: None) -> None:
    evaluate_alerts(found=[Finding("low_coverage", "", "", 0.01, 0.01)])
    assert HealthAlert.objects.get().severity == "alarm"
    evaluate_alerts(found=[Finding("low_coverage", "", "", 0.5, 0.5)])
    assert not HealthAlert.objects.open().exists()


@pytest.mark.parametrize(
    ("value", "certain", "threshold"),
    [(0.4, 2.1, 0.5), (0.7, 1.3, 0.8), (1.6, 1.3, 1.25), (2.5, 2.1, 2.0)],
)
def test_a_group_shown_too_little_is_told_its_threshold_on_its_own_side(
    db: None, value: float, certain: float, threshold: float
) -> None:
    evaluate_alerts(found=[Finding("disparate_exposure", "", "brand: Acme", value, certain)])
    assert HealthAlert.objects.get().threshold == threshold


def test_groups_of_long_names_that_begin_alike_have_an_alert_each(db: None) -> None:
    names = ["a" * 298 + end for end in "xy"]
    figures = {
        "came_in": {"rows": []}, "answered": [], "changes": {}, "popularity": [],
        "exposure": {
            "category": [{"label": name, "by_purchases": [3.0, 2.5, 3.5]} for name in names]
        },
        "evenness": {"coverage": None}, "needs_seen": True, "days": [],
        "calibration": {"mean": None, "everybody": None}, "quality": {"all": {"rows": []}},
    }  # fmt: skip
    assert evaluate_alerts(found=findings(figures)) == 2
    assert evaluate_alerts(found=findings(figures)) == 0
    for alert in HealthAlert.objects.all():
        alert.full_clean()


def _figures(quality: dict[str, Any], calibration: dict[str, Any]) -> dict[str, Any]:
    kinds = ("all", "tier", "market", "language", "country")
    nothing = {"came_in": {"rows": []}, "answered": [], "changes": {}, "popularity": []}
    return {
        **nothing,
        "exposure": {},
        "evenness": {"coverage": None},
        "needs_seen": True,
        "days": [],
        "calibration": calibration,
        "quality": {kind: {"rows": quality.get(kind, [])} for kind in kinds},
    }


def _row(label: str, ctr: list[float] | None, ndcg: list[float] | None = None) -> dict[str, Any]:
    return {"label": label, "ctr": ctr, "ndcg": ndcg}


def test_a_group_served_worse_than_all_is_an_alert_unless_it_may_be_chance(db: None) -> None:
    quality = {
        "all": [_row("all", [0.20, 0.19, 0.21], [0.5, 0.48, 0.52])],
        "tier": [
            _row("gold", [0.08, 0.06, 0.09], [0.3, 0.1, 0.5]),
            _row("silver", [0.10, 0.02, 0.18]),
            _row("", [0.01, 0.0, 0.02]),
            _row("*", [0.01, 0.0, 0.02]),
        ],
        "country": [_row("DE", None, [0.2, 0.18, 0.22])],
    }
    nothing = {"mean": None, "everybody": None}
    assert evaluate_alerts(found=findings(_figures(quality, nothing))) == 2
    gold = HealthAlert.objects.get(measure="group_ctr")
    assert (gold.subject, gold.severity) == ("tier: gold", "alarm")
    assert gold.value == pytest.approx(0.6)
    assert subject_of(gold) == "membership tier: gold"
    assert HealthAlert.objects.get(measure="group_ndcg").subject == "country: DE"


@pytest.mark.parametrize(
    ("mean", "everybody", "severity"),
    [
        ([0.9, 0.8, 1.0], 0.5, "alarm"),
        ([0.6, 0.55, 0.65], 0.5, "look"),
        ([0.6, 0.4, 0.8], 0.5, None),
        ([0.3, 0.28, 0.32], 0.5, None),
        ([0.02, 0.02, 0.02], 0.001, None),
    ],
)
def test_lists_further_from_tastes_than_one_for_everybody_are_an_alert(
    db: None, mean: list[float], everybody: float, severity: str | None
) -> None:
    evaluate_alerts(found=findings(_figures({}, {"mean": mean, "everybody": everybody})))
    found = list(HealthAlert.objects.values_list("measure", "severity"))
    assert found == ([("miscalibration", severity)] if severity else [])


def test_what_could_not_be_measured_stays_open_for_a_while_only(db: None) -> None:
    _drift(0.15)
    evaluate_alerts(found=[])
    assert HealthAlert.objects.open().exists()
    evaluate_alerts(found=[], now=timezone.now() + UNMEASURED_FOR + timedelta(days=1))
    assert not HealthAlert.objects.open().exists()


def test_a_measure_that_is_no_longer_watched_closes_its_alerts(db: None) -> None:
    _drift(0.15)
    HealthThreshold.objects.update_or_create(
        measure="input_drift", defaults={"look": 0.1, "alarm": 0.25, "is_watched": False}
    )
    assert _drift(0.15) == 0
    assert not HealthAlert.objects.open().exists()


def test_who_looked_into_an_alert_is_kept_and_the_second_is_told(
    desk: Callable[..., Client],
) -> None:
    alert = factories.health_alert()
    assert "Noted" in _acknowledge(desk(Role.MERCHANDISER, "mia"), alert, "a sale")
    said = _acknowledge(desk(Role.ANALYST, "ada"), alert, "me too")
    assert said == "mia has looked into it already."
    alert.refresh_from_db()
    assert (str(alert.acknowledged_by), alert.note, alert.resolved_at) == ("mia", "a sale", None)
    entry = AuditEntry.objects.get(verb="acknowledge_health_alert")
    assert (str(entry.actor), entry.details["note"]) == ("mia", "a sale")


def test_a_closed_alert_an_empty_note_and_a_mere_reader_are_refused(
    desk: Callable[..., Client],
) -> None:
    closed = factories.health_alert(resolved_at=timezone.now())
    client = desk(Role.ANALYST)
    assert "is closed" in _acknowledge(client, closed, "late")
    alert = factories.health_alert()
    assert "Write what you found" in _acknowledge(client, alert, "  ")
    address = reverse("admin:recommendations_healthalert_acknowledge", args=[alert.pk])
    assert client.get(address).status_code == 405
    assert desk(Role.COMPLIANCE).post(address, {"note": "x"}).status_code == 403
    assert not AuditEntry.objects.filter(verb="acknowledge_health_alert").exists()


def test_the_dashboard_shows_a_waiting_alert_to_those_who_may_act(
    desk: Callable[..., Client],
) -> None:
    factories.health_alert(severity="alarm")
    for role, shown in ((Role.ANALYST, True), (Role.MERCHANDISER, True), (Role.COMPLIANCE, False)):
        waiting = desk(role).get(reverse("admin:index")).context["dashboard"]["waiting"]
        found = {one.key: one for one in waiting}
        assert ("health-alerts" in found) is shown
        if shown:
            assert (found["health-alerts"].count, found["health-alerts"].tone) == (1, "alarm")


def test_the_page_shows_alarms_first_and_says_how_many_more_there_are(
    desk: Callable[..., Client],
) -> None:
    for n in range(8):
        factories.health_alert(subject=f"brand: b{n}", measure="disparate_exposure")
    alarm = factories.health_alert(
        severity="alarm", subject="policy", since=timezone.now() - timedelta(days=9)
    )
    page = desk(Role.ANALYST).get(reverse("admin:recommendations_healthreport_changelist"))
    assert page.context["alerts"][0]["row"] == alarm
    assert page.context["more_alerts"] == 3
    assert "And 3 more." in page.content.decode()


@pytest.mark.parametrize(
    ("measure", "look", "alarm"),
    [("input_drift", 0.3, 0.2), ("input_drift", -0.1, 0.2), ("low_coverage", 0.1, 0.2)],
)
def test_the_database_refuses_thresholds_that_make_no_sense(
    db: None, measure: str, look: float, alarm: float
) -> None:
    HealthThreshold.objects.filter(measure=measure).delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        HealthThreshold.objects.create(measure=measure, look=look, alarm=alarm)


def test_every_measure_has_a_threshold_to_set(db: None) -> None:
    kept = HealthThreshold.objects.values_list("measure", "look", "alarm")
    assert set(kept) == {(name, one.look, one.alarm) for name, one in DEFAULTS.items()}


def test_a_threshold_is_changed_at_the_desk_and_holds_from_then_on(
    desk: Callable[..., Client],
) -> None:
    threshold, _made = HealthThreshold.objects.get_or_create(
        measure="input_drift", defaults={"look": 0.1, "alarm": 0.25}
    )
    address = reverse("admin:recommendations_healththreshold_change", args=[threshold.pk])
    client = desk(Role.ANALYST)
    refused = client.post(address, {"look": 0.5, "alarm": 0.4, "is_watched": "on"})
    assert refused.status_code == 200
    assert refused.context["adminform"].form.errors
    client.post(address, {"look": 0.4, "alarm": 0.5, "is_watched": "on"})
    threshold.refresh_from_db()
    assert (threshold.look, threshold.alarm) == (0.4, 0.5)
    assert AuditEntry.objects.get(verb="update_health_threshold").details == {
        "look": 0.4,
        "alarm": 0.5,
    }
    assert _drift(0.3) == 0


@pytest.mark.parametrize(("look", "refused"), [(0, True), (0.9, True), (1, False)])
def test_exposure_has_no_threshold_below_proportion(
    desk: Callable[..., Client], look: float, refused: bool
) -> None:
    threshold = HealthThreshold.objects.get(measure="disparate_exposure")
    address = reverse("admin:recommendations_healththreshold_change", args=[threshold.pk])
    client = desk(Role.ANALYST)
    answer = client.post(address, {"look": look, "alarm": 2, "is_watched": "on"})
    assert (answer.status_code == 200) is refused
    if refused:
        assert "Exposure in proportion is 1" in answer.content.decode()


def test_the_page_stands_a_threshold_of_zero_from_before_it_was_refused(
    desk: Callable[..., Client],
) -> None:
    HealthThreshold.objects.filter(measure="disparate_exposure").update(look=0)
    factories.health_report(surface="")
    page = desk(Role.ANALYST).get(reverse("admin:recommendations_healthreport_changelist"))
    assert page.status_code == 200
    assert "beyond 1.00 or below 1.00" in page.content.decode()


def test_a_threshold_saved_as_it_was_is_no_change_to_audit(desk: Callable[..., Client]) -> None:
    threshold, _made = HealthThreshold.objects.get_or_create(
        measure="input_drift", defaults={"look": 0.1, "alarm": 0.25}
    )
    address = reverse("admin:recommendations_healththreshold_change", args=[threshold.pk])
    same = {"look": threshold.look, "alarm": threshold.alarm, "is_watched": "on"}
    assert desk(Role.ANALYST).post(address, same).status_code == 302
    assert not AuditEntry.objects.filter(verb="update_health_threshold").exists()
