"""An experiment's life in a real browser, on a telephone too, by keyboard alone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from guidance.core.models import User
from guidance.core.roles import Role
from guidance.experiments.models import Experiment
from tests import factories
from tests.experiments.conftest import draft, start

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
PAGES = "/admin/experiments/experiment/"


@pytest.mark.parametrize("width", [1280, 390])
def test_a_colleague_approves_starts_and_decides_by_keyboard(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    factories.surface(key="home", policy="popularity")
    ada, bob = person(Role.ANALYST, "ada"), person(Role.ANALYST, "bob")
    experiment = draft(actor=ada, guardrails=["satisfaction"])
    log_in(ada)
    page.goto(f"{PAGES}{experiment.pk}/change/")
    expect(page.get_by_text("You wrote this experiment")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log_in(bob)
    page.reload()
    page.get_by_role("button", name="Approve").press("Enter")
    expect(page.get_by_text("Approved: its plan is frozen.")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).press("Enter")
    expect(page.get_by_text("The experiment runs.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("summary", has_text="Decide").press("Enter")
    page.get_by_label("Ship model: every shopper gets it").press("Space")
    page.get_by_label("Why?").fill("We want to see it everywhere.")
    page.get_by_label("Why?").press("Enter")
    expect(page.get_by_text("Somebody else must confirm it before it holds.")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log_in(ada)
    page.reload()
    page.get_by_role("button", name="Confirm the decision").press("Enter")
    expect(page.get_by_text("bob, confirmed by ada")).to_be_visible()
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_text("Taken back: the surface does what it did before.")).to_be_visible()
    assert Experiment.objects.get().status == "decided"


def test_a_report_as_of_a_past_day_is_asked_for_on_the_page(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    log_in(person(Role.ANALYST))
    experiment = start()
    page.goto(f"{PAGES}{experiment.pk}/change/")
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    page.get_by_label("As of").fill(day)
    page.get_by_role("button", name="Show").press("Enter")
    expect(page.get_by_text("decisions made and events received by then")).to_be_visible()
    page.get_by_role("link", name="Show today's").click()
    expect(page.get_by_text("decisions made and events received by then")).to_have_count(0)


def test_a_draft_is_written_on_its_form(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    log_in(person(Role.ANALYST))
    page.goto(f"{PAGES}add/")
    page.locator("[name=name]").fill("Home")
    page.locator("[name=key]").fill("home")
    page.locator("[name=surface]").fill("home")
    for place, key in enumerate(("control", "model")):
        page.locator(f"[name=arms-{place}-key]").fill(key)
        page.locator(f"[name=arms-{place}-weight]").fill("0.5")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("Before it can be approved:")).to_be_visible()
    expect(page.get_by_text("Exactly one arm must be the control.")).to_be_visible()
