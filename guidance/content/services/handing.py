"""Who looks at a draft next, and what people tell each other about it."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.content.models import Draft, DraftComment
from guidance.content.services.refusals import Invalid, NotWaiting
from guidance.content.services.waiting import require
from guidance.core.models import User
from guidance.core.services import record_audit

LONGEST_COMMENT = 1_000


@transaction.atomic
def assign_draft(
    *, draft_id: uuid.UUID, actor: User, assignee: User | None, comment: str = ""
) -> Draft:
    """Hand a waiting draft to somebody who may decide it, to oneself, or with None to nobody.

    Raises PermissionDenied, NotWaiting, or Invalid for who may not decide it.
    """
    require(actor, "content.review_draft")
    if assignee is not None and not assignee.has_perm("content.review_draft"):
        raise Invalid(_("%(person)s may not decide drafts.") % {"person": assignee})
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    if draft.status != Draft.Status.WAITING:
        raise NotWaiting(_("This draft is decided already."))
    draft.assignee = assignee
    draft.save(update_fields=["assignee"])
    details = {"assignee": assignee.pk if assignee else None}
    record_audit(actor=actor, verb="assign_draft", target=draft, details=details)
    if comment.strip():
        comment_draft(draft_id=draft_id, actor=actor, text=comment)
    return draft


@transaction.atomic
def comment_draft(*, draft_id: uuid.UUID, actor: User, text: str) -> DraftComment:
    """Add a comment; raises PermissionDenied, or Invalid for none or too much."""
    require(actor, "content.view_draft")
    tidy = " ".join(text.replace("\x00", "").split())
    if not tidy:
        raise Invalid(_("The comment is empty."))
    if len(tidy) > LONGEST_COMMENT:
        told = {"most": LONGEST_COMMENT}
        raise Invalid(_("The comment is longer than %(most)d characters.") % told)
    draft = Draft.objects.get(pk=draft_id)
    comment = DraftComment.objects.create(draft=draft, author=actor, text=tidy)
    record_audit(actor=actor, verb="comment_draft", target=draft)
    return comment
