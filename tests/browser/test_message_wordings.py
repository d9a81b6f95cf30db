"""The pages of a message's wordings, and of a campaign's effect, in a real browser."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from guidance.campaigns.models import Delivery, PushPlan
from guidance.campaigns.services.delivering import deliver_due
from guidance.core.models import User
from guidance.core.roles import Role
from tests import factories
from tests.campaigns.pushes import approved, shopper
from tests.campaigns.wordings import bandit, two_wordings

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_of_wordings_fit(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    width: int,
    language: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    if width < 1280:
        page.emulate_media(color_scheme="dark")
    people = [shopper("null", tier="gold" if n % 2 else "") for n in range(160)]
    message = two_wordings(*people, currency="EUR", holdout_percent=20)
    bandit(message.step, method="linucb", reward="purchase", window_hours=72)
    plan: PushPlan = approved(message.step.campaign)
    deliver_due(channel="null")
    for n, one in enumerate(Delivery.objects.select_related("customer")):
        if n % (2 if one.message.variant == "b" else 9) == 0:
            factories.event(customer=one.customer, kind="click", decision=one.pk)
    log_in(person(Role.MARKETER, "ann", language))
    campaign = f"/admin/campaigns/campaign/{message.step.campaign_id}"
    urls = {
        "wordings": f"{campaign}/wordings/1/",
        "campaign": f"{campaign}/change/",
        "all": f"{campaign}/effect/",
        "effect": f"/admin/campaigns/pushplan/{plan.pk}/effect/",
        "plan": f"/admin/campaigns/pushplan/{plan.pk}/change/?verdict=0",
    }
    for name, url in urls.items():
        page.goto(url)
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if folder := os.environ.get("SCREENSHOTS"):
            path = Path(folder) / f"{name}-{language}-{width}.png"
            page.screenshot(path=path, full_page=True)
