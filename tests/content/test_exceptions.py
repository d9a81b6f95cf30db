"""Signed exceptions: who may sign for what, what that lifts, and that it ends with the text."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.content.models import Draft, PublishedCopy, SignedException
from guidance.content.services import review, staleness
from guidance.content.services.examination import SIGNED
from guidance.content.services.exceptions import sign_exception
from guidance.content.services.planning import REAPPROVE_WITHIN, enforce_deadlines
from guidance.content.services.refusals import ChecksFailed, Invalid, OwnRequest
from guidance.content.services.revoking import revoke_exception
from guidance.core.models import AuditEntry, User
from guidance.core.roles import Role
from tests.content.conftest import MakeDraft

pytestmark = pytest.mark.django_db
REVOKED = "The certificate was withdrawn."
WHY = "The jury's certificate of 2025 names it so."


@pytest.fixture
def carla(person: Callable[..., User]) -> User:
    """A compliance officer."""
    return person(Role.COMPLIANCE, "carla")


@pytest.fixture
def praised(make_draft: MakeDraft, mia: User, max_: User) -> Draft:
    """A draft that Mia requested and Max praised too much."""
    draft = make_draft(requested_by=mia)
    text = f"{draft.text} It is the best mug."
    return review.edit_draft(draft_id=draft.pk, version=draft.version, actor=max_, text=text)


def sign(draft: Draft, actor: User, **given: Any) -> SignedException:
    usual = {"rule": "superlatives_en", "words": "best", "justification": WHY}
    return sign_exception(
        draft_id=draft.pk, version=draft.version, actor=actor, **{**usual, **given}
    )


def test_a_signature_lifts_the_finding_and_says_by_whom_and_why(
    praised: Draft, carla: User, max_: User
) -> None:
    with pytest.raises(ChecksFailed):
        review.approve_draft(draft_id=praised.pk, version=praised.version, actor=max_)
    sign(praised, carla)
    praised.refresh_from_db()
    (finding,) = [f for f in praised.findings if f["check"] == "banned"]
    assert finding["severity"] == SIGNED
    assert (finding["signed"]["by"], finding["signed"]["why"]) == ("carla", WHY)
    assert (praised.blocking_findings, praised.warnings) == (0, 0)
    review.approve_draft(draft_id=praised.pk, version=praised.version, actor=max_)
    assert AuditEntry.objects.get(verb="sign_exception").actor == carla


def test_it_holds_for_exactly_this_text(praised: Draft, carla: User, max_: User) -> None:
    sign(praised, carla)
    edited = review.edit_draft(
        draft_id=praised.pk, version=praised.version, actor=max_, text=f"{praised.text} Truly."
    )
    assert edited.blocking_findings == 1


def test_it_lifts_these_words_only(make_draft: MakeDraft, max_: User, carla: User) -> None:
    draft = make_draft()
    text = f"{draft.text} It is the best mug. It is unbeatable."
    draft = review.edit_draft(draft_id=draft.pk, version=draft.version, actor=max_, text=text)
    sign(draft, carla)
    draft.refresh_from_db()
    assert draft.blocking_findings == 1


def test_it_survives_an_examination_of_all_drafts(praised: Draft, carla: User) -> None:
    sign(praised, carla)
    staleness.examine_again(draft_ids=[praised.pk])
    praised.refresh_from_db()
    assert praised.blocking_findings == 0


def test_who_requested_the_text_never_signs(praised: Draft, person: Callable[..., User]) -> None:
    root = person(Role.ADMINISTRATOR, "root")
    Draft.objects.filter(pk=praised.pk).update(requested_by=root)
    with pytest.raises(OwnRequest):
        sign(praised, root)
    with pytest.raises(IntegrityError), transaction.atomic():
        SignedException.objects.create(
            draft=praised, rule="r", span_text="best", text_sha256="0", justification=WHY,
            requesters=f",{root.pk},", signed_by=root,
        )  # fmt: skip


def test_a_merchandiser_may_not_sign(praised: Draft, max_: User) -> None:
    with pytest.raises(PermissionDenied):
        sign(praised, max_)


@pytest.mark.parametrize(
    "given", [{"words": "finest"}, {"rule": "praise_en"}, {"justification": "  ok  "}]
)
def test_it_needs_such_a_finding_and_a_reason(
    praised: Draft, carla: User, given: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        sign(praised, carla, **given)


def test_some_rules_and_all_checks_of_facts_allow_none(
    make_draft: MakeDraft, max_: User, carla: User
) -> None:
    draft = make_draft()
    text = f"{draft.text} It cures colds. It weighs 25 kg."
    draft = review.edit_draft(draft_id=draft.pk, version=draft.version, actor=max_, text=text)
    findings = [f for f in draft.findings if f["severity"] == "block"]
    assert {f["rule"] for f in findings} >= {"health_en", "number"}
    for finding in findings:
        with pytest.raises(Invalid):
            sign(
                draft,
                carla,
                rule=finding["rule"],
                words=draft.text[finding["start"] : finding["end"]],
            )


def test_a_revoked_signature_blocks_the_draft_again_and_may_be_signed_anew(
    praised: Draft, carla: User, max_: User
) -> None:
    signed = sign(praised, carla)
    revoke_exception(exception_id=signed.pk, reason=REVOKED, actor=carla)
    praised.refresh_from_db()
    assert praised.blocking_findings == 1
    with pytest.raises(ChecksFailed):
        review.approve_draft(draft_id=praised.pk, version=praised.version, actor=max_)
    entry = AuditEntry.objects.get(verb="revoke_exception")
    assert (entry.actor, entry.details["reason"]) == (carla, REVOKED)
    with pytest.raises(Invalid, match="revoked already"):
        revoke_exception(exception_id=signed.pk, reason=REVOKED, actor=carla)
    sign(praised, carla)
    praised.refresh_from_db()
    assert praised.blocking_findings == 0


def test_what_is_live_by_a_revoked_signature_returns_to_the_desk_with_a_deadline(
    praised: Draft, carla: User, max_: User
) -> None:
    signed = sign(praised, carla)
    publication = review.approve_draft(draft_id=praised.pk, version=praised.version, actor=max_)
    revoke_exception(exception_id=signed.pk, reason=REVOKED, actor=carla)
    copy = PublishedCopy.objects.get()
    assert copy.is_served
    assert copy.serve_until <= timezone.now() + REAPPROVE_WITHIN
    back = Draft.objects.waiting().get()
    assert (back.text, back.blocking_findings) == (publication.text, 1)
    enforce_deadlines(now=copy.serve_until)
    copy.refresh_from_db()
    assert copy.status == "stale"


def test_another_text_that_is_live_by_now_is_left_alone(
    praised: Draft, carla: User, max_: User
) -> None:
    signed = sign(praised, carla)
    plain = review.edit_draft(
        draft_id=praised.pk, version=praised.version, actor=max_, text="A mug of oak in black."
    )
    review.approve_draft(draft_id=plain.pk, version=plain.version, actor=max_)
    revoke_exception(exception_id=signed.pk, reason=REVOKED, actor=carla)
    assert PublishedCopy.objects.get().serve_until is None
    assert not Draft.objects.waiting().exists()


def test_revoking_takes_the_right_to_sign_and_a_reason(
    praised: Draft, carla: User, max_: User
) -> None:
    signed = sign(praised, carla)
    with pytest.raises(PermissionDenied):
        revoke_exception(exception_id=signed.pk, reason=REVOKED, actor=max_)
    with pytest.raises(Invalid):
        revoke_exception(exception_id=signed.pk, reason=" no ", actor=carla)
    signed.refresh_from_db()
    assert signed.revoked_at is None


def test_an_exception_is_revoked_on_its_page(praised: Draft, carla: User, client: Client) -> None:
    signed = sign(praised, carla)
    client.force_login(carla, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("admin:content_signedexception_change", args=[signed.pk])
    url = reverse("admin:content_signedexception_revoke", args=[signed.pk])
    assert url in client.get(page).content.decode()
    answer = client.post(url, {"reason": REVOKED}, follow=True).content.decode()
    assert "the rule holds for this text again" in answer
    assert REVOKED in answer
    assert url not in answer


def test_a_compliance_officer_signs_on_the_draft_s_page(
    praised: Draft, carla: User, client: Client
) -> None:
    client.force_login(carla, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("admin:content_draft_change", args=[praised.pk])
    url = reverse("admin:content_signedexception_sign")
    assert url in client.get(page).content.decode()
    sent = {"draft_id": praised.pk, "version": praised.version, "rule": "superlatives_en"}
    answer = client.post(url, {**sent, "words": "best", "justification": WHY})
    assert answer["Location"] == page
    assert WHY.replace("'", "&#x27;") in client.get(page).content.decode()
