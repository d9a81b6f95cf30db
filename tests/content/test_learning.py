"""Learning from the desk: decisions as data, a model of the writer, and drafts chosen by it."""

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.catalog.models import Product, ProductAttribute
from guidance.content.frames import (
    count_decided,
    count_decided_products,
    decided_texts,
    has_enough,
)
from guidance.content.models import Draft
from guidance.content.reranking import promoted_chooser
from guidance.content.selectors.effect import effect_by_version
from guidance.content.services.drafting import draft_products
from guidance.content.services.review import approve_draft, edit_draft, reject_draft
from guidance.content.services.rewriting import rewrite_draft
from guidance.content.services.undoing import undo_decision
from guidance.core.jobs import run_job
from guidance.core.models import User
from guidance.core.roles import Role
from guidance.training.hooks import verdict_in_words
from guidance.training.models import ModelVersion
from guidance.training.services import promote_version, request_training, roll_back
from models_ml.writer.preference.data import Decided
from models_ml.writer.preference.files import WEIGHTS
from models_ml.writer.realiser import VERSION
from tests import factories
from tests.content.conftest import MakeDraft
from tests.models_ml.decided import decided

Desk = Callable[..., Client]
PLAIN_WRITER = f"builtin {VERSION}"


def _store(row: Decided, reviewer: User, writer: str = PLAIN_WRITER) -> Draft:
    """Store a decided text as the desk would have left it."""
    product = Product.objects.filter(sku=row.product).first()
    if product is None:
        product = Product.objects.create(sku=row.product, title=row.title, brand="Acme")
        ProductAttribute.objects.bulk_create(
            ProductAttribute(
                product=product, key=fact.key, value=fact.value, unit=fact.unit, language="en"
            )
            for fact in row.facts
            if fact.key != "brand"
        )
    return Draft.objects.create(
        product=product,
        kind=row.kind,
        language=row.language,
        text=row.published or row.written,
        sentences=[{"text": row.written, "told": []}],
        facts=[
            {"key": f.key, "value": f.value, "unit": f.unit, "language": f.language, "source": ""}
            for f in row.facts
        ],
        writer=writer,
        status=Draft.Status.APPROVED if row.published else Draft.Status.REJECTED,
        reason="" if row.published else "Reads badly",
        decided_by=reviewer,
        decided_at=timezone.now(),
        edited_by=reviewer if row.is_edited else None,
    )


@pytest.fixture
def decisions(transactional_db: None, max_: User) -> list[Draft]:
    """Ninety texts that a scripted house style edited."""
    return [_store(decided(number), max_) for number in range(90)]


def _trained() -> ModelVersion:
    run = request_training(recipe_key="writer", requested_by=None, start=False)
    assert run_job(run.job_id) == "succeeded"
    return ModelVersion.objects.get(run=run)


def test_approvals_edits_and_rejections_become_rows_that_name_nobody(
    make_draft: MakeDraft, max_: User
) -> None:
    as_written, edited, rejected = make_draft("a"), make_draft("b"), make_draft("c")
    approve_draft(draft_id=as_written.pk, version=1, actor=max_)
    changed = f"{edited.text} It is black."
    edit_draft(draft_id=edited.pk, version=1, actor=max_, text=changed)
    approve_draft(draft_id=edited.pk, version=2, actor=max_)
    reject_draft(draft_id=rejected.pk, version=1, actor=max_, reason="Reads badly")
    make_draft("waiting")
    rows = {row.product: row for row in decided_texts().rows}
    assert set(rows) == {"a", "b", "c"}
    assert rows["a"].published == rows["a"].written == as_written.text
    assert (rows["b"].written, rows["b"].published) == (edited.text, changed)
    assert (rows["c"].written, rows["c"].published) == (rejected.text, None)
    assert {fact.key for fact in rows["a"].facts} >= {"brand", "material", "colour"}
    assert "max" not in repr(rows)


