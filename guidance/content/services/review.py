"""The review desk's decisions: approve, reject, edit."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.content.models import Draft, Publication, ReviewTask
from guidance.content.services.examination import Examination, examine_draft
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.publication import publish
from guidance.content.services.refusals import (
    ChecksFailed,
    Invalid,
    OwnRequest,
    Refused,
    own_request,
)
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


def approve_draft(*, draft_id: uuid.UUID, version: int, actor: User) -> Publication:
    """Publish the text that `actor` saw as `version`.

    Facts, claims and checks are taken anew under the product's lock. Raises PermissionDenied, or
    Refused: NotWaiting, VersionChanged, OwnRequest, or ChecksFailed, which keeps the new findings.
    """
    require(actor, "content.review_draft")
    with transaction.atomic():
        draft = lock_waiting(draft_id=draft_id, version=version)
        if reason := own_request(draft, actor):
            raise OwnRequest(reason)
        found = examine_draft(draft=draft)
        _keep(draft, found)
        publication = None if found.blocking else _approve(draft, found, actor)
    if publication is None:
        raise ChecksFailed(_what_failed(found))
    return publication


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
    """Replace the text, keep the earlier one, and examine the new one; raises like the others."""
    require(actor, "content.change_draft")
    text = _tidy(text)
    draft = lock_waiting(draft_id=draft_id, version=version)
    if text == draft.text:
        return draft
    _replace(draft, actor, examine_draft(draft=draft, text=text), text)
    draft.edited_by = actor
    draft.save()
    remember_texts([draft])
    record_audit(actor=actor, verb="edit_draft", target=draft, details={"version": draft.version})
    return draft


def _keep(draft: Draft, found: Examination) -> None:
    found.put_on(draft)
    draft.save(update_fields=list(found.as_fields()))


def _approve(draft: Draft, found: Examination, actor: User) -> Publication:
    _decide(draft, Draft.Status.APPROVED, actor, "")
    publication = publish(draft=draft, cited=found.cited, actor=actor)
    details = {"version": draft.version, "publication": str(publication.pk)}
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
