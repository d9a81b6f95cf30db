"""Drafts that change, are decided or are cut off while a language model writes."""

from typing import Any

import pytest
from django.db import connections

from guidance.catalog.models import ProductAttribute
from guidance.content.models import Draft, ReviewTask
from guidance.content.services.drafting import draft_products, request_drafts
from guidance.content.services.providers import chosen_writer
from guidance.content.services.review import reject_draft
from guidance.content.services.rewriting import request_rewrite
from guidance.core.jobs import run_job
from guidance.core.models import User
from tests.content.conftest import MakeDraft, MakeProduct, Served
from tests.content.model_texts import GOOD, run_drafting
from tests.llm_peer import PeerHandler
from tests.llm_peer import saying as saying_text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("uk_market")]


def test_a_draft_stored_while_the_model_wrote_stands(
    make_product: MakeProduct, served: Served
) -> None:
    product = make_product("mug", title="Voyager Mug")

    def slow(handler: PeerHandler, body: dict[str, Any]) -> None:
        draft_products(
            product_ids=[product.pk], kind="description", language="en", requested_by=None
        )
        connections.close_all()
        saying_text(GOOD)(handler, body)

    with served(slow):
        assert run_drafting().result["drafted"] == 0
    assert Draft.objects.get().provider == "builtin"


def test_a_draft_stored_and_decided_while_the_model_wrote_is_not_doubled(
    make_product: MakeProduct, served: Served, mia: User
) -> None:
    product = make_product("mug", title="Voyager Mug")

    def slow(handler: PeerHandler, body: dict[str, Any]) -> None:
        draft_products(
            product_ids=[product.pk], kind="description", language="en", requested_by=None
        )
        theirs = Draft.objects.get()
        reject_draft(draft_id=theirs.pk, version=1, actor=mia, reason="Reads badly")
        connections.close_all()
        saying_text(GOOD)(handler, body)

    with served(slow):
        assert run_drafting().result["drafted"] == 0
    assert Draft.objects.get().provider == "builtin"


def test_a_job_cut_off_and_tried_again_pays_only_for_what_is_left(
    make_product: MakeProduct, served: Served
) -> None:
    products = [make_product(f"mug-{n}", title="Voyager Mug") for n in range(6)]
    ids = [product.pk for product in products]
    job = request_drafts(requested_by=None, product_ids=ids, start=False)
    with served(saying_text(GOOD)) as server:
        draft_products(
            product_ids=ids[:4],
            kind="description",
            language="en",
            requested_by=None,
            provider=chosen_writer(),
        )
        run_job(job.pk)
    assert len(server.requests) == 6
    assert Draft.objects.count() == 6


def test_stale_drafts_are_written_again_by_the_model(
    make_draft: MakeDraft, served: Served, root: User
) -> None:
    draft = make_draft("mug", title="Voyager Mug")
    task = ReviewTask.objects.create(fact_key="material", count=1)
    Draft.objects.filter(pk=draft.pk).update(is_stale=True, task=task)
    job = request_rewrite(task=task, requested_by=root)
    with served(saying_text(GOOD)):
        run_job(job.pk)
    draft.refresh_from_db()
    assert (draft.provider, draft.version, draft.is_stale) == ("openai", 2, False)
    assert draft.text.startswith("The Voyager Mug is made of oak.")


def test_a_draft_rewritten_from_facts_that_changed_meanwhile_is_written_from_todays(
    make_draft: MakeDraft, served: Served, root: User
) -> None:
    draft = make_draft("mug", title="Voyager Mug")
    task = ReviewTask.objects.create(fact_key="material", count=1)
    Draft.objects.filter(pk=draft.pk).update(is_stale=True, task=task)
    job = request_rewrite(task=task, requested_by=root)

    def slow(handler: PeerHandler, body: dict[str, Any]) -> None:
        ProductAttribute.objects.filter(key="material").update(value="steel")
        connections.close_all()
        saying_text(GOOD)(handler, body)

    with served(slow):
        run_job(job.pk)
    draft.refresh_from_db()
    assert draft.provider == "builtin"
    assert "steel" in draft.text
