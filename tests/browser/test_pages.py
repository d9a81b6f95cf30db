"""What a person meets on every page, in a real browser."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from guidance.core.models import User, WorkerHeartbeat
from guidance.core.roles import Role

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


def test_a_person_logs_in_and_meets_the_dashboard(page: Page, person: Callable[..., User]) -> None:
    person(Role.ANALYST, "ana")
    page.goto("/admin/")
    page.fill("input[name=username]", "ana")
    page.fill("input[name=password]", "correct horse battery staple")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/admin/")


def test_a_stopped_worker_is_said_and_a_started_one_takes_it_back(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    log_in(person(Role.MERCHANDISER))
    page.goto("/admin/")
    banner = page.locator("[data-worker-status]")
    expect(banner).to_be_visible()
    WorkerHeartbeat.objects.create(host="here", pid=1, at=timezone.now())
    expect(banner).to_be_hidden(timeout=10_000)
