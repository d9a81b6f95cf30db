"""From nothing to a proposed plan in a real browser, in few inputs; and how its pages look."""

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Case, When
from django.utils import timezone
from playwright.sync_api import Page, expect

from guidance.campaigns.models import Campaign, PlanEntry, PushPlan
from guidance.campaigns.services.delivering import deliver_due
from guidance.campaigns.services.planning import build_plan
from guidance.core.models import User
from guidance.core.roles import Role
from tests import factories
from tests.campaigns.pushes import approved, publish, push, shopper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
MOST_INPUTS = 25


class Hands:
    """Counts what a person does to the page: a field filled in, a choice made, a button pressed."""

    def __init__(self, page: Page) -> None:
        self.page, self.inputs = page, 0

    def fill(self, where: str, text: str) -> None:
        self.page.locator(where).fill(text)
        self.inputs += 1

    def choose(self, where: str, value: str) -> None:
        self.page.locator(where).select_option(value)
        self.inputs += 1

    def press(self, where: str) -> None:
        self.page.locator(where).first.click()
        self.inputs += 1

    def find(self, where: str, words: str) -> None:
        """Open a list that is searched, type, and take the first that it offers."""
        self.page.locator(where).click()
        self.page.locator(".select2-search__field").last.fill(words)
        offered = self.page.locator(".select2-results__option--highlighted")
        expect(offered).to_contain_text(words)
        offered.click()
        self.inputs += 3


def test_from_nothing_to_a_proposed_plan_in_few_inputs(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    # Not one of the tenth that this campaign holds out by their pseudonym.
    shopper("inbox", tier="gold", ref="tom")
    draft = factories.draft(kind="push", channel="inbox", text="The Voyager mug is back, in oak.")
    text = factories.campaign_message(
        publication=factories.publication(draft=draft, channel="inbox")
    )
    publish(text)
    log_in(person(Role.MARKETER, "ann"))
    hands = Hands(page)
    page.goto("/admin/campaigns/campaign/sentence/")
    hands.fill("#sentence", "thank gold members, in the morning")
    page.locator("#sentence").press("Enter")
    hands.inputs += 1
    expect(page.locator("mark")).to_have_count(0)
    hands.press("text=Begin this campaign")
    page.wait_for_url("**/change/")
    hands.press("text=Add another Message")
    row = "#id_campaigns-campaignmessage-0"
    hands.choose(f"{row}-channel", "inbox")
    hands.find(f"{row}-publication + .select2", "Voyager")
    hands.press("label[for=id_is_active], #id_is_active")
    hands.press("[name=_continue]")
    expect(page.locator("text=Propose a plan")).to_be_visible()
    hands.press("text=Propose a plan")
    page.wait_for_url("**/pushplan/*/change/")
    expect(page.locator("[role=status]").first).to_be_visible()
    assert hands.inputs <= MOST_INPUTS
    plan = build_plan(plan=PushPlan.objects.get())
    assert list(plan.entries.values_list("verdict", flat=True)) == [0]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pages_of_a_push_fit(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    width: int,
    language: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    if width < 1280:
        page.emulate_media(color_scheme="dark")
    people = [shopper("null", tier="gold" if n % 2 else "") for n in range(80)]
    silent = shopper(ref="mira")
    message = push(*people, silent, holdout_percent=40, currency="USD")
    factories.offer(campaign=message.step.campaign, cost=Decimal(2))
    plan = approved(message.step.campaign)
    deliver_due(channel="null")
    told = [When(customer=person, then=n) for n, person in enumerate(people)]
    PlanEntry.objects.filter(plan=plan).update(uplift=Case(*told, default=0))
    for one in people[:12]:
        factories.event(
            customer=one, kind="purchase", price=20, currency="USD", occurred_at=timezone.now()
        )
    waiting = push(*people[:9])
    build_plan(plan=factories.push_plan(campaign=waiting.step.campaign))
    log_in(person(Role.MARKETER, "ann", language))
    other = PushPlan.objects.exclude(pk=plan.pk).get()
    delivery = factories.delivery(state="in_doubt")
    pages = {
        "campaigns": "/admin/campaigns/campaign/",
        "campaign": f"/admin/campaigns/campaign/{Campaign.objects.earliest('pk').pk}/change/",
        "sentence": "/admin/campaigns/campaign/sentence/",
        "plan": f"/admin/campaigns/pushplan/{plan.pk}/change/?customer=mira",
        "proposed": f"/admin/campaigns/pushplan/{other.pk}/change/?verdict=0",
        "effect": f"/admin/campaigns/pushplan/{plan.pk}/effect/",
        "deliveries": "/admin/campaigns/delivery/",
        "doubt": f"/admin/campaigns/delivery/{delivery.pk}/change/",
        "customer": f"/admin/customers/customer/{silent.pk}/change/",
    }
    folder = os.environ.get("SCREENSHOTS")
    for name, address in pages.items():
        page.goto(address)
        expect(page.locator("h1").first).to_be_visible()
        if name == "sentence":
            page.locator("#sentence").fill("win back purple gold members")
            page.locator("#sentence").press("Enter")
            expect(page.locator("mark")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if name == "effect":
            expect(page.locator(".sg-figure .main-svg").first).to_be_visible()
        if folder:
            path = Path(folder) / f"push-{name}-{language}-{width}.png"
            page.screenshot(path=path, full_page=True)
