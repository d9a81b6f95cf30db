"""Taking a decision back, for a little while and by who made it."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.content.models import Draft, PlannedCopy, Publication, PublishedCopy
from guidance.content.services.examination import examine_publication
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.planning import carry_over
from guidance.content.services.publication import place_of, serve, take_out
from guidance.content.services.refusals import Invalid
from guidance.content.services.waiting import require
from guidance.core.models import User
from guidance.core.services import record_audit

# Long enough to notice a slip of the finger, short enough that nobody has built upon it.
UNDO_WITHIN = timedelta(minutes=10)
TAKEN_BACK = gettext_noop("The approval was taken back.")


def may_undo(draft: Draft, actor: User) -> bool:
    """Tell whether `actor` may still take their own decision of a draft back.

    What an experiment's decision published is taken back on the experiment's page.
    """
    if draft.promotes_id is not None:
        return False
    is_own = draft.decided_by_id is not None and draft.decided_by_id == actor.pk
    return is_own and timezone.now() - (draft.decided_at or timezone.now()) <= UNDO_WITHIN


@transaction.atomic
def undo_decision(*, draft_id: uuid.UUID, actor: User) -> Draft:
    """Put a draft that `actor` decided just now back into the queue, and return what waits.

    An approval leaves service, and what storefronts got until then comes back where it is true
    still, with the deadline that it had; a plan that the approval replaced does not. Since a
    publication stays on record, its text waits as a draft of its own. Raises PermissionDenied, or
    Invalid where it was somebody else's decision, is too long ago, or another draft waits in its
    place by now.
    """
    require(actor, "content.review_draft")
    product_id = Draft.objects.values_list("product_id", flat=True).get(pk=draft_id)
    product = Product.objects.select_for_update(no_key=True).get(pk=product_id)
    draft = Draft.objects.select_for_update().get(pk=draft_id)
    draft.product = product
    if draft.status == Draft.Status.WAITING:
        return draft
    if not may_undo(draft, actor):
        minutes = UNDO_WITHIN.seconds // 60
        raise Invalid(
            _("Only who decided can take it back, within %(count)d minutes.") % {"count": minutes}
        )
    if Draft.objects.waiting().filter(**place_of(draft)).exists():
        raise Invalid(_("Another draft of this text waits already."))
    back = _reopen(draft) if draft.status == Draft.Status.REJECTED else _take_back(draft)
    record_audit(actor=actor, verb="undo_decision", target=draft, details={"waits": str(back.pk)})
    return back


def _reopen(draft: Draft) -> Draft:
    draft.status, draft.decided_by, draft.decided_at = Draft.Status.WAITING, None, None
    draft.reason = ""
    if draft.task_id and draft.task and draft.task.closed_at:
        draft.task = None
    draft.save(update_fields=["status", "decided_by", "decided_at", "reason", "task"])
    return draft


def _take_back(draft: Draft) -> Draft:
    draft.taken_back_at = timezone.now()
    draft.save(update_fields=["taken_back_at"])
    publication = Publication.objects.get(draft=draft)
    PlannedCopy.objects.filter(publication=publication).delete()
    current = PublishedCopy.objects.filter(publication=publication).first()
    if current is not None and current.is_served:
        _serve_the_one_before(publication, current)
    again = Draft(**place_of(draft), text=draft.text, version=draft.version)
    carry_over(draft, again)
    again.created_at, again.due_at = draft.created_at, draft.due_at
    again.save()
    remember_texts([again])
    return again


def _serve_the_one_before(publication: Publication, current: PublishedCopy) -> None:
    earlier, until = publication.replaces, publication.replaced_until
    in_time = until is None or until > timezone.now()
    if earlier is not None and in_time and not examine_publication(earlier).blocking:
        serve(earlier, until=until)
        return
    take_out(current, reason=TAKEN_BACK)
