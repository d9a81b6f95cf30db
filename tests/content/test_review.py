"""The desk's decisions: four eyes, versions, checks taken anew, exact bulk approval."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from guidance.catalog.models import ProductAttribute
from guidance.catalog.services import update_product
from guidance.content.models import Draft, DraftRevision, Publication, PublishedCopy
from guidance.content.selectors.queue import queue_totals
from guidance.content.services.refusals import (
    ChecksFailed,
    Invalid,
    NotWaiting,
    OwnRequest,
    VersionChanged,
)
from guidance.content.services.review import (
    approve_draft,
    approve_drafts,
    edit_draft,
    reject_draft,
)
from guidance.content.services.rewriting import rewrite_draft
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests.content.conftest import MakeDraft, MakeProduct


def test_an_approved_draft_becomes_a_publication_word_for_word(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug", requested_by=mia)
    publication = approve_draft(draft_id=draft.pk, version=1, actor=max_)
    assert (publication.text, publication.number) == (draft.text, 1)
    assert (publication.requested_by, publication.approved_by) == (mia, max_)
    assert PublishedCopy.objects.get().publication == publication
    assert AuditEntry.objects.filter(verb="approve_draft", object_id=str(draft.pk)).exists()
    assert set(publication.citations.values_list("fact_key", flat=True)) >= {"material", "title"}


@pytest.mark.parametrize("who", ["mia", "root"])
def test_who_requested_a_draft_can_never_approve_it(
    make_draft: MakeDraft, who: str, request: pytest.FixtureRequest
) -> None:
    requester: User = request.getfixturevalue(who)
    draft = make_draft("mug", requested_by=requester)
    with pytest.raises(OwnRequest):
        approve_draft(draft_id=draft.pk, version=1, actor=requester)
    assert not Publication.objects.exists()


def test_the_database_refuses_an_approval_by_the_requester(
    make_draft: MakeDraft, root: User
) -> None:
    draft = make_draft("mug", requested_by=root)
    waiting = Draft.objects.filter(pk=draft.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        waiting.update(status="approved", decided_by=root, decided_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Publication.objects.create(
            draft=draft, product=draft.product, kind=draft.kind, language=draft.language,
            number=1, text="x", requested_by=root, approved_by=root,
        )  # fmt: skip


def test_the_database_refuses_an_approved_draft_with_failed_checks(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    decided = {"status": "approved", "decided_by": mia, "decided_at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.filter(pk=draft.pk).update(blocking_findings=1, **decided)


def test_who_asks_for_a_rewrite_becomes_its_requester(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug", requested_by=mia)
    rewritten = rewrite_draft(draft_id=draft.pk, version=1, actor=max_)
    assert rewritten.version == 2
    with pytest.raises(OwnRequest):
        approve_draft(draft_id=draft.pk, version=2, actor=max_)
    with pytest.raises(OwnRequest, match="an earlier text"):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)


def test_everybody_who_ever_requested_a_text_stays_barred(
    make_draft: MakeDraft, mia: User, max_: User, root: User, person: Callable[..., User]
) -> None:
    draft = make_draft("mug", requested_by=mia)
    for version, actor in enumerate([max_, root, max_], start=1):
        rewrite_draft(draft_id=draft.pk, version=version, actor=actor)
    for requester in (mia, max_, root):
        with pytest.raises(OwnRequest):
            approve_draft(draft_id=draft.pk, version=4, actor=requester)
        assert queue_totals(requester.pk).own == 1
    decided = {"status": "approved", "decided_at": timezone.now()}
    for requester in (mia, max_, root):
        with pytest.raises(IntegrityError), transaction.atomic():
            Draft.objects.filter(pk=draft.pk).update(decided_by=requester, **decided)
    ida = person(Role.MERCHANDISER, "ida")
    assert queue_totals(ida.pk).own == 0
    publication = approve_draft(draft_id=draft.pk, version=4, actor=ida)
    update_product(product=publication.product, actor=None, fields={"title": "Explorer Cup"})
    back = Draft.objects.waiting().get()
    assert back.requesters() == {mia.pk, max_.pk, root.pk}


def test_a_publication_is_never_deleted(make_draft: MakeDraft, mia: User) -> None:
    replaced = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    PublishedCopy.objects.all().delete()
    for delete in (replaced.delete, Publication.objects.all().delete):
        with pytest.raises(TypeError, match="never changes"):
            delete()
    assert Publication.objects.get() == replaced


def test_approving_a_version_that_changed_publishes_nothing(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    edit_draft(draft_id=draft.pk, version=1, actor=max_, text="Made of oak, in black.")
    with pytest.raises(VersionChanged):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
    assert not Publication.objects.exists()
    assert DraftRevision.objects.get(draft=draft, version=1).text == draft.text


def test_an_edit_is_examined_and_an_unsupported_claim_stops_the_approval(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    draft = make_draft("mug")
    edited = edit_draft(
        draft_id=draft.pk, version=1, actor=mia, text="A mug of oak in black that weighs 999 g."
    )
    assert edited.blocking_findings > 0
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    ProductAttribute.objects.create(
        product=draft.product, key="weight", value="999", unit="g", language=""
    )
    with pytest.raises(OwnRequest, match="added a claim"):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)
    publication = approve_draft(draft_id=draft.pk, version=2, actor=max_)
    assert publication.is_edited
    assert "weight" in publication.citations.values_list("fact_key", flat=True)


def test_a_claim_that_the_checks_only_doubt_stops_the_approval_too(
    make_draft: MakeDraft, make_product: MakeProduct, mia: User
) -> None:
    """A brand that opens a sentence may be a word; as a claim, nothing carries it."""
    make_product("other", brand="Northtone")
    draft = make_draft("mug")
    text = "Northtone made this oak mug in black, which holds 350 ml of anything you like."
    edit_draft(draft_id=draft.pk, version=1, actor=mia, text=text)
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=2, actor=mia)


def test_facts_that_changed_behind_the_catalogues_back_stop_an_approval(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    ProductAttribute.objects.filter(key="material").update(value="glass")
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)
    draft.refresh_from_db()
    assert draft.status == "waiting"
    assert draft.blocking_findings > 0


def test_a_sentence_told_by_a_yes_falls_when_the_fact_says_no(
    make_draft: MakeDraft, mia: User
) -> None:
    draft = make_draft("mug")
    assert "dishwasher" in draft.text
    ProductAttribute.objects.filter(key="dishwasher_safe").update(value="no")
    with pytest.raises(ChecksFailed):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)


def test_a_rejection_needs_a_reason_and_keeps_it(make_draft: MakeDraft, mia: User) -> None:
    draft = make_draft("mug", requested_by=mia)
    with pytest.raises(Invalid):
        reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="  ")
    reject_draft(draft_id=draft.pk, version=1, actor=mia, reason="Reads badly")
    draft.refresh_from_db()
    assert (draft.status, draft.reason, draft.decided_by) == ("rejected", "Reads badly", mia)
    with pytest.raises(NotWaiting):
        approve_draft(draft_id=draft.pk, version=1, actor=mia)


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 5_001])
def test_an_empty_or_endless_text_is_refused(make_draft: MakeDraft, mia: User, text: str) -> None:
    draft = make_draft("mug")
    with pytest.raises(Invalid):
        edit_draft(draft_id=draft.pk, version=1, actor=mia, text=text)
    assert not DraftRevision.objects.exists()


def test_roles_that_only_read_decide_nothing(make_draft: MakeDraft, person: object) -> None:
    reader = person(Role.COMPLIANCE)
    draft = make_draft("mug")
    for act in (
        lambda: approve_draft(draft_id=draft.pk, version=1, actor=reader),
        lambda: reject_draft(draft_id=draft.pk, version=1, actor=reader, reason="no"),
        lambda: edit_draft(draft_id=draft.pk, version=1, actor=reader, text="Oak."),
        lambda: rewrite_draft(draft_id=draft.pk, version=1, actor=reader),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_bulk_approval_publishes_exactly_the_versions_that_were_seen(
    make_draft: MakeDraft, mia: User, max_: User
) -> None:
    seen, changed, own, unseen = (
        make_draft("seen"), make_draft("changed"), make_draft("own", requested_by=mia),
        make_draft("unseen"),
    )  # fmt: skip
    edit_draft(draft_id=changed.pk, version=1, actor=max_, text="Made of oak, in black.")
    verdicts = approve_drafts(seen=[(d.pk, 1) for d in (seen, changed, own)], actor=mia)
    assert [verdict.code for verdict in verdicts] == ["", "changed", "own_request"]
    assert [p.product.sku for p in Publication.objects.all()] == ["seen"]
    assert set(Draft.objects.waiting()) == {changed, own, unseen}


def test_a_second_publication_replaces_the_first_and_both_stay_on_record(
    make_draft: MakeDraft, mia: User
) -> None:
    first = make_draft("mug")
    approve_draft(draft_id=first.pk, version=1, actor=mia)
    second = Draft.objects.create(
        product=first.product, kind=first.kind, language="en", text=first.text, writer="test"
    )
    approve_draft(draft_id=second.pk, version=1, actor=mia)
    assert list(Publication.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert PublishedCopy.objects.get().publication.number == 2


def test_a_publication_never_changes(make_draft: MakeDraft, mia: User) -> None:
    publication = approve_draft(draft_id=make_draft("mug").pk, version=1, actor=mia)
    publication.text = "Something else"
    for change in (
        publication.save,
        lambda: Publication.objects.update(text="Something else"),
        lambda: Publication.objects.all().delete(),
    ):
        with pytest.raises(TypeError):
            change()
