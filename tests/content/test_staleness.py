"""Staleness: an approval falls in the transaction that changes a fact it rests on."""

from decimal import Decimal

import pytest
from django.db import transaction
from msgspec import UNSET

from guidance.catalog import hooks
from guidance.catalog.models import Category, Product
from guidance.catalog.rows import AttributeRow, ProductRow
from guidance.catalog.services import update_product, upsert_products
from guidance.content.models import Citation, Draft, Publication, PublishedCopy, ReviewTask
from guidance.content.services import staleness
from guidance.content.services.refusals import OwnRequest
from guidance.content.services.review import approve_draft, reject_draft
from guidance.content.services.rewriting import request_rewrite
from guidance.core.jobs import run_job
from guidance.core.models import User
from tests.content.conftest import MakeDraft


def _set(product: Product, key: str, value: str | None) -> None:
    row = AttributeRow(key=key, value=value, language="en")
    update_product(product=product, actor=None, attributes=[row])


@pytest.fixture
def published(make_draft: MakeDraft, mia: User, max_: User) -> Publication:
    draft = make_draft("mug", requested_by=max_)
    return approve_draft(draft_id=draft.pk, version=1, actor=mia)


def test_a_cited_fact_that_changes_takes_the_copy_back_to_the_desk(
    published: Publication, max_: User
) -> None:
    _set(published.product, "material", "glass")
    assert PublishedCopy.objects.get().status == "stale"
    back = Draft.objects.waiting().get()
    assert (back.text, back.is_stale, back.requested_by) == (published.text, True, max_)
    changed = {"key": "material", "language": "en", "old": "oak", "new": "glass"}
    assert back.changed_facts == [changed]
    staleness.examine_again(draft_ids=[back.pk])
    back.refresh_from_db()
    assert back.blocking_findings > 0
    with pytest.raises(OwnRequest):
        approve_draft(draft_id=back.pk, version=1, actor=max_)


@pytest.mark.parametrize(
    ("fields", "attributes"),
    [
        ({"price": Decimal("99.00")}, []),
        ({"stock": 3}, []),
        ({}, [AttributeRow(key="warranty", value="2 years", language="en")]),
        ({}, [AttributeRow(key="material", value="玻璃", language="zh-hans")]),
    ],
)
def test_what_the_text_does_not_cite_leaves_it_alone(
    published: Publication, fields: dict[str, object], attributes: list[AttributeRow]
) -> None:
    update_product(product=published.product, actor=None, fields=fields, attributes=attributes)
    assert PublishedCopy.objects.get().status == "live"
    assert not Draft.objects.waiting().exists()
    assert not ReviewTask.objects.exists()


def test_a_fact_that_is_taken_away_makes_the_approval_stale(published: Publication) -> None:
    _set(published.product, "colour", None)
    assert PublishedCopy.objects.get().status == "stale"


def test_a_renamed_product_makes_the_approval_stale(published: Publication) -> None:
    update_product(product=published.product, actor=None, fields={"title": "Explorer Cup"})
    assert PublishedCopy.objects.get().status == "stale"


def test_a_title_in_the_copys_language_makes_the_approval_stale_one_in_another_does_not(
    published: Publication,
) -> None:
    product, titles = published.product, {"zh-hans": "旅行杯"}
    update_product(product=product, actor=None, fields={"titles": titles})
    assert PublishedCopy.objects.get().status == "live"
    titles = {**titles, "en": "Traveller's Mug"}
    update_product(product=product, actor=None, fields={"titles": titles})
    assert PublishedCopy.objects.get().status == "stale"
    added = {"key": "title", "language": "en", "old": None, "new": "Traveller's Mug"}
    assert Draft.objects.waiting().get().changed_facts == [added]


def test_a_category_named_in_the_copys_language_makes_the_approval_stale(
    published: Publication,
) -> None:
    mugs = Category.objects.create(path="Mugs")
    Product.objects.update(category=mugs)
    Citation.objects.create(
        publication=published, product=published.product, fact_key="category", fact_language=""
    )
    row = ProductRow(sku="mug", category="Mugs", category_names={"en": "Cups"})
    upsert_products(rows=[row], source="import")
    assert PublishedCopy.objects.get().status == "stale"


def test_an_import_makes_approvals_stale_in_its_own_transaction(published: Publication) -> None:
    row = ProductRow(
        sku=published.product.sku,
        attributes=[AttributeRow(key="material", value="glass", language="en")],
    )
    with transaction.atomic():
        upsert_products(rows=[row], source="import")
        assert PublishedCopy.objects.get().status == "stale"
        transaction.set_rollback(True)
    assert PublishedCopy.objects.get().status == "live"
    upsert_products(rows=[row], source="import")
    assert PublishedCopy.objects.get().status == "stale"


