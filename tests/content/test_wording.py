"""Other wordings of a draft: candidates side by side, and texts after an instruction."""

import pytest

from guidance.catalog.models import ProductAttribute
from guidance.content.models import Draft, DraftRevision
from guidance.content.services.refusals import Invalid
from guidance.content.services.review import approve_draft
from guidance.content.services.wording import candidates, choose_candidate, rewrite_as_told
from guidance.core.models import User
from models_ml.writer.facts import label
from tests.content.conftest import MakeDraft


def _first_told(draft: Draft) -> set[str]:
    return {fact["key"] for fact in draft.sentences[0]["told"]}


def test_candidates_are_other_texts_from_the_same_facts(make_draft: MakeDraft) -> None:
    draft = make_draft("mug")
    found = candidates(draft)
    texts = {draft.text, *(one.text for one in found)}
    assert len(texts) == 1 + len(found) == 4
    assert {one.blocking_findings for one in found} == {0}


def test_a_chosen_candidate_takes_the_place_of_the_text_and_may_be_approved(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    wanted = candidates(draft)[1]
    chosen = choose_candidate(draft_id=draft.pk, version=1, actor=mia, number=wanted.version)
    assert (chosen.text, chosen.version) == (wanted.text, 2)
    assert DraftRevision.objects.get(draft=draft).text == draft.text
    assert approve_draft(draft_id=draft.pk, version=2, actor=mia).text == wanted.text


def test_no_number_below_the_candidates_is_one(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    with pytest.raises(Invalid):
        choose_candidate(draft_id=draft.pk, version=1, actor=mia, number=3)


def test_candidates_of_a_product_whose_facts_are_gone_are_none(make_draft: MakeDraft) -> None:
    draft = make_draft("mug")
    ProductAttribute.objects.all().delete()
    assert candidates(draft) == []


@pytest.mark.parametrize("told", ["make it shorter", "再短一点"])
def test_a_shorter_text_is_shorter(make_draft: MakeDraft, mia: User, told: str) -> None:
    draft = make_draft("mug")
    # The first text may be the shortest there is; the longest of several is not.
    wanted = max(candidates(draft, 12), key=lambda one: len(one.text))
    long = choose_candidate(draft_id=draft.pk, version=1, actor=mia, number=wanted.version)
    done, _understood = rewrite_as_told(draft_id=draft.pk, version=2, actor=mia, instruction=told)
    assert len(done.text) < len(long.text)


@pytest.mark.parametrize(("told", "language"), [("start with the %s", "en"), ("先说%s", "zh-hans")])
def test_a_text_begins_with_the_fact_that_was_named(
    make_draft: MakeDraft, mia: User, told: str, language: str
) -> None:
    draft = make_draft("mug")
    openings = {key for one in candidates(draft, 12) for key in _first_told(one)}
    key = min(openings - _first_told(draft) - {"title", "brand"})
    done, _understood = rewrite_as_told(
        draft_id=draft.pk, version=1, actor=mia, instruction=told % label(key, language)
    )
    assert key in _first_told(done)


def test_what_the_writer_cannot_do_is_refused_with_what_it_can(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    with pytest.raises(Invalid, match="shorter, longer"):
        rewrite_as_told(
            draft_id=draft.pk, version=1, actor=mia, instruction="write 100 % off and like a pirate"
        )
    draft.refresh_from_db()
    assert draft.version == 1
