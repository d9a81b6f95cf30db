"""Rule packs in a real browser, on a telephone too: written, tried, activated by a colleague."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from guidance.content.models import RulePackVersion
from guidance.core.models import User
from guidance.core.roles import Role
from models_ml.writer.packs import builtin_text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width", [1280, 390])
def test_a_version_is_written_tried_and_activated_by_a_colleague(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None], width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    log_in(person(Role.COMPLIANCE, "carla"))
    page.goto("/admin/content/rulepackversion/add/?pack=us")
    rules = json.loads(builtin_text("us"))
    page.get_by_label("What changed and why").fill("Try")
    rules["rules"][0]["severity"] = "stop"
    page.locator("textarea[name=rules]").fill(json.dumps(rules, indent=1))
    page.get_by_role("button", name="Store as a new version").click()
    expect(page.get_by_role("alert")).to_contain_text("rule made_in_usa, severity")
    rules["rules"][0]["severity"] = "warn"
    page.locator("textarea[name=rules]").fill(json.dumps(rules, indent=1))
    page.get_by_role("button", name="Store as a new version").click()
    page.get_by_label("Sentences, one a line").fill("Made in the USA.\nA mug of oak.")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_text("nothing found")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="Back to the version").click()
    expect(page.get_by_role("heading", name="What may be done")).to_be_visible()
    expect(page.get_by_role("button", name="Activate")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    log_in(person(Role.COMPLIANCE, "colin"))
    page.reload()
    page.get_by_role("button", name="Activate").click()
    expect(page.get_by_text("In force now.")).to_be_visible()
    assert RulePackVersion.objects.get(pack="us", status="active").note == "Try"
