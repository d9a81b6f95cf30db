"""Writing drafts again from today's facts: one, or all that a changed fact brought back."""

import uuid
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.selectors import facts_of
from guidance.content.models import NOBODY, Draft, DraftQuerySet, ReviewTask, between_commas
from guidance.content.services.differing import TooAlike, write_variants
from guidance.content.services.examination import examine_draft, facts_as_json
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.providers import BUILTIN, chosen_writer
from guidance.content.services.refusals import Invalid, Refused
from guidance.content.services.waiting import keep_text, lock_waiting, require
from guidance.content.services.writing import (
    Assignment,
    Unwritten,
    batch_size,
    read_house,
    write_builtin,
    write_drafts,
)
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.facts import Fact
from models_ml.writer.kinds import TooShort
from models_ml.writer.providers import Provider
from models_ml.writer.realiser import NotEnoughFacts

JOB_KIND = "rewrite_copy"
PHASE, FIGURE = gettext_noop("rewriting drafts"), gettext_noop("rewritten")
WRITTEN = (
    *("text", "sentences", "writer"),
    *("provider", "model", "prompt_version", "fallback_reason"),
)


@transaction.atomic
def rewrite_draft(
    *, draft_id: uuid.UUID, version: int, actor: User, written: Draft | None = None
) -> Draft:
    """Write the draft again from today's facts; who asks for that becomes its requester.

    The builtin writer writes, for no transaction waits for a language model; a text that one wrote
    before is passed in as `written` and taken where the facts are still those it was written from.
    Nor may those approve it who requested an earlier text: two people could take turns otherwise.
    Raises PermissionDenied, NotWaiting, VersionChanged, or Invalid where facts have become thin.
    """
    require(actor, "content.add_draft")
    draft = lock_waiting(draft_id=draft_id, version=version)
    assignment = assignments_of([draft])[0]
    if written is not None and written.facts != facts_as_json(assignment.facts):
        written = None
    try:
        written = written or _written_again(assignment)
    except NotEnoughFacts as thin:
        missing = ", ".join(thin.missing)
        raise Invalid(_("The facts are too thin. Wanted: %(facts)s") % {"facts": missing}) from thin
    except TooShort as cramped:
        raise Invalid(_("There is too little room even for the product's name.")) from cramped
    take_text(draft=draft, written=written, actor=actor, facts=assignment.facts)
    draft.earlier_requesters, draft.requested_by = between_commas(draft.requesters()), actor
    draft.save()
    remember_texts([draft])
    details = {"version": draft.version}
    record_audit(actor=actor, verb="rewrite_draft", target=draft, details=details)
    return draft


def _written_again(assignment: Assignment) -> Draft:
    """Return the builtin writer's text; of a variant, one like no other text of its place."""
    if not assignment.brief.variant:
        return write_builtin(assignment)
    [written] = write_variants([assignment], BUILTIN)
    if isinstance(written, TooAlike):
        raise Invalid(_("Every wording that the facts allow is nearly one that stands here."))
    if not isinstance(written, Draft):
        raise written
    return written


def take_text(*, draft: Draft, written: Draft, actor: User, facts: Sequence[Fact]) -> None:
    """Put what a writer wrote into a locked draft's place, examined against its facts, unsaved.

    The earlier text is kept.
    """
    keep_text(draft=draft, replaced_by=actor)
    version = draft.version + 1
    for name in WRITTEN:
        setattr(draft, name, getattr(written, name))
    draft.version, draft.edited_by, draft.is_stale = version, None, False
    examine_draft(draft=draft, facts=facts).put_on(draft)
    if not draft.is_high_risk:
        draft.claim_authors = NOBODY


@transaction.atomic
def request_rewrite(*, task: ReviewTask, requested_by: User) -> Job:
    """Ask for a job that writes a task's drafts again, or return the one that does so already.

    Raises PermissionDenied, or Invalid where nothing is left to write.
    """
    require(requested_by, "content.add_draft")
    # Held until the job is stored: a second press of the button waits here, and finds it.
    ReviewTask.objects.select_for_update().get(pk=task.pk)
    asked = Job.objects.active().filter(kind=JOB_KIND, params={"task": str(task.pk)}).first()
    if asked is not None:
        return asked
    if not _untouched(task.pk).exists():
        raise Invalid(
            _("Nothing is left to write again: each text was edited, written or decided.")
        )
    return request_job(kind=JOB_KIND, params={"task": str(task.pk)}, requested_by=requested_by)


def run_rewrite_copy(context: JobContext) -> dict[str, Any]:
    """Run the job, a transaction a draft; a later attempt finds only what is still untouched.

    The chosen provider writes a batch at a time, before the transactions that store it.
    """
    job = Job.objects.select_related("requested_by").get(pk=context.job_id)
    assert job.requested_by is not None
    untouched = _untouched(uuid.UUID(context.params["task"]))
    drafts = list(untouched.select_related("product__category"))
    with closing(chosen_writer()) as writer:
        rewritten = _rewrite_all(context, drafts, writer, job.requested_by)
    return {"rewritten": rewritten, "left": len(drafts) - rewritten}


def _untouched(task_id: uuid.UUID) -> DraftQuerySet:
    """Return a task's waiting drafts that nobody edited or wrote again since they came back."""
    return Draft.objects.waiting().filter(task=task_id, version=1)


def _rewrite_all(
    context: JobContext, drafts: Sequence[Draft], writer: Provider, actor: User
) -> int:
    size = batch_size(writer)
    rewritten = 0
    for start in range(0, len(drafts), size):
        batch = drafts[start : start + size]
        texts = _write_batch(assignments_of(batch), writer)
        for number, (draft, text) in enumerate(zip(batch, texts, strict=True), start):
            context.progress(PHASE, number / len(drafts), detail={FIGURE: rewritten})
            written = text if isinstance(text, Draft) else None
            rewritten += _rewrite(draft, actor, written)
    return rewritten


def _write_batch(
    assignments: Sequence[Assignment], writer: Provider
) -> list[Draft | Unwritten | TooAlike]:
    """Return the texts in the order asked for; variants are told what to differ from."""
    mains = [one for one in assignments if not one.brief.variant]
    variants = [one for one in assignments if one.brief.variant]
    plain = iter(write_drafts(mains, writer) if mains else [])
    other = iter(write_variants(variants, writer) if variants else [])
    return [next(other if one.brief.variant else plain) for one in assignments]


def _rewrite(draft: Draft, actor: User, written: Draft | None) -> bool:
    try:
        rewrite_draft(draft_id=draft.pk, version=draft.version, actor=actor, written=written)
    except Refused:
        return False
    return True


def assignments_of(drafts: Sequence[Draft], *, instruction: str = "") -> list[Assignment]:
    """Return the drafts' next texts to write, from today's facts and as an instruction says."""
    languages = {draft.language for draft in drafts}
    places = {(draft.language, draft.market) for draft in drafts}
    houses = {place: read_house(*place) for place in places}
    facts = {
        language: facts_of([d.product for d in drafts if d.language == language], language)
        for language in languages
    }
    return [
        Assignment(
            product=draft.product,
            kind=draft.kind,
            language=draft.language,
            facts=facts[draft.language][draft.product_id],
            house=houses[draft.language, draft.market],
            version=draft.version + 1,
            brief=draft.brief(),
            instruction=instruction,
            current=draft.text if instruction else "",
        )
        for draft in drafts
    ]
