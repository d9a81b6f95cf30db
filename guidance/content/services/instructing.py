"""Writing one draft again by a language model, by itself or as a person says: always in a job."""

import uuid
from contextlib import closing
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.selectors import facts_of
from guidance.content.models import Draft, between_commas
from guidance.content.services.examination import examine_draft, facts_as_json
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.providers import BUILTIN, chosen_writer
from guidance.content.services.refusals import Invalid, NotWaiting, Refused, VersionChanged
from guidance.content.services.rewriting import assignments_of, rewrite_draft, take_text
from guidance.content.services.risk import adds_a_claim
from guidance.content.services.waiting import lock_waiting, require
from guidance.content.services.wording import best_as_told
from guidance.content.services.writing import (
    Assignment,
    Unwritten,
    reason_of,
    write_by_model,
    write_drafts,
)
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.providers import Provider, ProviderError

JOB_KIND = "write_again"
PHASE = gettext_noop("waiting for the language model")
LONGEST_INSTRUCTION = 500


@transaction.atomic
def request_writing(
    *, draft_id: uuid.UUID, version: int, actor: User, instruction: str = ""
) -> Job:
    """Ask for a job that has the language model write a draft again, as an instruction says.

    Raises PermissionDenied, NotWaiting, VersionChanged, or Invalid where it is being written.
    """
    require(actor, "content.change_draft" if instruction else "content.add_draft")
    draft = lock_waiting(draft_id=draft_id, version=version)
    latest = writing_of(draft)
    if latest is not None and not latest.is_finished:
        raise Invalid(_("The language model is at it already."))
    params = {
        "draft": str(draft_id),
        "version": version,
        "instruction": " ".join(instruction.split())[:LONGEST_INSTRUCTION],
    }
    return request_job(kind=JOB_KIND, params=params, requested_by=actor)


def writing_of(draft: Draft) -> Job | None:
    """Return the latest job that was to write this version of a draft again; one statement."""
    asked = {"params__draft": str(draft.pk), "params__version": draft.version}
    return Job.objects.filter(kind=JOB_KIND, **asked).order_by("-created_at").first()


def run_write_again(context: JobContext) -> dict[str, Any]:
    """Run the job; where the desk refuses the text, the result says why in the person's words.

    No transaction is open while the model writes. A later attempt that finds the text changed, by
    an earlier one or by a person, writes nothing.
    """
    job = Job.objects.select_related("requested_by").get(pk=context.job_id)
    assert job.requested_by is not None
    context.progress(PHASE, 0.0)
    with translation.override(job.requested_by.language):
        try:
            draft = _write(context.params, job.requested_by)
        except Refused as refused:
            return {"written": 0, "refused": str(refused)}
    return {"written": 1, "fallbacks": int(bool(draft.fallback_reason))}


def _write(params: dict[str, Any], actor: User) -> Draft:
    draft = Draft.objects.select_related("product__category").get(pk=params["draft"])
    if draft.status != Draft.Status.WAITING:
        raise NotWaiting(_("This draft is decided already."))
    if draft.version != params["version"]:
        raise VersionChanged(draft, params["version"])
    instruction = params["instruction"]
    assignment = assignments_of([draft], instruction=instruction)[0]
    with closing(chosen_writer()) as writer:
        if instruction:
            written, understood = _as_told(assignment, draft, writer)
            return _take(draft, written, actor, instruction, understood)
        text = write_drafts([assignment], writer)[0]
    written_again = None if isinstance(text, Unwritten) else text
    return rewrite_draft(
        draft_id=draft.pk, version=draft.version, actor=actor, written=written_again
    )


def _as_told(assignment: Assignment, draft: Draft, writer: Provider) -> tuple[Draft, str]:
    """Return the model's text, or else the builtin writer's that follows best, with its reason.

    Raises Invalid where the model fails and the builtin writer does not understand.
    """
    try:
        return write_by_model(assignment, writer), ""
    except ProviderError as failed:
        reason = Draft.Fallback(reason_of(failed))
    try:
        written, understood = best_as_told(draft, assignment.facts, assignment.instruction)
    except Invalid as not_understood:
        told = {"why": reason.label, "besides": not_understood}
        raise Invalid(_("Not written: %(why)s. %(besides)s") % told) from not_understood
    written.fallback_reason = reason
    return written, understood


@transaction.atomic
def _take(draft: Draft, written: Draft, actor: User, instruction: str, understood: str) -> Draft:
    """Put an instructed text in the draft's place, examined anew.

    Words that a person puts into a model's mouth are that person's: like an edit, an instruction
    that adds a claim, or that changes copy of high risk, keeps who gave it from approving.
    """
    require(actor, "content.change_draft")
    draft = lock_waiting(draft_id=draft.pk, version=draft.version)
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    if written.facts != facts_as_json(facts):
        raise Invalid(_("Facts changed while it was being written; ask again."))
    if written.text == draft.text:
        raise Invalid(_("The language model found nothing to change."))
    before, authors = examine_draft(draft=draft, facts=facts).claims, draft.authors_of_claims()
    take_text(draft=draft, written=written, actor=actor, facts=facts)
    if written.provider != BUILTIN.name:
        # The model was shown the text as people left it, so their claims may stand in its own.
        adds = draft.is_high_risk or adds_a_claim(before=before, after=draft.claims)
        draft.claim_authors = between_commas(authors | ({actor.pk} if adds else set()))
    draft.save()
    remember_texts([draft])
    details = {"version": draft.version, "instruction": instruction, "understood": understood}
    record_audit(actor=actor, verb="rewrite_as_told", target=draft, details=details)
    return draft
