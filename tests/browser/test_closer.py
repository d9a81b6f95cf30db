"""An experiment looked at closer, and a holdout's report, in a real browser."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from guidance.behaviour.models import Event
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment, Holdout
from tests import factories
from tests.experiments.conftest import start
from tests.experiments.counted import count_everybody

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
START = timezone.now() - timedelta(days=12)


def _traffic() -> tuple[Experiment, Holdout]:
    """Nine days of an experiment whose model gains, and of a holdout beside it."""
    experiment = start(stop_rule="sequential")
    Experiment.objects.filter(pk=experiment.pk).update(started_at=START)
    holdout = factories.holdout(
        key="held", share=Decimal("0.2"), since=START, is_active=True, ended_at=None
    )
    shoppers = Customer.objects.bulk_create(
        Customer(ref=f"s{n}", tier="gold" if n % 3 else "", language=("en", "zh")[n % 2])
        for n in range(900)
    )
    decisions, events = [], []
    for n, one in enumerate(shoppers):
        key, arm = (
            ("held", "held-out") if n % 5 == 0 else ("home-test", ("model", "baseline")[n % 2])
        )
        at = START + timedelta(days=n % 9, hours=2)
        made = Decision(
            customer=one, surface="home", policy="model", experiment=key, arm=arm, at=at
        )
        decisions.append(made)
        shown = {"customer": one, "decision": made.pk, "occurred_at": at}
        events.append(Event(kind="impression", **shown))
        if n % 7 < (4 if arm == "model" else 2):
            events.append(Event(kind="click", **shown))
        if n % 11 < (2 if key == "held" else 4):
            later = at + timedelta(hours=3)
            events.append(Event(kind="purchase", customer=one, price=20, occurred_at=later))
    Decision.objects.bulk_create(decisions)
    Event.objects.bulk_create(events)
    count_everybody()
    return experiment, holdout


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_closer_pages_fit_and_draw(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    width: int,
    language: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    experiment, holdout = _traffic()
    log_in(person(Role.ANALYST, "ada", language))
    one = f"/admin/experiments/experiment/{experiment.pk}"
    for name, address in {
        "report": f"{one}/change/",
        "time": f"{one}/time/",
        "segments": f"{one}/segments/",
        "outlook": f"{one}/outlook/",
        "holdout": f"/admin/experiments/holdout/{holdout.pk}/report/",
        "end": f"/admin/experiments/holdout/{holdout.pk}/change/",
    }.items():
        page.goto(address)
        if name == "time":
            expect(page.locator(".sg-figure svg").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder := os.environ.get("SHOTS"):
            path = Path(folder) / f"{name}-{width}-{language}.png"
            page.screenshot(path=path, full_page=True)
