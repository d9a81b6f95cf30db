"""Drafts that say nearly the same as other copy of the shop are told so."""

import pytest

from guidance.content.models import Draft
from guidance.content.services import review
from guidance.content.services.drafting import draft_products
from guidance.core.models import User
from models_ml.writer.duplicates import BANDS
from tests.content.conftest import MakeDraft, MakeProduct

pytestmark = pytest.mark.django_db
TEXT = "A mug of oak in black that holds 350 ml, made for the desk and for the long evenings there."


def likeness(draft: Draft) -> list[dict[str, object]]:
    return [finding for finding in draft.findings if finding["check"] == "near_duplicate"]


def edit(draft: Draft, text: str, actor: User) -> Draft:
    return review.edit_draft(draft_id=draft.pk, version=draft.version, actor=actor, text=text)


def test_a_text_much_like_another_product_s_warns_and_names_it(
    make_draft: MakeDraft, mia: User
) -> None:
    first, second = make_draft("one"), make_draft("two")
    edit(first, TEXT, mia)
    alike = edit(second, f"{TEXT} Oak!", mia)
    (finding,) = likeness(alike)
    assert finding["severity"] == "warn"
    assert finding["params"]["other"] == "Voyager Mug one"  # type: ignore[index]


def test_a_text_that_changed_meanwhile_is_compared_as_it_is_now(
    make_draft: MakeDraft, mia: User
) -> None:
    first, second = make_draft("one"), make_draft("two")
    first = edit(first, TEXT, mia)
    first = edit(first, "A black vessel.", mia)
    assert first.fingerprints.count() == BANDS
    assert likeness(edit(second, TEXT, mia)) == []


def test_rejected_copy_and_the_product_s_own_do_not_count(make_draft: MakeDraft, mia: User) -> None:
    first, second = make_draft("one"), make_draft("two")
    first = edit(first, TEXT, mia)
    assert likeness(first) == []
    review.reject_draft(draft_id=first.pk, version=first.version, actor=mia, reason="bad")
    assert likeness(edit(second, TEXT, mia)) == []


def test_published_copy_counts(make_draft: MakeDraft, mia: User) -> None:
    first, second = make_draft("one"), make_draft("two")
    text = first.text
    review.approve_draft(draft_id=first.pk, version=first.version, actor=mia)
    assert likeness(edit(second, text, mia))


def test_drafts_of_one_batch_are_compared_with_one_another(make_product: MakeProduct) -> None:
    few = {"material": "oak", "colour": "black"}
    products = [make_product(f"m{n}", title="Voyager Mug", facts=few) for n in range(60)]
    draft_products(
        product_ids=[product.pk for product in products],
        kind="short_description",
        language="en",
        requested_by=None,
    )
    alike = [draft for draft in Draft.objects.all() if likeness(draft)]
    texts = list(Draft.objects.values_list("text", flat=True))
    assert len(alike) >= len(texts) - len(set(texts)) > 0
