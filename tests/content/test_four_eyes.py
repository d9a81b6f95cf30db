"""When one person may edit and approve, and when a second one must."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from guidance.catalog.models import ProductAttribute
from guidance.content.models import Draft, PlannedCopy, Publication, PublishedCopy
from guidance.content.selectors.people import colleagues
from guidance.content.services import planning
from guidance.content.services.handing import assign_draft, comment_draft
from guidance.content.services.publication import restore_publication, withdraw_copy
from guidance.content.services.refusals import (
    ChecksFailed,
    FactsChanged,
    Invalid,
    OwnRequest,
)
from guidance.content.services.review import (
    approve_draft,
    edit_and_approve,
    edit_draft,
    reject_draft,
)
from guidance.content.services.sealing import seal_of
from guidance.content.services.undoing import UNDO_WITHIN, undo_decision
from guidance.core.models import User
from guidance.core.roles import Role
from tests.content.conftest import MakeDraft


def _without_last_sentence(draft: Draft) -> str:
    """The same text with a sentence less claims nothing more."""
    return " ".join(sentence["text"] for sentence in draft.sentences[:-1])


def test_an_edit_that_adds_no_claim_is_published_in_one_step(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    shorter = _without_last_sentence(draft)
    done = edit_and_approve(draft_id=draft.pk, version=1, actor=mia, text=shorter)
    assert isinstance(done, Publication)
    assert (done.text, done.is_edited) == (shorter, True)


def test_an_edit_that_adds_a_claim_is_kept_for_a_second_person(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug", facts={"material": "oak", "colour": "black", "capacity": "350 ml"})
    ProductAttribute.objects.create(product=draft.product, key="weight", value="310", unit="g")
    text = f"{draft.text} It weighs 310 g."
    waits = edit_and_approve(draft_id=draft.pk, version=1, actor=mia, text=text)
    assert isinstance(waits, Draft)
    assert (waits.status, waits.blocking_findings) == ("waiting", 0)
    with pytest.raises(OwnRequest, match="added a claim"):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    assert approve_draft(draft_id=draft.pk, version=2, actor=max_).text == text


def test_who_takes_their_added_claim_out_again_may_approve(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    ProductAttribute.objects.create(product=draft.product, key="weight", value="310", unit="g")
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text=f"{draft.text} It weighs 310 g.")
    edit_draft(draft_id=draft.pk, version=2, actor=mia, text=draft.text)
    assert approve_draft(draft_id=draft.pk, version=3, actor=mia).text == draft.text


def test_who_edits_copy_of_high_risk_never_approves_it(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    Draft.objects.update(is_high_risk=True)
    waits = edit_and_approve(
        draft_id=draft.pk, version=1, actor=mia, text=_without_last_sentence(draft)
    )
    assert isinstance(waits, Draft)
    with pytest.raises(OwnRequest, match="high risk"):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    assert approve_draft(draft_id=draft.pk, version=2, actor=max_)


def test_the_database_refuses_an_approval_by_who_added_a_claim(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    with pytest.raises(IntegrityError, match="claim_author"), transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(
            claim_authors=f",{mia.pk},",
            status="approved",
            decided_by=mia,
            decided_at=timezone.now(),
        )


def test_an_approval_is_bound_to_the_facts_that_were_read(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    read = seal_of(draft.text, draft.facts)
    ProductAttribute.objects.create(product=draft.product, key="warranty", value="2 years")
    with pytest.raises(FactsChanged):
        approve_draft(draft_id=draft.pk, version=1, actor=mia, seal=read)
    draft.refresh_from_db()
    again = seal_of(draft.text, [*draft.facts, {**draft.facts[0], "key": "warranty"}])
    assert again != read
    assert not Publication.objects.exists()


def test_a_publication_carries_the_seal_of_what_was_approved(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    publication = approve_draft(
        draft_id=draft.pk, version=1, actor=mia, seal=seal_of(draft.text, draft.facts)
    )
    assert publication.seal == seal_of(publication.text, publication.facts)


def test_a_planned_text_goes_out_at_its_time_and_not_before(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    at = timezone.now() + timedelta(hours=3)
    publication = approve_draft(draft_id=draft.pk, version=1, actor=mia, publish_at=at)
    assert planning.publish_due() == 0
    assert not PublishedCopy.objects.exists()
    assert planning.publish_due(at) == 1
    assert PublishedCopy.objects.get().publication == publication
    assert planning.publish_due(at) == 0


def test_a_planned_text_that_is_true_no_longer_returns_to_the_desk(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug", requested_by=max_)
    at = timezone.now() + timedelta(hours=3)
    approve_draft(draft_id=draft.pk, version=1, actor=mia, publish_at=at)
    ProductAttribute.objects.filter(key="material").update(value="glass")
    assert planning.publish_due(at) == 0
    assert not PublishedCopy.objects.exists()
    back = Draft.objects.waiting().get()
    assert back.blocking_findings > 0
    assert max_.pk in back.requesters()


def test_a_time_gone_by_is_refused(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    with pytest.raises(Invalid):
        approve_draft(draft_id=draft.pk, version=1, actor=mia, publish_at=timezone.now())


def test_a_cancelled_plan_never_goes_out(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    at = timezone.now() + timedelta(hours=3)
    publication = approve_draft(draft_id=draft.pk, version=1, actor=mia, publish_at=at)
    planning.cancel_planned(publication_id=publication.pk, actor=mia)
    assert planning.publish_due(at) == 0
    assert not PlannedCopy.objects.exists()


def test_an_earlier_publication_comes_back_where_it_is_true_still(
    make_draft: MakeDraft, mia: User
) -> None:
    first = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    copy = PublishedCopy.objects.get()
    with pytest.raises(Invalid):
        restore_publication(publication_id=first.pk, actor=mia, reason="slip")
    withdraw_copy(copy=copy, actor=mia, reason="slip")
    restore_publication(publication_id=first.pk, actor=mia, reason="it was right")
    assert PublishedCopy.objects.get().status == "live"
    withdraw_copy(copy=copy, actor=mia, reason="slip")
    ProductAttribute.objects.filter(key="material").update(value="glass")
    with pytest.raises(ChecksFailed):
        restore_publication(publication_id=first.pk, actor=mia, reason="it was right")
    assert PublishedCopy.objects.get().status == "withdrawn"


def test_copy_that_is_true_still_stays_public_until_a_deadline(
    make_draft: MakeDraft, mia: User
) -> None:
    publication = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    PublishedCopy.objects.update(status="stale")
    assert planning.hold_what_is_true(publication_ids=[publication.pk]) == 1
    copy = PublishedCopy.objects.get()
    assert copy.status == "live"
    assert copy.serve_until is not None
    assert planning.enforce_deadlines(copy.serve_until - timedelta(seconds=1)) == 0
    assert planning.enforce_deadlines(copy.serve_until) == 1
    assert PublishedCopy.objects.get().status == "stale"


def test_copy_that_became_false_does_not_come_back(make_draft: MakeDraft, mia: User) -> None:
    publication = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    PublishedCopy.objects.update(status="stale")
    ProductAttribute.objects.filter(key="material").update(value="glass")
    assert planning.hold_what_is_true(publication_ids=[publication.pk]) == 0
    assert PublishedCopy.objects.get().status == "stale"


def test_an_approval_is_taken_back_by_who_gave_it(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    approve_draft(draft_id=draft.pk, version=1, actor=mia)
    with pytest.raises(Invalid):
        undo_decision(draft_id=draft.pk, actor=max_)
    back = undo_decision(draft_id=draft.pk, actor=mia)
    assert (back.status, back.text) == ("waiting", draft.text)
    assert PublishedCopy.objects.get().status == "withdrawn"
    again = approve_draft(draft_id=back.pk, version=back.version, actor=mia)
    assert PublishedCopy.objects.get().publication == again


def test_a_taken_back_approval_brings_back_what_it_replaced(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    first = approve_draft(draft_id=draft.pk, version=1, actor=mia)
    second = Draft.objects.create(
        product=draft.product,
        kind=draft.kind,
        language=draft.language,
        text=_without_last_sentence(draft),
        sentences=draft.sentences,
    )
    approve_draft(draft_id=second.pk, version=1, actor=mia)
    undo_decision(draft_id=second.pk, actor=mia)
    assert PublishedCopy.objects.get().publication == first


def test_a_rejection_is_taken_back_for_ten_minutes(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug")
    reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="slip")
    assert undo_decision(draft_id=draft.pk, actor=mia).status == "waiting"
    reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="meant")
    Draft.objects.update(decided_at=timezone.now() - UNDO_WITHIN - timedelta(seconds=1))
    with pytest.raises(Invalid):
        undo_decision(draft_id=draft.pk, actor=mia)


def test_a_draft_is_handed_to_those_alone_who_may_decide_it(
    make_draft: MakeDraft, mia: User, max_: User, person: Callable[..., User]
) -> None:
    draft = make_draft("mug")
    assert list(colleagues(mia)) == [max_]
    assign_draft(draft_id=draft.pk, actor=mia, assignee=max_, comment="You know mugs.")
    draft.refresh_from_db()
    assert draft.assignee == max_
    assert [comment.text for comment in draft.comments.all()] == ["You know mugs."]
    analyst = person(Role.ANALYST, "ann")
    with pytest.raises(Invalid):
        assign_draft(draft_id=draft.pk, actor=mia, assignee=analyst)


@pytest.mark.parametrize("text", ["", " \n ", "x" * 1001])
def test_an_empty_or_endless_comment_is_refused(
    make_draft: MakeDraft, mia: User, text: str
) -> None:
    with pytest.raises(Invalid):
        comment_draft(draft_id=make_draft("mug").pk, actor=mia, text=text)
