"""The review desk in a real browser: the keyboard, two people at once, dark mode, a phone."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from playwright.sync_api import Page, expect

from guidance.catalog.models import Product, ProductAttribute
from guidance.content.models import (
    Draft,
    PlannedCopy,
    Publication,
    PublishedCopy,
    SignedException,
)
from guidance.content.services.drafting import draft_products
from guidance.content.services.providers import chosen_writer
from guidance.content.services.review import edit_draft
from guidance.core.jobs import run_job
from guidance.core.models import Job, Market, User
from guidance.core.roles import Role
from tests.llm_peer import copy_answer, peer, saying

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]

DESK = "/admin/content/draft/"
FACTS = {"material": "oak", "colour": "black", "capacity": "350 ml", "dishwasher_safe": "yes"}


def _drafts(count: int, requested_by: User | None = None) -> list[Draft]:
    for number in range(count):
        product = Product.objects.create(sku=f"mug-{number}", title=f"Voyager Mug {number}")
        ProductAttribute.objects.bulk_create(
            ProductAttribute(product=product, key=key, value=value, language="en")
            for key, value in FACTS.items()
        )
    draft_products(
        product_ids=list(Product.objects.values_list("pk", flat=True)),
        kind="description",
        language="en",
        requested_by=requested_by,
    )
    return list(Draft.objects.order_by("created_at", "id"))


@pytest.fixture
def reviewer(person: Callable[..., User], log_in: Callable[[User], None]) -> User:
    user = person(Role.MERCHANDISER, "mia")
    log_in(user)
    return user


def _open_first(page: Page) -> None:
    page.goto(DESK)
    page.get_by_role("link", name="Start reviewing").click()
    # Keys work once the desk's script has run, which is before the page counts as loaded.
    page.wait_for_url("**/change/**", wait_until="load")


def test_a_clean_draft_takes_one_key_and_the_next_is_there(page: Page, reviewer: User) -> None:
    drafts = _drafts(3)
    _open_first(page)
    expect(page.locator("article")).to_have_attribute("data-draft", str(drafts[0].pk))
    page.keyboard.press("a")
    expect(page.locator("article")).to_have_attribute("data-draft", str(drafts[1].pk))
    expect(page.locator("#desk-said")).to_contain_text("Approved and published")
    assert Publication.objects.get().draft == drafts[0]
    page.keyboard.press("a")
    expect(page.locator("article")).to_have_attribute("data-draft", str(drafts[2].pk))
    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Nothing waits here any more")).to_be_visible()
    assert Publication.objects.count() == len(drafts)


def test_keys_move_reject_edit_and_help(page: Page, reviewer: User) -> None:
    first, second, third = _drafts(3)
    _open_first(page)
    page.keyboard.press("j")
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    page.keyboard.press("k")
    expect(page.locator("article")).to_have_attribute("data-draft", str(first.pk))

    page.keyboard.press("r")
    page.keyboard.press("2")
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    first.refresh_from_db()
    assert (first.status, first.reason) == ("rejected", "Says too little")

    page.keyboard.press("e")
    page.keyboard.type(" It weighs 999 g.")
    expect(page.locator(".desk-finding-block")).to_contain_text("999 g")
    page.keyboard.press("Control+Enter")
    expect(page.locator("mark.desk-unsupported")).to_have_text("999 g")
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page.keyboard.press("a")
    expect(page.locator(".desk-toast")).to_contain_text("check")
    assert Draft.objects.get(pk=second.pk).version == 2

    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("article")).to_have_attribute("data-draft", str(third.pk))


def test_a_text_changed_by_somebody_else_is_shown_and_not_published(
    page: Page, reviewer: User, person: Callable[..., User]
) -> None:
    (draft,) = _drafts(1)
    _open_first(page)
    max_ = person(Role.MERCHANDISER, "max")
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text=f"{draft.text} Made to last.")
    page.keyboard.press("a")
    expect(page.locator("[data-changes] ins")).to_contain_text("Made to last.")
    assert not Publication.objects.exists()
    page.keyboard.press("j")
    expect(page.locator("[data-copy]")).to_contain_text("Made to last.")


def test_pointing_at_a_claim_lights_its_fact(page: Page, reviewer: User) -> None:
    _drafts(1)
    _open_first(page)
    page.locator("mark.desk-claim", has_text="oak").hover()
    expect(page.locator("tr.desk-lit")).to_contain_text("oak")


def test_the_requester_cannot_press_approve(page: Page, reviewer: User) -> None:
    _drafts(1, requested_by=reviewer)
    _open_first(page)
    expect(page.get_by_role("button", name="Approve")).to_be_disabled()
    page.keyboard.press("a")
    expect(page.locator(".desk-toast")).to_contain_text("You requested this draft")
    assert not Publication.objects.exists()


def test_the_desk_fits_a_phone(page: Page, reviewer: User) -> None:
    _drafts(2)
    page.set_viewport_size({"width": 390, "height": 844})
    for address in (DESK, f"{DESK}{Draft.objects.all()[0].pk}/change/", f"{DESK}approve/"):
        page.goto(address)
        page.locator("#content").wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_decision_needs_no_script_of_the_desk(page: Page, reviewer: User) -> None:
    """Where the desk's script does not arrive, each form still works by whole pages."""
    first, second = _drafts(2)
    page.route("**/content/review.js", lambda route: route.abort())
    page.goto(f"{DESK}{first.pk}/change/")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    assert Publication.objects.get().draft == first


