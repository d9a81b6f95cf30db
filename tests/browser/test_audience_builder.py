"""An audience in a real browser, by keyboard and on a telephone: built, corrected, sized, saved."""

from collections.abc import Callable

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from guidance.campaigns.models import Audience
from guidance.core.models import User
from guidance.core.roles import Role
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width", [1280, 390])
def test_rules_are_built_by_keyboard(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None], width: int
) -> None:
    cache.clear()
    factories.customer(ref="ann", tier="gold")
    factories.customer(ref="bea", tier="silver")
    page.set_viewport_size({"width": width, "height": 900})
    log_in(person(Role.MARKETER))
    page.goto("/admin/campaigns/audience/add/")
    expect(page.locator("[data-rules-size]")).to_have_text("Shoppers: 2")
    page.locator("input[name=name]").fill("Gold")
    page.get_by_role("button", name="Add a condition").press("Enter")
    expect(page.locator("[id='r.0'] [data-rules-error='r.0:value.']")).to_have_text(
        "Choose at least one."
    )
    expect(page.locator("select[name='r.0:field']")).to_be_focused()
    page.get_by_label("gold", exact=True).press("Space")
    expect(page.locator("[data-rules-size]")).to_have_text("Shoppers: 1")
    expect(page.locator("[data-rules-words]")).to_contain_text("is one of “gold”")
    page.get_by_role("button", name="Add a group").press("Enter")
    page.locator("select[name='r.1.0:field']").select_option("cart_left")
    expect(page.locator("input[name='r.1.0:value.days']")).to_have_value("7")
    page.locator("input[name='r.1.0:value.days']").fill("0")
    expect(page.locator("[data-rules-error='r.1.0:value.days']")).to_contain_text("between 1 and")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("button", name="Remove 2", exact=True).press("Enter")
    expect(page.locator("[data-rules-size]")).to_have_text("Shoppers: 1")
    page.get_by_role("button", name="Show some of the shoppers").press("Enter")
    expect(page.locator("[data-rules-found]")).to_contain_text("ann gold")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("link", name="Gold").first).to_be_visible()
    assert Audience.objects.get().rules == {
        "all": [{"field": "tier", "operator": "in", "value": ["gold"]}]
    }