def test_a_listener_that_fails_takes_the_fact_and_the_staleness_back(
    published: Publication,
) -> None:
    def fail(changes: object) -> None:
        assert PublishedCopy.objects.get().status == "stale"
        raise RuntimeError

    stop = hooks.register_facts_listener(fail)
    try:
        with pytest.raises(RuntimeError):
            _set(published.product, "material", "glass")
    finally:
        stop()
    assert published.product.attributes.get(key="material").value == "oak"
    assert PublishedCopy.objects.get().status == "live"
    assert not Draft.objects.waiting().exists()


def test_five_thousand_price_changes_make_one_task(
    published: Publication, django_assert_max_num_queries: object
) -> None:
    count = 5_000
    products = Product.objects.bulk_create(
        Product(sku=f"p-{number}", title=f"Product {number}", price=1) for number in range(count)
    )
    _publish_with_price(products, published)
    rows = [ProductRow(sku=product.sku, price=Decimal(2)) for product in products]
    assert rows[0].title is UNSET
    for start in range(0, count, 1_000):
        with django_assert_max_num_queries(70):
            upsert_products(rows=rows[start : start + 1_000], source="import")
    task = ReviewTask.objects.get()
    assert (task.fact_key, task.count) == ("price", count)
    assert PublishedCopy.objects.filter(status="stale").count() == count
    assert Draft.objects.waiting().filter(task=task, is_stale=True).count() == count


def _publish_with_price(products: list[Product], like: Publication) -> None:
    """Publish a text for each product that cites its price, as rows and without its review."""
    place = {"kind": "description", "language": "en"}
    drafts = Draft.objects.bulk_create(
        Draft(
            product=p, **place, text="It costs 1.00 USD.", writer="test", status="approved",
            decided_by=like.approved_by, decided_at=like.published_at,
        )
        for p in products
    )  # fmt: skip
    publications = Publication.objects.bulk_create(
        Publication(draft=d, product=d.product, **place, number=1, text=d.text,
                    approved_by=like.approved_by)
        for d in drafts
    )  # fmt: skip
    Citation.objects.bulk_create(
        Citation(publication=p, product=p.product, fact_key="price") for p in publications
    )
    PublishedCopy.objects.bulk_create(
        PublishedCopy(publication=p, product=p.product, **place) for p in publications
    )


def test_changes_of_one_fact_join_the_open_task_until_it_is_closed(
    make_draft: MakeDraft, mia: User
) -> None:
    for sku in ("mug", "cup"):
        approve_draft(draft_id=make_draft(sku).pk, version=1, actor=mia)
    for product in Product.objects.all():
        _set(product, "material", "glass")
    task = ReviewTask.objects.get()
    assert (task.count, task.closed_at) == (2, None)
    for draft in Draft.objects.waiting():
        reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="A fact is wrong")
    task.refresh_from_db()
    assert task.closed_at is not None


def test_a_task_is_written_again_as_a_whole_and_its_clean_drafts_can_be_approved(
    published: Publication, mia: User, max_: User
) -> None:
    _set(published.product, "material", "glass")
    job = request_rewrite(task=ReviewTask.objects.get(), requested_by=max_)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.result == {"rewritten": 1, "left": 0}
    draft = Draft.objects.waiting().clean().get()
    assert "glass" in draft.text.lower()
    publication = approve_draft(draft_id=draft.pk, version=2, actor=mia)
    assert (publication.number, PublishedCopy.objects.get().status) == (2, "live")


def test_a_waiting_draft_is_checked_again_when_a_fact_it_claims_changes(
    make_draft: MakeDraft,
) -> None:
    draft = make_draft("mug")
    _set(draft.product, "material", "glass")
    assert staleness.examine_again(draft_ids=[draft.pk]) == 1
    draft.refresh_from_db()
    assert draft.blocking_findings > 0
    assert not ReviewTask.objects.exists()


def test_a_waiting_draft_is_not_joined_by_a_second_one(published: Publication, mia: User) -> None:
    waiting = Draft.objects.create(
        product=published.product, kind="description", language="en", text="New", writer="test"
    )
    _set(published.product, "material", "glass")
    assert PublishedCopy.objects.get().status == "stale"
    assert Draft.objects.waiting().get() == waiting
