"""What happens to copy at a time: planned texts go out, and true but outdated ones leave."""

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
from guidance.content.services.examination import examine_publication
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.publication import place_of, serve
from guidance.content.services.refusals import Invalid
from guidance.content.services.waiting import require
from guidance.content.services.webhook_outbox import note_change
from guidance.core.models import User
from guidance.core.services import record_audit

# How long copy that is still true stays public while it waits to be approved anew.
REAPPROVE_WITHIN = timedelta(days=7)
TRUE_STILL = gettext_noop("A fact it cites changed; what it says is true still.")
TOO_LATE = gettext_noop("Nobody approved it anew in time.")
FACTS_DIFFER = gettext_noop("Facts changed before it went out.")


def publish_due(now: datetime | None = None) -> int:
    """Send planned texts out whose time has come, and return how many went out.

    Each is examined against today's facts under its product's lock; one that fails goes back to
    the desk instead. Safe to run twice, and by two workers at once.
    """
    due = PlannedCopy.objects.filter(at__lte=now or timezone.now())
    return sum(_send_out(planned) for planned in due.values_list("pk", flat=True))


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
    planned.delete()
    if examine_publication(publication).blocking:
        _back_to_desk(publication)
        return False
    serve(publication)
    record_audit(actor=None, verb="publish_planned", target=publication)
    return True


def _back_to_desk(publication: Publication) -> None:
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
    draft = Draft(**place, text=publication.text, is_stale=True, writer=publication.writer)
    copy_examination(before, draft)
    examine_publication(publication).put_on(draft)
    draft.save()
    remember_texts([draft])


def copy_examination(before: Draft, draft: Draft) -> None:
    """Give a draft made of an earlier one what is known of its text and who may not approve it."""
    for name in ("sentences", "facts", "claims", "findings", "warnings", "takings", "is_high_risk"):
        setattr(draft, name, getattr(before, name))
    draft.requested_by_id = before.requested_by_id
    draft.earlier_requesters, draft.claim_authors = before.earlier_requesters, before.claim_authors


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
    ).select_related("publication__draft", "publication__product")
    return sum(_hold(copy) for copy in stale)


@transaction.atomic
def _hold(copy: PublishedCopy) -> bool:
    Product.objects.select_for_update(no_key=True).get(pk=copy.product_id)
    if examine_publication(copy.publication).blocking:
        return False
    now = timezone.now()
    same = PublishedCopy.objects.filter(
        pk=copy.pk, publication=copy.publication_id, status=PublishedCopy.Status.STALE
    )
    held = same.update(
        status=PublishedCopy.Status.LIVE,
        reason=TRUE_STILL,
        serve_until=now + REAPPROVE_WITHIN,
        changed_at=now,
    )
    if held:
        told = [copy.publication]
        note_change(publications=told, event=WebhookEvent.PUBLISHED, status="live")
    return bool(held)


@transaction.atomic
def enforce_deadlines(now: datetime | None = None) -> int:
    """Take copy out whose time to be approved anew is over, and return how many."""
    moment = now or timezone.now()
    late = PublishedCopy.objects.select_for_update().filter(
        status=PublishedCopy.Status.LIVE, serve_until__isnull=False, serve_until__lte=moment
    )
    copies = list(late.select_related("publication"))
    PublishedCopy.objects.filter(pk__in=[copy.pk for copy in copies]).update(
        status=PublishedCopy.Status.STALE, reason=TOO_LATE, serve_until=None, changed_at=moment
    )
    note_change(
        publications=[copy.publication for copy in copies],
        event=WebhookEvent.WITHDRAWN,
        status=PublishedCopy.Status.STALE,
    )
    return len(copies)
