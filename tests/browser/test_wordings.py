"""A text's wordings in a real browser: asked for, seen side by side, compared and retired."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from rest_framework.test import APIClient

from guidance.catalog.models import ProductAttribute
from guidance.content.models import CopyBandit, Draft, Publication, PublishedCopy
from guidance.content.services.bandits import approve_bandit
from guidance.content.services.drafting import draft_products
from guidance.content.services.review import approve_draft
from guidance.content.services.variants import request_variant
from guidance.core.jobs import run_job
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.experiments.models import Experiment
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
FACTS = {"material": "oak", "colour": "black", "capacity": "350 ml", "dishwasher_safe": "yes"}


def _two_wordings(author: User, reviewer: User) -> tuple[Publication, Publication]:
    product = factories.product(sku="mug", title="Voyager Mug")
    for key, value in FACTS.items():
        ProductAttribute.objects.create(product=product, key=key, value=value, language="en")
    draft_products(product_ids=[product.pk], kind="description", language="en", requested_by=author)
    main = approve_draft(draft_id=Draft.objects.get().pk, version=1, actor=reviewer)
    run_job(request_variant(publication_id=main.pk, actor=author).pk)
    other = Draft.objects.waiting().get()
    return main, approve_draft(draft_id=other.pk, version=1, actor=reviewer)


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (390, "en"), (390, "zh-hans")])
def test_wordings_are_compared_and_one_is_retired(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    storefront: APIClient,
    width: int,
    language: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    mia = person(Role.MERCHANDISER, "mia", language)
    main, other = _two_wordings(mia, person(Role.MERCHANDISER, "max"))
    log_in(mia)
    page.goto(f"/admin/content/publication/{main.pk}/change/")
    expect(page.locator(".desk-wording")).to_have_count(2)
    expect(page.locator(".desk-wording").nth(1)).to_contain_text(other.text)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".desk-compare button").press("Enter")
    page.wait_for_url("**/experiments/experiment/*/change/")
    experiment = Experiment.objects.get()
    now = main.published_at
    Experiment.objects.update(status="running", approved_at=now, started_at=now)
    for number in range(20):
        storefront.get("/api/v1/products/mug/copy", {"customer": f"c{number}", "language": "en"})

    page.goto(f"/admin/content/publication/{other.pk}/change/")
    expect(page.get_by_role("link", name=experiment.name)).to_be_visible()
    expect(page.locator(".desk-figures")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#withdraw-reason").fill("Too loud")
    page.locator("#withdraw-reason").press("Enter")
    expect(page.locator(".desk-badge-withdrawn").first).to_be_visible()
    assert PublishedCopy.objects.get(variant="b").status == "withdrawn"


@pytest.mark.parametrize(("width", "language"), [(1280, "en"), (390, "zh-hans")])
def test_a_bandit_is_asked_for_approved_and_stopped(
    page: Page,
    person: Callable[..., User],
    log_in: Callable[[User], None],
    storefront: APIClient,
    width: int,
    language: str,
) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    mia, tom = (person(Role.MERCHANDISER, name, language) for name in ("mia", "tom"))
    main, _other = _two_wordings(mia, person(Role.MERCHANDISER, "max"))
    log_in(mia)
    page.goto(f"/admin/content/publication/{main.pk}/change/")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".desk-choose button").press("Enter")
    page.wait_for_url("**/content/copybandit/*/change/")
    bandit = CopyBandit.objects.get()
    approve_bandit(bandit_id=bandit.pk, actor=tom)
    for number in range(10):
        storefront.get("/api/v1/products/mug/copy", {"customer": f"c{number}", "language": "en"})
    page.reload()
    expect(page.locator(".desk-table tbody tr")).to_have_count(2)
    expect(page.locator(".desk-table")).to_contain_text("52.1 %")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".desk-buttons button").press("Enter")
    expect(page.locator(".desk-badge-stopped")).to_be_visible()
    bandit.refresh_from_db()
    assert bandit.stopped_by == mia
