"""Writing drafts again from today's facts: one, or all that a changed fact brought back."""

import uuid
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.selectors import facts_of
from guidance.content.models import NOBODY, Draft, ReviewTask
from guidance.content.selectors.shop import shop_brands
from guidance.content.selectors.voice import voice_in
from guidance.content.services.drafting import new_draft
from guidance.content.services.refusals import Invalid, Refused
from guidance.content.services.waiting import keep_text, lock_waiting, require
from guidance.core.jobs import JobContext
from guidance.core.models import Job, User
from guidance.core.services import record_audit
from guidance.core.services.jobs import request_job
from models_ml.writer.realiser import NotEnoughFacts

JOB_KIND = "rewrite_copy"
PHASE, FIGURE = gettext_noop("rewriting drafts"), gettext_noop("rewritten")
WRITTEN = ("text", "version", "sentences", "facts", "claims", "findings", "writer")
COUNTS = ("blocking_findings", "warnings")


@transaction.atomic
def rewrite_draft(*, draft_id: uuid.UUID, version: int, actor: User) -> Draft:
    """Write the draft again from today's facts; who asks for that becomes its requester.

    Nor may those approve it who requested an earlier text: two people could take turns otherwise.
    Raises PermissionDenied, NotWaiting, VersionChanged, or Invalid where facts have become thin.
    """
    require(actor, "content.add_draft")
    draft = lock_waiting(draft_id=draft_id, version=version)
    facts = facts_of([draft.product], draft.language)[draft.product_id]
    try:
        voice = voice_in(draft.language)
        written = new_draft(
            draft.product,
            draft.kind,
            draft.language,
            facts,
            shop_brands(),
            voice,
            draft.version + 1,
        )
    except NotEnoughFacts as thin:
        missing = ", ".join(thin.missing)
        raise Invalid(_("The facts are too thin. Wanted: %(facts)s") % {"facts": missing}) from thin
    keep_text(draft=draft, replaced_by=actor)
    for name in (*WRITTEN, *COUNTS):
        setattr(draft, name, getattr(written, name))
    draft.earlier_requesters = "".join(f",{pk}" for pk in sorted(draft.requesters())) + NOBODY
    draft.edited_by, draft.requested_by, draft.is_stale = None, actor, False
    draft.save()
    details = {"version": draft.version}
    record_audit(actor=actor, verb="rewrite_draft", target=draft, details=details)
    return draft


def request_rewrite(*, task: ReviewTask, requested_by: User) -> Job:
    """Ask for a job that writes a task's stale drafts again; raises PermissionDenied."""
    require(requested_by, "content.add_draft")
    return request_job(kind=JOB_KIND, params={"task": str(task.pk)}, requested_by=requested_by)


def run_rewrite_copy(context: JobContext) -> dict[str, Any]:
    """Run the job, a transaction a draft; a later attempt finds only what is still stale."""
    job = Job.objects.select_related("requested_by").get(pk=context.job_id)
    assert job.requested_by is not None
    stale = Draft.objects.waiting().filter(task=context.params["task"], is_stale=True)
    drafts = list(stale.values_list("pk", "version"))
    rewritten = 0
    for number, (draft_id, version) in enumerate(drafts):
        context.progress(PHASE, number / len(drafts), detail={FIGURE: rewritten})
        try:
            rewrite_draft(draft_id=draft_id, version=version, actor=job.requested_by)
        except Refused:
            continue
        rewritten += 1
    return {"rewritten": rewritten, "left": len(drafts) - rewritten}
