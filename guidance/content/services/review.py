"""The review desk's decisions: approve, reject, edit, write again."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.catalog.models import Product
from guidance.catalog.selectors import facts_of
from guidance.content.models import Draft, DraftRevision, Publication, ReviewTask
from guidance.content.selectors.shop import shop_brands
from guidance.content.services.drafting import new_draft
from guidance.content.services.examination import Examination, examine_draft
from guidance.content.services.publication import publish
from guidance.content.services.refusals import (
    ChecksFailed,
    Invalid,
    NotWaiting,
    OwnRequest,
    Refused,
    VersionChanged,
    own_request,
)
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.realiser import NotEnoughFacts

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
    _require(actor, "content.review_draft")
    with transaction.atomic():
        draft = _lock(draft_id, version)
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
    _require(actor, "content.review_draft")
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(_("Say why: the reason teaches the writer."))
    draft = _lock(draft_id, version)
    _decide(draft, Draft.Status.REJECTED, actor, reason[:LONGEST_REASON])
    record_audit(actor=actor, verb="reject_draft", target=draft, details={"reason": draft.reason})
    return draft


@transaction.atomic
def edit_draft(*, draft_id: uuid.UUID, version: int, actor: User, text: str) -> Draft:
    """Replace the text, keep the earlier one, and examine the new one; raises like the others."""
    _require(actor, "content.change_draft")
    text = _tidy(text)
    draft = _lock(draft_id, version)
    if text == draft.text:
        return draft
    _replace(draft, actor, examine_draft(draft=draft, text=text), text)
    draft.edited_by = actor
    draft.save()
    record_audit(actor=actor, verb="edit_draft", target=draft, details={"version": draft.version})
    return draft


@transaction.atomic
def rewrite_draft(*, draft_id: uuid.UUID, version: int, actor: User) -> Draft:
    """Write the draft again from today's facts; who asks for that becomes its requester.

    Raises Invalid where the facts have become too thin.
    """
    _require(actor, "content.add_draft")
    draft = _lock(draft_id, version)
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    try:
        written = new_draft(
            draft.product, draft.kind, draft.language, facts, shop_brands(), draft.version + 1
        )
    except NotEnoughFacts as thin:
        missing = ", ".join(thin.missing)
        raise Invalid(_("The facts are too thin. Wanted: %(facts)s") % {"facts": missing}) from thin
    _archive(draft, actor)
    draft.edited_by, draft.requested_by, draft.is_stale = None, actor, False
    for name in ("text", "version", "sentences", "facts", "claims", "findings", "writer"):
        setattr(draft, name, getattr(written, name))
    draft.blocking_findings, draft.warnings = written.blocking_findings, written.warnings
    draft.save()
    details = {"version": draft.version}
    record_audit(actor=actor, verb="rewrite_draft", target=draft, details=details)
    return draft


def _require(actor: User, permission: str) -> None:
    if not actor.has_perm(permission):
        raise PermissionDenied(permission)


def _lock(draft_id: uuid.UUID, version: int) -> Draft:
    """Lock a waiting draft and its product in the version that was seen.

    The product's lock keeps facts still: whoever changes them takes it before asking what cites
    them, so that no approval slips between a change and its staleness.
    """
    product_id = Draft.objects.values_list("product_id", flat=True).get(pk=draft_id)
    product = Product.objects.select_for_update().get(pk=product_id)
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    draft.product = product
    if draft.status != Draft.Status.WAITING:
        raise NotWaiting(_("This draft is decided already."))
    if draft.version != version:
        raise VersionChanged(draft, version)
    return draft


def _keep(draft: Draft, found: Examination) -> None:
    for name, value in found.as_fields().items():
        setattr(draft, name, value)
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
    _archive(draft, actor)
    draft.text, draft.version, draft.is_stale = text, draft.version + 1, False
    for name, value in found.as_fields().items():
        setattr(draft, name, value)


def _archive(draft: Draft, actor: User) -> None:
    DraftRevision.objects.create(
        draft=draft, version=draft.version, text=draft.text, replaced_by=actor
    )


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
