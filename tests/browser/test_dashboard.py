"""The dashboard in a real browser: figures drawn in light and dark, on a phone, by keyboard."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from guidance.behaviour.models import Source
from guidance.core.models import User
from guidance.core.roles import Role
from tests import factories
from tests.console.dashboard_traffic import make_traffic

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
DRAWN = ".sg-figure svg.main-svg"


@pytest.fixture
def dashboard(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> Callable[..., Page]:
    """Open the dashboard of a shop with some days of traffic; an error in the console fails."""
    make_traffic(7, days=6, a_day=6)
    make_traffic(8, days=3, a_day=3, source=Source.REPLAY)
    factories.model_version(
        best_baseline="ease",
        metrics={key: {"repeats_allowed": {"ndcg@10": 0.2}} for key in ("model", "ease")},
    )
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    log_in(person(Role.ADMINISTRATOR))

    def open_it(query: str = "", *, dark: bool = False) -> Page:
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"/admin/{query}")
        assert errors == []
        return page

    return open_it


def _ink(page: Page) -> str:
    """Return the colour in which a figure's days are written."""
    return str(page.locator("[data-figure=figure-ctr] .xtick text").first.evaluate(
        "text => getComputedStyle(text).fill"
    ))  # fmt: skip


def test_every_figure_is_drawn_in_light_and_in_dark(dashboard: Callable[..., Page]) -> None:
    inks = []
    for dark in (False, True):
        page = dashboard(dark=dark)
        figures = page.locator(".sg-figure")
        assert figures.count() == 7
        for place in range(7):
            expect(figures.nth(place).locator("svg.main-svg").first).to_be_visible()
        assert page.locator("html.dark").count() == int(dark)
        inks.append(_ink(page))
    assert inks[0] != inks[1]


def test_figures_keep_their_place_while_the_page_loads(dashboard: Callable[..., Page]) -> None:
    page = dashboard()
    drawn = page.evaluate("document.querySelector('[data-figure=figure-ctr]').clientHeight")
    nothing = "window.Plotly = { react() {} };"
    page.route("**/plotly.min.js", lambda route: route.fulfill(body=nothing))
    page.goto("/admin/")
    assert page.locator(DRAWN).count() == 0
    waiting = page.evaluate("document.querySelector('[data-figure=figure-ctr]').clientHeight")
    assert abs(drawn - waiting) <= 1


def test_a_figure_opens_as_a_table_of_the_same_numbers(dashboard: Callable[..., Page]) -> None:
    page = dashboard("?days=7")
    details = page.locator("[data-table-of=figure-ctr]")
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(details.locator("tbody tr")).to_have_count(7)
    expect(details.locator("thead th")).to_have_count(4)
    expect(details.locator("tbody td", has_text="%").first).to_contain_text("/")


def test_the_days_and_the_traffic_are_chosen_by_keyboard(dashboard: Callable[..., Page]) -> None:
    page = dashboard()
    page.get_by_role("link", name="7 days").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/?days=7")
    expect(page.locator("a[aria-current=true]", has_text="7 days")).to_be_visible()
    page.get_by_role("link", name="replay", exact=True).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/?days=7&traffic=replay")
    expect(page.locator("[data-replay]")).to_be_visible()
    page.fill("input[name=start]", "2026-01-05")
    page.fill("input[name=end]", "2026-01-06")
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/?traffic=replay&start=2026-01-05&end=2026-01-06")


def test_nothing_runs_off_a_phones_page(dashboard: Callable[..., Page]) -> None:
    dashboard().set_viewport_size({"width": 390, "height": 844})
    page = dashboard()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    for figure in page.locator(DRAWN).all():
        box = figure.bounding_box()
        assert box is None or box["x"] + box["width"] <= 390
