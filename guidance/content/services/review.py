"""The review desk's decisions: approve, reject, edit."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.content.models import NOBODY, Draft, Publication, ReviewTask, between_commas
from guidance.content.services.differing import same_wording
from guidance.content.services.examination import Examination, examine_draft
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.publication import publish
from guidance.content.services.refusals import (
    ChecksFailed,
    FactsChanged,
    Invalid,
    OwnRequest,
    Refused,
    may_not_approve,
    own_request,
)
from guidance.content.services.risk import adds_a_claim
from guidance.content.services.sealing import seal_of
from guidance.content.services.waiting import keep_text, lock_waiting, require
from guidance.core.models import User
from guidance.core.services import record_audit

LONGEST_TEXT = 5_000
LONGEST_REASON = 500


@dataclass(frozen=True)
class Verdict:
    """What became of one draft of a bulk approval; `refusal` is '' where it was published."""

    draft: Draft
    publication: Publication | None
    refusal: str = ""
    code: str = ""


def approve_draft(
    *,
    draft_id: uuid.UUID,
    version: int,
    actor: User,
    seal: str = "",
    publish_at: datetime | None = None,
) -> Publication:
    """Publish the text that `actor` saw as `version`, now or at `publish_at`.

    Facts, claims and checks are taken anew under the product's lock. `seal` is the page's, over
    the text and the facts it showed: with it, facts that changed since are noticed even where the
    text still agrees with them. Raises PermissionDenied, or Refused: NotWaiting, VersionChanged,
    FactsChanged, OwnRequest, Invalid for a time gone by, or ChecksFailed, which keeps the new
    findings.
    """
    require(actor, "content.review_draft")
    with transaction.atomic():
        draft = lock_waiting(draft_id=draft_id, version=version)
        found, publication = _settle(draft, actor, seal, publish_at)
    return _published(found, publication)


def edit_and_approve(
    *, draft_id: uuid.UUID, version: int, actor: User, text: str
) -> Publication | Draft:
    """Replace the text and publish it in one step, where one person may do both.

    That is so while the edit adds no claim and the draft is of no high risk; otherwise the edit is
    kept and the draft returned, for a second person to approve. Raises like `approve_draft`.
    """
    require(actor, "content.change_draft")
    require(actor, "content.review_draft")
    text = _tidy(text)
    with transaction.atomic():
        draft = lock_waiting(draft_id=draft_id, version=version)
        if reason := own_request(draft, actor):
            raise OwnRequest(reason)
        if text != draft.text:
            _edit(draft, actor, text)
        if may_not_approve(draft, actor):
            return draft
        found, publication = _settle(draft, actor, "", None)
    return _published(found, publication)


def approve_drafts(*, seen: Iterable[tuple[uuid.UUID, int]], actor: User) -> list[Verdict]:
    """Approve exactly these versions of these drafts, each in its own transaction, in order."""
    verdicts = []
    for draft_id, version in seen:
        try:
            publication = approve_draft(draft_id=draft_id, version=version, actor=actor)
        except Refused as refused:
            draft = Draft.objects.select_related("product").get(pk=draft_id)
            verdicts.append(Verdict(draft, None, str(refused), refused.code))
        else:
            verdicts.append(Verdict(publication.draft, publication))
    return verdicts


@transaction.atomic
def reject_draft(*, draft_id: uuid.UUID, version: int, actor: User, reason: str) -> Draft:
    """Turn a draft down, for a reason the writer can learn from; raises like `approve_draft`."""
    require(actor, "content.review_draft")
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(_("Say why: the reason teaches the writer."))
    draft = lock_waiting(draft_id=draft_id, version=version)
    _decide(draft, Draft.Status.REJECTED, actor, reason[:LONGEST_REASON])
    record_audit(actor=actor, verb="reject_draft", target=draft, details={"reason": draft.reason})
    return draft


@transaction.atomic
def edit_draft(*, draft_id: uuid.UUID, version: int, actor: User, text: str) -> Draft:
    """Replace the text, keep the earlier one, and examine the new one; raises like the others.

    Who adds a claim by it, or edits copy of high risk, can never approve the draft.
    """
    require(actor, "content.change_draft")
    text = _tidy(text)
    draft = lock_waiting(draft_id=draft_id, version=version)
    if text != draft.text:
        _edit(draft, actor, text)
    return draft


def _edit(draft: Draft, actor: User, text: str) -> None:
    before = examine_draft(draft=draft).claims
    written = examine_draft(draft=draft, text=draft.as_written()).claims
    _replace(draft, actor, examine_draft(draft=draft, text=text), text)
    draft.edited_by = actor
    if draft.is_high_risk or adds_a_claim(before=before, after=draft.claims):
        draft.claim_authors = between_commas({*draft.authors_of_claims(), actor.pk})
    elif not adds_a_claim(before=written, after=draft.claims):
        draft.claim_authors = NOBODY
    draft.save()
    remember_texts([draft])
    record_audit(actor=actor, verb="edit_draft", target=draft, details={"version": draft.version})


def _settle(
    draft: Draft, actor: User, seal: str, publish_at: datetime | None
) -> tuple[Examination, Publication | None]:
    """Examine a locked draft and publish it unless a check fails."""
    if publish_at is not None and publish_at <= timezone.now():
        raise Invalid(_("That time has gone by."))
    if reason := own_request(draft, actor):
        raise OwnRequest(reason)
    if same_wording(draft) is not None:
        raise Invalid(_("It reads as another text of this place does; a variant must differ."))
    found = examine_draft(draft=draft)
    _keep(draft, found)
    if found.blocking:
        return found, None
    if seal and seal != seal_of(draft.text, found.facts):
        raise FactsChanged(_("Facts changed while you were reading; this is what they say now."))
    if reason := may_not_approve(draft, actor):
        raise OwnRequest(reason)
    return found, _approve(draft, found, actor, publish_at)


def _published(found: Examination, publication: Publication | None) -> Publication:
    if publication is None:
        raise ChecksFailed(_what_failed(found))
    return publication


def _keep(draft: Draft, found: Examination) -> None:
    found.put_on(draft)
    draft.save(update_fields=found.put_on(draft))


def _approve(
    draft: Draft, found: Examination, actor: User, publish_at: datetime | None
) -> Publication:
    _decide(draft, Draft.Status.APPROVED, actor, "")
    publication = publish(draft=draft, cited=found.cited, actor=actor, at=publish_at)
    details = {"version": draft.version, "publication": str(publication.pk)}
    if publish_at is not None:
        details["at"] = publish_at.isoformat()
    record_audit(actor=actor, verb="approve_draft", target=draft, details=details)
    return publication


def _decide(draft: Draft, status: Draft.Status, actor: User, reason: str) -> None:
    draft.status, draft.decided_by, draft.decided_at = status, actor, timezone.now()
    draft.reason = reason
    draft.save(update_fields=["status", "decided_by", "decided_at", "reason"])
    if draft.task_id and not Draft.objects.waiting().filter(task_id=draft.task_id).exists():
        ReviewTask.objects.filter(pk=draft.task_id).update(closed_at=timezone.now())


def _replace(draft: Draft, actor: User, found: Examination, text: str) -> None:
    keep_text(draft=draft, replaced_by=actor)
    draft.text, draft.version, draft.is_stale = text, draft.version + 1, False
    found.put_on(draft)


def _tidy(text: str) -> str:
    """Return plain text without stray white space; raises Invalid for none or too much."""
    lines = [" ".join(line.split()) for line in text.replace("\x00", "").strip().splitlines()]
    tidy = "\n".join(lines)
    if not tidy:
        raise Invalid(_("The text is empty."))
    if len(tidy) > LONGEST_TEXT:
        raise Invalid(_("The text is longer than %(most)d characters.") % {"most": LONGEST_TEXT})
    return tidy


def _what_failed(found: Examination) -> str:
    return ngettext(
        "One check fails: mend the text or the facts first.",
        "%(count)d checks fail: mend the text or the facts first.",
        found.blocking,
    ) % {"count": found.blocking}