def test_a_slip_of_the_finger_is_taken_back_with_a_key(page: Page, reviewer: User) -> None:
    first, second = _drafts(2)
    _open_first(page)
    page.keyboard.press("a")
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    page.keyboard.press("u")
    expect(page.locator("#desk-said")).to_contain_text("it waits again")
    back = Draft.objects.waiting().exclude(pk=second.pk).get()
    expect(page.locator("article")).to_have_attribute("data-draft", str(back.pk))
    assert back.text == first.text
    assert PublishedCopy.objects.get().status == "withdrawn"


def test_a_draft_is_handed_over_with_two_keys(
    page: Page, reviewer: User, person: Callable[..., User]
) -> None:
    first, second = _drafts(2)
    max_ = person(Role.MERCHANDISER, "max")
    _open_first(page)
    page.keyboard.press("h")
    page.keyboard.press("2")
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    first.refresh_from_db()
    assert first.assignee == max_


def test_another_wording_is_picked_with_two_keys(page: Page, reviewer: User) -> None:
    (draft,) = _drafts(1)
    _open_first(page)
    page.keyboard.press("c")
    wanted = page.locator("[data-pick=number] + p").nth(1)
    text = wanted.inner_text()
    page.keyboard.press("2")
    expect(page.locator("[data-copy]")).to_have_text(text)
    draft.refresh_from_db()
    assert (draft.text, draft.version) == (text, 2)


def test_an_edit_is_saved_and_approved_in_one_step_from_the_keyboard(
    page: Page, reviewer: User
) -> None:
    first, second = _drafts(2)
    _open_first(page)
    page.keyboard.press("e")
    page.locator("#desk-text").fill(first.sentences[0]["text"])
    page.keyboard.press("Control+Shift+Enter")
    expect(page.locator("article")).to_have_attribute("data-draft", str(second.pk))
    assert Publication.objects.get().text == first.sentences[0]["text"]


def test_a_text_is_approved_for_later_by_the_shops_clock(page: Page, reviewer: User) -> None:
    Market.objects.create(name="Shop", currency="EUR", time_zone="Asia/Shanghai", is_default=True)
    _drafts(1)
    _open_first(page)
    page.keyboard.press("s")
    page.locator("#desk-at").fill("2099-05-01T09:30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing waits here any more")).to_be_visible()
    assert PlannedCopy.objects.get().at.isoformat() == "2099-05-01T01:30:00+00:00"
    assert not PublishedCopy.objects.exists()


def test_preview_and_comments_open_with_a_key(page: Page, reviewer: User) -> None:
    (draft,) = _drafts(1)
    _open_first(page)
    page.keyboard.press("p")
    expect(page.locator(".desk-device-phone .desk-screen")).to_contain_text(draft.text)
    page.keyboard.press("m")
    page.keyboard.type("Ask the supplier about the oak.")
    page.keyboard.press("Enter")
    expect(page.locator(".desk-comments")).to_contain_text("Ask the supplier about the oak.")


def test_an_exception_is_signed_from_the_finding_and_shown(
    page: Page, person: Callable[..., User], log_in: Callable[[User], None]
) -> None:
    Market.objects.create(name="Shop", currency="USD", is_default=True, language="en")
    (draft,) = _drafts(1)
    max_ = person(Role.MERCHANDISER, "max")
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text=f"The best mug. {draft.text}")
    log_in(person(Role.COMPLIANCE, "carla"))
    page.goto(f"{DESK}{draft.pk}/change/")
    page.get_by_text("Sign an exception").first.click()
    page.get_by_label("Why these words are allowed in this text").first.fill(
        "The award of this year says so."
    )
    page.get_by_role("button", name="Sign", exact=True).first.click()
    expect(page.get_by_text("Signed: the draft says by whom and why.")).to_be_visible()
    assert SignedException.objects.get().draft == draft


def test_a_push_is_asked_for_by_the_keyboard(page: Page, reviewer: User) -> None:
    Market.objects.create(key="uk", name="UK", language="en", is_default=True)
    _drafts(1)
    page.goto(f"{DESK}request/")
    channel = page.get_by_label("Channel")
    expect(channel).to_be_hidden()
    page.get_by_label("Kind").focus()
    page.keyboard.type("push")
    expect(channel).to_be_visible()
    page.keyboard.press("Tab")
    expect(channel).to_be_focused()
    page.keyboard.type("SMS")
    page.keyboard.press("Tab")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    page.wait_for_url("**/core/job/**")
    wanted = Job.objects.get().params
    assert (wanted["kind"], wanted["brief"]["channel"], wanted["brief"]["longest"]) == (
        "push", "sms", 60,
    )  # fmt: skip


def test_what_a_language_model_writes_appears_by_itself(
    page: Page, reviewer: User, settings: LazySettings
) -> None:
    (draft,) = _drafts(1)
    answer = copy_answer(("The Voyager Mug 0 is made of oak.", ["title", "material"]))
    with peer(saying(answer)) as server:
        settings.WRITER_PROVIDER, settings.LLM_URL = "openai", server.url
        settings.LLM_MODEL = "peer"
        _open_first(page)
        page.keyboard.press("c")
        page.get_by_label("Tell the writer").fill("shorter")
        page.keyboard.press("Enter")
        expect(page.locator("[data-writing]")).to_contain_text("“shorter”")
        run_job(Job.objects.get(kind="write_again").pk)
        expect(page.locator("[data-copy]")).to_have_text("The Voyager Mug 0 is made of oak.")
        expect(page.locator("#desk-said")).to_have_text("The text is written.")
        chosen_writer().close()
    draft.refresh_from_db()
    assert (draft.version, draft.provider) == (2, "openai")
