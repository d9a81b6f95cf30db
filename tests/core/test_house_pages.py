"""The house's own pages: who may cancel and send again, and what the audit trail keeps."""

from collections.abc import Callable

import pytest
from django.test import Client
from django_q.models import Failure, OrmQ

from guidance.core.models import AuditEntry, Job, Market, User
from guidance.core.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_job_is_cancelled_by_whoever_asked_for_it_or_may_run_its_kind(
    desk: Callable[..., Client], client: Client, person: Callable[..., User]
) -> None:
    asker = person(Role.MERCHANDISER, "asker")
    mine = factories.job(kind="draft_copy", requested_by=asker)
    other = factories.job(kind="import_shop")
    client.force_login(asker, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/admin/core/job/{other.pk}/cancel/").status_code == 403
    assert client.get(f"/admin/core/job/{mine.pk}/cancel/").status_code == 405
    assert client.post(f"/admin/core/job/{mine.pk}/cancel/").status_code == 302
    assert Job.objects.get(pk=mine.pk).status == Job.Status.CANCELLED
    desk(Role.ADMINISTRATOR).post(f"/admin/core/job/{other.pk}/cancel/")
    assert Job.objects.get(pk=other.pk).status == Job.Status.CANCELLED


def test_a_failed_job_shows_its_reason_without_a_traceback(desk: Callable[..., Client]) -> None:
    job = factories.job(status="failed", error="ValueError: no rows\n\nTraceback: /srv/secret.py")
    page = desk(Role.ADMINISTRATOR).get(f"/admin/core/job/{job.pk}/change/").content.decode()
    assert "ValueError: no rows" in page
    assert "/srv/secret.py" not in page


def test_a_failed_task_is_sent_again_once_by_those_who_may(desk: Callable[..., Client]) -> None:
    task = factories.failure()
    chosen = {"action": "send_again", "_selected_action": [task.pk]}
    desk(Role.ANALYST).post("/admin/django_q/failure/", chosen)
    assert not OrmQ.objects.exists()
    desk(Role.ADMINISTRATOR).post("/admin/django_q/failure/", chosen)
    assert OrmQ.objects.get().task["func"] == task.func
    assert not Failure.objects.exists()
    assert AuditEntry.objects.filter(verb="resubmit_task").count() == 1


def test_what_forms_write_reaches_the_audit_trail_without_its_secrets(
    desk: Callable[..., Client],
) -> None:
    market = factories.market()
    form = {"key": market.key, "name": "Tea", "language": "en", "currency": "EUR",
            "time_zone": "Europe/Berlin"}  # fmt: skip
    client = desk(Role.ADMINISTRATOR)
    client.post(f"/admin/core/market/{market.pk}/change/", form)
    assert Market.objects.get(pk=market.pk).name == "Tea"
    user = factories.user()
    secret = "a-new-Pass-1234"
    client.post(
        f"/admin/core/user/{user.pk}/password/",
        {"password1": secret, "password2": secret, "usable_password": "true"},
    )
    verbs = set(AuditEntry.objects.values_list("verb", flat=True))
    assert {"change_market", "change_user"} <= verbs
    assert not any(secret in str(e.details) for e in AuditEntry.objects.all())
