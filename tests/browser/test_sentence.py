"""How a sentence looks that a language model read, and that it begins a campaign."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from guidance.campaigns.models import Campaign
from guidance.core.models import User
from guidance.core.roles import Role
from tests import factories
from tests.campaigns.sentence_answers import answer, part
from tests.llm_peer import peer, refusing, saying

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
SENTENCES = {
    "en": (
        "woo lapsed lovers of tea with ten percent off and a nice surprise, never while they sleep",
        answer(
            part("woo lapsed", "objective", "win_back"),
            part("lovers of tea", "bought", "Tea"),
            part("ten percent off", "percent_off", number=10),
            part("a nice surprise", "amount_off", number=5, currency="EUR"),
            part("never while they sleep", "quiet", negated=True),
        ),
    ),
    "zh-hans": (
        "挽留爱喝茶的老主顾，给个八五折再送惊喜，别在大半夜打扰",
        answer(
            part("挽留", "objective", "win_back"),
            part("爱喝茶的老主顾", "bought", "茶"),
            part("给个八五折", "percent_off", number=15),
            part("再送惊喜", "amount_off", number=5),
            part("别在大半夜打扰", "quiet"),
        ),
    ),
}


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("zh-hans", 390)])
def test_the_page_of_a_sentence_that_a_model_read(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    settings: LazySettings,
    language: str,
    width: int,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    factories.category(path="Drinks > Tea", names={"en": "Tea", "zh-hans": "茶"})
    factories.market(currency="EUR")
    log_in(person(Role.MARKETER, "ann", language))
    sentence, said = SENTENCES[language]
    with peer(refusing(500), saying(said)) as server:
        settings.WRITER_PROVIDER, settings.LLM_MODEL = "openai", "reader-7b"
        settings.LLM_URL = server.url
        page.goto("/admin/campaigns/campaign/")
        page.locator("#sentence").fill(sentence)
        page.locator("#sentence").press("Enter")
        expect(page.locator(".sg-sentence-by")).to_contain_text("HTTP 500")
        _look(page, f"sentence-grammar-{language}-{width}", width)
        page.locator(".sg-sentence-form button").click()
        expect(page.locator(".sg-sentence-by")).to_contain_text("reader-7b")
        expect(page.locator("section li")).to_have_count(1)
        _look(page, f"sentence-model-{language}-{width}", width)
        page.locator("[name=begin]").click()
        page.wait_for_url("**/change/")
    assert Campaign.objects.get().offers.get().kind == "percent"


def _look(page: Page, name: str, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
