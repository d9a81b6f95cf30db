"""When rollups advance: soon after live events, asked for once, and every minute in any case."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django_q.models import OrmQ
from rest_framework.test import APIClient

from guidance.behaviour.models import DayRollup
from guidance.behaviour.tasks import roll_up
from guidance.core.hooks import schedules

URL = "/api/v1/events"


@pytest.fixture(autouse=True)
def nobody_asked_before(db: None) -> None:
    cache.clear()


def test_live_events_ask_a_worker_once(
    storefront: APIClient, event: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    for _number in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            storefront.post(URL, {"events": [event()]})
    [asked] = OrmQ.objects.all()
    assert asked.func() == "guidance.behaviour.tasks.roll_up"
    assert roll_up() == 1
    assert DayRollup.objects.get().events == 3


def test_what_writes_nothing_asks_nobody(
    storefront: APIClient, event: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    sent = event()
    storefront.post(URL, {"events": [sent]})
    with django_capture_on_commit_callbacks(execute=True):
        storefront.post(URL, {"events": [sent, event(kind="wink")]})
    assert not OrmQ.objects.exists()


def test_rollups_advance_every_minute() -> None:
    [recurring] = [s for s in schedules() if s.function == "guidance.behaviour.tasks.roll_up"]
    assert recurring.minutes == 1
