"""What happens to copy at a time: planned texts go out, and true but outdated ones leave."""

import logging
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.content.models import (
    Draft,
    PlannedCopy,
    Publication,
    PublishedCopy,
    WebhookEvent,
)
from guidance.content.services.examination import Examination, examine_publication
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.publication import place_of, serve
from guidance.content.services.refusals import Invalid
from guidance.content.services.waiting import require
from guidance.content.services.webhook_outbox import note_change
from guidance.core.models import User
from guidance.core.services import record_audit

logger = logging.getLogger(__name__)
# How long copy that is still true stays public while it waits to be approved anew.
REAPPROVE_WITHIN = timedelta(days=7)
TRUE_STILL = gettext_noop("A fact it cites changed; what it says is true still.")
TOO_LATE = gettext_noop("Nobody approved it anew in time.")
FACTS_DIFFER = gettext_noop("Facts changed before it went out.")


def publish_due(now: datetime | None = None) -> int:
    """Send planned texts out whose time has come, and return how many went out.

    Each is examined against today's facts under its product's lock; one that fails goes back to
    the desk instead. One that cannot be examined is logged and tried again; the others go out. Safe
    to run twice, and by two workers at once.
    """
    due = PlannedCopy.objects.filter(at__lte=now or timezone.now())
    return sum(_try_to_send_out(planned) for planned in due.values_list("pk", flat=True))


def _try_to_send_out(planned_id: int) -> bool:
    try:
        return _send_out(planned_id)
    except Exception:  # whatever is wrong with one text, the others must go out
        logger.exception("Planned copy %s cannot go out", planned_id)
        return False


@transaction.atomic
def _send_out(planned_id: int) -> bool:
    product_id = PlannedCopy.objects.filter(pk=planned_id).values_list("product_id", flat=True)
    list(Product.objects.select_for_update(no_key=True).filter(pk__in=product_id))
    planned = PlannedCopy.objects.filter(pk=planned_id).first()
    if planned is None:
        return False
    publication = Publication.objects.select_related("draft", "product").get(
        pk=planned.publication_id
    )
    if not PlannedCopy.objects.filter(pk=planned_id).delete()[0]:
        return False  # somebody cancelled it, or another worker sent it out
    found = examine_publication(publication)
    if found.blocking:
        _back_to_desk(publication, found)
        return False
    serve(publication)
    record_audit(actor=None, verb="publish_planned", target=publication)
    return True


def _back_to_desk(publication: Publication, found: Examination) -> None:
    """Make a waiting draft of an approved text that is true no longer, unless one waits already."""
    before = publication.draft
    place = place_of(publication)
    record_audit(
        actor=None,
        verb="return_planned",
        target=publication,
        details={"reason": FACTS_DIFFER},
    )
    if Draft.objects.waiting().filter(**place).exists():
        return
    draft = Draft(**place, text=publication.text, is_stale=True)
    carry_over(before, draft)
    found.put_on(draft)
    draft.save()
    remember_texts([draft])


CARRIED = (
    *("sentences", "facts", "claims", "findings", "blocking_findings", "warnings"),
    *("writer", "provider", "model", "prompt_version", "fallback_reason"),
    *("longest", "stress", "takings", "is_high_risk", "earlier_requesters", "claim_authors"),
    *("requested_by_id", "edited_by_id"),
)


def carry_over(before: Draft, draft: Draft) -> None:
    """Give a draft made of an earlier one what is known of its text: how it was written, edited and
    examined, and who may not approve it.
    """
    for name in CARRIED:
        setattr(draft, name, getattr(before, name))


@transaction.atomic
def cancel_planned(*, publication_id: uuid.UUID, actor: User) -> None:
    """Keep a planned text from going out; raises PermissionDenied, or Invalid where it is out."""
    require(actor, "content.withdraw_publication")
    planned = PlannedCopy.objects.select_for_update().filter(publication=publication_id).first()
    if planned is None:
        raise Invalid(_("It is out already, or was never planned."))
    record_audit(
        actor=actor,
        verb="cancel_planned",
        target=planned.publication,
        details={"at": planned.at.isoformat()},
    )
    planned.delete()


def hold_what_is_true(*, publication_ids: list[uuid.UUID]) -> int:
    """Put stale copy back that today's facts still carry, for `REAPPROVE_WITHIN`; return how many.

    A changed fact takes everything that cites it out at once. What of it is true still, because a
    value is only written in another way, say, need not be missing while somebody reads it.
    """
    stale = PublishedCopy.objects.filter(
        publication__in=publication_ids, status=PublishedCopy.Status.STALE
    )
    return sum(_hold(*keys) for keys in stale.values_list("pk", "product_id"))


@transaction.atomic
def _hold(copy_id: int, product_id: int) -> bool:
    """Put one text back; a deadline that runs already is not put off."""
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    copy = PublishedCopy.objects.select_related("publication__draft", "publication__product").get(
        pk=copy_id
    )
    now = timezone.now()
    until = min(copy.serve_until or now + REAPPROVE_WITHIN, now + REAPPROVE_WITHIN)
    if copy.status != PublishedCopy.Status.STALE or until <= now:
        return False
    if examine_publication(copy.publication).blocking:
        return False
    copy.status, copy.reason = PublishedCopy.Status.LIVE, TRUE_STILL
    copy.serve_until, copy.changed_at = until, now
    copy.save(update_fields=["status", "reason", "serve_until", "changed_at"])
    told = [copy.publication]
    note_change(publications=told, event=WebhookEvent.PUBLISHED, status=copy.status)
    details = {"until": until.isoformat()}
    record_audit(actor=None, verb="hold_copy", target=copy.publication, details=details)
    return True


@transaction.atomic
def enforce_deadlines(now: datetime | None = None) -> int:
    """Take copy out whose time to be approved anew is over, and return how many."""
    moment = now or timezone.now()
    late = PublishedCopy.objects.select_for_update().filter(
        status=PublishedCopy.Status.LIVE, serve_until__isnull=False, serve_until__lte=moment
    )
    copies = list(late.select_related("publication"))
    PublishedCopy.objects.filter(pk__in=[copy.pk for copy in copies]).update(
        status=PublishedCopy.Status.STALE, reason=TOO_LATE, changed_at=moment
    )
    for copy in copies:
        record_audit(actor=None, verb="expire_copy", target=copy.publication)
    note_change(
        publications=[copy.publication for copy in copies],
        event=WebhookEvent.WITHDRAWN,
        status=PublishedCopy.Status.STALE,
    )
    return len(copies)