def test_a_text_rejected_for_its_facts_says_nothing_of_its_wording(
    make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("a")
    reject_draft(draft_id=draft.pk, version=1, actor=max_, reason="A fact is wrong")
    assert decided_texts().rows == ()
    assert count_decided() == 0


def test_an_approval_taken_back_is_no_approval(make_draft: MakeDraft, max_: User) -> None:
    draft = make_draft("a")
    approve_draft(draft_id=draft.pk, version=1, actor=max_)
    assert len(decided_texts().rows) == 1
    back = undo_decision(draft_id=draft.pk, actor=max_)
    assert decided_texts().rows == ()
    assert (count_decided(), count_decided_products(), effect_by_version()) == (0, 0, [])
    approve_draft(draft_id=back.pk, version=1, actor=max_)
    assert (count_decided(), count_decided_products()) == (1, 1)
    assert [effect.texts for effect in effect_by_version()] == [1]


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "push", "channel": "sms"},
        {"market": "uk"},
        {"segment": "gold"},
        {"stress": "gift"},
        {"variant": "b"},
    ],
)
def test_what_was_ordered_otherwise_teaches_nothing_of_usual_texts(
    make_draft: MakeDraft, max_: User, order: dict[str, str]
) -> None:
    draft = make_draft("a")
    Draft.objects.filter(pk=draft.pk).update(**order)
    approve_draft(draft_id=draft.pk, version=1, actor=max_)
    assert (decided_texts().rows, count_decided()) == ((), 0)


def test_a_rejection_taken_back_and_approved_then_is_an_approval(
    make_draft: MakeDraft, max_: User
) -> None:
    draft = make_draft("a")
    reject_draft(draft_id=draft.pk, version=1, actor=max_, reason="Reads badly")
    undo_decision(draft_id=draft.pk, actor=max_)
    approve_draft(draft_id=draft.pk, version=1, actor=max_)
    assert [row.published for row in decided_texts().rows] == [draft.text]


def test_the_data_set_s_version_changes_with_every_decision_and_only_then(
    make_draft: MakeDraft, max_: User
) -> None:
    empty = decided_texts().version
    first, second = make_draft("a"), make_draft("b")
    approve_draft(draft_id=first.pk, version=1, actor=max_)
    one = decided_texts().version
    assert one == decided_texts().version != empty
    reject_draft(draft_id=second.pk, version=1, actor=max_, reason="Reads badly")
    two = decided_texts().version
    assert (one.split("-")[0], two.split("-")[0]) == ("1", "2")
    assert one.split("-")[-1] != two.split("-")[-1]


def test_a_training_makes_a_candidate_that_a_person_promotes_and_drafts_say_who_chose(
    decisions: list[Draft], max_: User, make_draft: MakeDraft
) -> None:
    plain = make_draft("before")
    assert plain.writer == PLAIN_WRITER
    version = _trained()
    assert version.status == ModelVersion.Status.CANDIDATE
    assert set(version.metrics) == {"model", "plain"}
    assert version.run.report["learned"]["version"].startswith("90-")
    assert make_draft("candidate").writer == PLAIN_WRITER
    promote_version(version=version, actor=max_)
    products = [make_draft(f"new-{number}") for number in range(6)]
    assert {draft.writer for draft in products} == {f"{PLAIN_WRITER}+writer {version.number}"}
    assert all(draft.blocking_findings == 0 for draft in products)
    assert all("holds 350 ml" in draft.text for draft in products), "the house says it so"
    again = rewrite_draft(draft_id=plain.pk, version=1, actor=max_)
    assert again.writer == f"{PLAIN_WRITER}+writer {version.number}"
    roll_back(recipe_key="writer", actor=max_)
    assert make_draft("rolled-back").writer == PLAIN_WRITER


def test_a_second_training_is_measured_against_today_s_model(
    decisions: list[Draft], max_: User
) -> None:
    promote_version(version=_trained(), actor=max_)
    second = _trained()
    assert set(second.metrics) == {"model", "plain", "current_model"}
    assert second.metrics["model"]["edits"] == second.metrics["current_model"]["edits"]
    assert second.status == ModelVersion.Status.CANDIDATE
    assert promote_version(version=second, actor=max_).replaced is not None


