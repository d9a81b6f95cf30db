"""Drafting: who gets a draft, who gets a place in the list of missing facts, and never twice."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from guidance.catalog.models import ProductAttribute
from guidance.content.briefs import Brief
from guidance.content.models import Draft, Kind, MissingFacts
from guidance.content.services.drafting import draft_products, request_drafts
from guidance.content.services.review import reject_draft
from guidance.core.jobs import run_job
from guidance.core.models import Job, Market, User
from tests.content.conftest import MakeDraft, MakeProduct


def _run(**wanted: object) -> Job:
    job = request_drafts(requested_by=None, start=False, **wanted)
    run_job(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.SUCCEEDED, job.error
    return job


@pytest.fixture(autouse=True)
def _shop(db: None) -> None:
    Market.objects.create(key="uk", name="UK", language="en", is_default=True)


def test_a_product_without_a_description_gets_a_draft_that_passes_every_check(
    make_product: MakeProduct,
) -> None:
    product = make_product("mug")
    _run()
    draft = Draft.objects.get()
    assert (draft.product, draft.language, draft.requested_by) == (product, "en", None)
    assert (draft.blocking_findings, draft.findings) == (0, [])
    assert {"material", "colour"} <= {key for claim in draft.claims for key in claim["fact_keys"]}


def test_a_product_with_its_own_description_is_left_alone(make_product: MakeProduct) -> None:
    make_product("mug", descriptions={"en": "A mug."})
    make_product("cup", descriptions={"en": "", "zh-hans": "杯子"})
    _run()
    assert [draft.product.sku for draft in Draft.objects.all()] == ["cup"]


def test_drafts_come_only_in_languages_that_have_facts(make_product: MakeProduct) -> None:
    make_product("mug")
    _run()
    assert set(Draft.objects.values_list("language", flat=True)) == {"en"}
    chinese = make_product("cup", titles={"zh-hans": "旅行马克杯"}, facts={})
    for key, value in {"material": "橡木", "colour": "黑色", "style": "现代"}.items():
        ProductAttribute.objects.create(product=chinese, key=key, value=value, language="zh-hans")
    _run()
    assert Draft.objects.get(language="zh-hans").product == chinese
    assert MissingFacts.objects.get(product=chinese).language == "en"


def test_a_product_whose_facts_are_too_thin_is_listed_with_the_facts_wanted(
    make_product: MakeProduct,
) -> None:
    product = make_product("lamp", facts={})
    _run()
    assert not Draft.objects.exists()
    listed = MissingFacts.objects.get(product=product)
    assert len(listed.keys) >= 3
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, key=key, value="oak", language="en")
        for key in listed.keys
    )
    _run()
    assert Draft.objects.get().product == product
    assert not MissingFacts.objects.exists()


def test_a_second_run_writes_nothing_more(make_product: MakeProduct, mia: User) -> None:
    for sku in ("mug", "cup"):
        make_product(sku)
    _run()
    rejected = Draft.objects.get(product__sku="cup")
    reject_draft(draft_id=rejected.pk, version=1, actor=mia, reason="Reads badly")
    assert _run().result["drafted"] == 0
    assert Draft.objects.count() == 2


def test_a_rejected_product_is_drafted_again_when_somebody_names_it(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="Reads badly")
    _run(product_ids=[draft.product_id])
    assert Draft.objects.waiting().get().product == draft.product


def test_a_later_attempt_of_a_job_repeats_nothing_even_if_a_draft_was_decided_in_between(
    make_product: MakeProduct, mia: User
) -> None:
    products = [make_product(f"mug-{number}") for number in range(3)]
    ids = [product.pk for product in products]
    job = request_drafts(requested_by=None, product_ids=ids, start=False)
    first = draft_products(
        product_ids=ids[:2], kind="description", language="en", requested_by=None
    )
    assert first.drafted == 2
    decided = Draft.objects.get(product=products[0])
    reject_draft(draft_id=decided.pk, version=1, actor=mia, reason="Reads badly")
    run_job(job.pk)
    job.refresh_from_db()
    assert job.result["drafted"] == 1
    assert Draft.objects.count() == 3


def test_the_database_refuses_a_second_waiting_draft(make_draft: MakeDraft) -> None:
    draft = make_draft("mug")
    twin = {"product": draft.product, "kind": draft.kind, "language": draft.language}
    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.create(**twin, text="Another", writer="test")


def test_a_batch_stores_nothing_over_a_draft_somebody_else_stored_meanwhile(
    make_draft: MakeDraft,
) -> None:
    draft = make_draft("mug")
    Draft.objects.filter(pk=draft.pk).update(text="Theirs")
    draft_products(
        product_ids=[draft.product_id], kind="description", language="en", requested_by=None
    )
    assert Draft.objects.get().text == "Theirs"


def test_a_hidden_product_is_drafted_only_by_name(make_product: MakeProduct) -> None:
    hidden = make_product("mug", is_hidden=True)
    assert _run().result["drafted"] == 0
    assert _run(product_ids=[hidden.pk]).result["drafted"] == 1


def test_a_batch_takes_as_many_statements_for_twenty_products_as_for_one(
    make_product: MakeProduct,
) -> None:
    one, twenty = [make_product("one").pk], [make_product(f"m-{n}").pk for n in range(20)]
    taken = []
    for ids in (one, twenty):
        with CaptureQueriesContext(connection) as queries:
            draft_products(product_ids=ids, kind="description", language="en", requested_by=None)
        taken.append(len(queries))
    assert taken[0] == taken[1]
    assert Draft.objects.count() == 21


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_of_copy_is_drafted_without_a_failed_check(
    make_product: MakeProduct, kind: str, language: str
) -> None:
    english = {"material": "oak", "colour": "black", "capacity": "350 ml", "weight": "310 g"}
    english |= {"country_of_origin": "Portugal", "care_instructions": "hand wash only"}
    chinese = {"material": "橡木", "colour": "黑色", "capacity": "350 ml", "weight": "310 g"}
    chinese |= {"country_of_origin": "葡萄牙", "care_instructions": "手洗"}
    product = make_product("mug", facts=english, titles={"zh-hans": "航海者马克杯"})
    ProductAttribute.objects.bulk_create(
        ProductAttribute(product=product, key=key, value=value, language="zh-hans")
        for key, value in chinese.items()
    )
    draft_products(
        product_ids=[product.pk],
        kind=kind,
        language=language,
        requested_by=None,
        brief=Brief(channel="ios" if kind == Kind.PUSH else ""),
    )
    draft = Draft.objects.get()
    assert (draft.kind, draft.blocking_findings, draft.as_written()) == (kind, 0, draft.text)
    assert draft.claims
