"""Behaviour analysis in a real browser: figures, points that open shoppers, on a phone too."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from guidance.behaviour.models import Analysis, Event
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
BASE = "/admin/behaviour/savedview"


@pytest.fixture
def analysis(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> Callable[..., Page]:
    """Open an analysis of a small shop; an error in the console fails."""
    now = timezone.now() - timedelta(days=3)
    for place in range(12):
        shopper = factories.customer()
        for step, kind in enumerate(("view", "search", "cart", "purchase")[: 1 + place % 4]):
            factories.event(
                kind=kind,
                customer=shopper,
                occurred_at=now - timedelta(days=place) + timedelta(minutes=step),
                text="oat milk" if kind == "search" else "",
                result_count=0 if kind == "search" else None,
                price=5 if kind == "purchase" else None,
            )
    mark_days(moments=Event.objects.values_list("occurred_at", "source"))
    advance_rollups()
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    log_in(person(Role.ANALYST))

    def open_it(kind: str, query: str = "", *, dark: bool = False, width: int = 1280) -> Page:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"{BASE}/analysis/{kind}/{query}")
        assert errors == []
        return page

    return open_it


@pytest.mark.parametrize("kind", Analysis.values)
def test_every_analysis_is_drawn_and_nothing_runs_off_a_phones_page(
    analysis: Callable[..., Page], kind: str
) -> None:
    for dark, width in ((False, 1280), (True, 390)):
        page = analysis(kind, dark=dark, width=width)
        figures = page.locator(".sg-figure svg.main-svg")
        expect(figures.first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for figure in figures.all():
            box = figure.bounding_box()
            assert box is None or box["x"] + box["width"] <= width


def test_a_number_opens_its_shoppers_by_keyboard(analysis: Callable[..., Page]) -> None:
    page = analysis("funnel")
    page.locator("button[value=reached-0]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/shoppers/*/")
    expect(page.get_by_text("12 shoppers")).to_be_visible()
    page.get_by_role("link", name="Back to the analysis").click()
    page.wait_for_url("**/analysis/funnel/**")


@pytest.mark.parametrize(
    ("kind", "mark", "point"),
    [
        ("funnel", ".funnellayer .point path", "reached-0"),
        ("paths", ".sankey-link", "move-"),
        ("segments", ".barlayer .point path", "segment-"),
        ("cohorts", ".heatmaplayer image", "came-"),
    ],
)
def test_a_point_of_a_figure_opens_its_shoppers(
    analysis: Callable[..., Page], kind: str, mark: str, point: str
) -> None:
    page = analysis(kind)
    expect(page.locator(".sg-figure svg.main-svg").first).to_be_visible()
    boxes = [box for one in page.locator(mark).all() if (box := one.bounding_box())]
    box = max(boxes, key=lambda box: box["width"] * box["height"])
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
    page.mouse.move(x, y)
    page.mouse.click(x + 1, y)
    page.wait_for_url("**/shoppers/*/")
    assert AuditEntry.objects.get(verb="open_shoppers").details["point"].startswith(point)


def test_days_typed_in_are_chosen_and_a_view_is_saved(analysis: Callable[..., Page]) -> None:
    page = analysis("segments")
    page.fill("input[name=start]", "2026-01-05")
    page.fill("input[name=end]", "2026-01-06")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**start=2026-01-05&end=2026-01-06**")
    expect(page.locator("select[name=days]")).to_have_value("")
    page.get_by_text("Save this view").click()
    page.get_by_label("Name").fill("January")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as “January”.")).to_be_visible()
    page.get_by_role("link", name="Saved views").first.click()
    page.get_by_role("link", name="January").click()
    page.wait_for_url("**/analysis/segments/?start=2026-01-05&end=2026-01-06")