def test_with_broken_files_the_first_wording_is_taken_and_the_draft_says_so(
    decisions: list[Draft], max_: User, make_draft: MakeDraft
) -> None:
    version = _trained()
    promote_version(version=version, actor=max_)
    (version.folder / WEIGHTS).write_bytes(b"broken")
    draft = make_draft("new")
    assert draft.writer == f"{PLAIN_WRITER} without writer {version.number}"
    shutil.rmtree(version.folder)
    assert promoted_chooser().model is None
    Draft.objects.filter(pk=draft.pk).delete()
    draft_products(
        product_ids=[draft.product_id], kind="description", language="en", requested_by=None
    )
    text = Draft.objects.get(product_id=draft.product_id).text
    assert text == draft.text


def test_a_training_with_nothing_decided_fails_and_says_what_to_do(transactional_db: None) -> None:
    run = request_training(recipe_key="writer", requested_by=None, start=False)
    assert run_job(run.job_id) == "failed"
    run.job.refresh_from_db()
    assert "decide drafts at the review desk first" in run.job.error


def test_nothing_trains_by_itself_before_enough_products_are_decided(
    make_draft: MakeDraft, max_: User
) -> None:
    for number in range(29):
        _store(decided(number), max_)
    assert not has_enough()
    _store(decided(29), max_)
    assert has_enough()


def test_the_effect_counts_edits_by_the_version_that_wrote(db: None, max_: User) -> None:
    for number in range(4):
        _store(decided(number), max_, writer=PLAIN_WRITER)
    untouched = [decided(number, lambda text, _brand: text) for number in range(10, 13)]
    for row in untouched:
        _store(row, max_, writer="builtin 1+writer 2")
    _store(decided(20, lambda _text, _brand: None), max_, writer="builtin 1+writer 2")
    _store(decided(21), max_, writer="openai some-model")
    before, after = effect_by_version()
    assert (before.number, before.texts) == (0, 4)
    assert before.edits_per_text > 2
    assert (after.number, after.texts, after.edits_per_text) == (2, 4, 0.0)
    assert (after.untouched_rate, after.approval_rate) == (0.75, 0.75)


def test_the_effect_takes_one_statement_however_many_texts_were_edited(
    db: None, max_: User, django_assert_num_queries: Callable[..., Any]
) -> None:
    for number in range(4):
        _store(decided(number), max_)
    with django_assert_num_queries(1):
        assert effect_by_version()[0].edits_per_text


def test_a_version_s_page_shows_effect_figures_replacements_and_verdict(
    decisions: list[Draft], max_: User, desk: Desk
) -> None:
    version = _trained()
    for number in range(100, 103):
        row = decided(number, lambda text, _brand: text)
        _store(row, max_, f"{PLAIN_WRITER}+writer {version.number}")
    url = reverse("admin:training_modelversion_change", args=[version.pk])
    html = desk(Role.ANALYST).get(url).content.decode()
    assert "Passed: fewer edits than without it" in html
    assert 'data-figure="figure-effect"' in html
    assert 'data-figure="figure-held-out"' in html
    assert "no re-ranking" in html
    assert "NDCG" not in html
    assert "<td>produced</td>" in html
    assert "<td>made</td>" in html
    assert version.run.report["learned"]["version"] in html
    run = reverse("admin:training_trainingrun_change", args=[version.run_id])
    assert "NDCG" not in desk(Role.ANALYST).get(run).content.decode()


def test_a_refused_version_s_page_says_why(db: None, desk: Desk) -> None:
    refused = {
        **factories.PASSED_VERDICT,
        "passed": False,
        "problems": ["too_few_products", "unsupported_claims"],
        "products": 12,
    }
    told = " ".join(verdict_in_words("writer", refused))
    assert "too few products are decided; texts claim what no fact supports" in told
    assert "12 products are decided; 30 are needed." in told


def test_the_writer_s_training_offers_no_options_of_a_network(db: None, desk: Desk) -> None:
    html = desk(Role.MERCHANDISER).get(reverse("admin:training_trainingrun_changelist"))
    page = html.content.decode()
    start = page.index('value="writer"')
    assert "Train writer model now" in page[start:]
    assert 'name="origins"' not in page[start:]
