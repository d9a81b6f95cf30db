"""Publishing approved copy, and taking it back."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from guidance.catalog.models import Product
from guidance.content.models import (
    Citation,
    Draft,
    PlannedCopy,
    Publication,
    PublishedCopy,
    WebhookEvent,
)
from guidance.content.selectors.variants import running_with
from guidance.content.services.examination import examine_publication
from guidance.content.services.refusals import (
    ChecksFailed,
    Invalid,
    OwnRequest,
    may_not_approve,
)
from guidance.content.services.sealing import seal_of
from guidance.content.services.waiting import require
from guidance.content.services.webhook_outbox import note_change
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.facts import Fact


def publish(
    *, draft: Draft, cited: Sequence[Fact], actor: User, at: datetime | None = None
) -> Publication:
    """Store the draft's text as the next version of its product's copy, with the facts it cites.

    It goes out now, or at `at`. Only the services of `review` call it, inside their transaction and
    under the product's lock.
    """
    place = place_of(draft)
    served = PublishedCopy.objects.filter(**place, status=PublishedCopy.Status.LIVE).first()
    replaced = served if at is None else None
    last = Publication.objects.filter(**place).aggregate(last=Max("number"))["last"] or 0
    publication = Publication.objects.create(
        **place,
        draft=draft,
        number=last + 1,
        text=draft.text,
        facts=draft.facts,
        writer=draft.writer,
        is_edited=draft.edited_by_id is not None,
        seal=seal_of(draft.text, draft.facts),
        replaces_id=replaced.publication_id if replaced else None,
        replaced_until=replaced.serve_until if replaced else None,
        requested_by=draft.requested_by,
        approved_by=actor,
        published_at=at or timezone.now(),
    )
    Citation.objects.bulk_create(
        Citation(
            publication=publication,
            product=draft.product,
            fact_key=fact.key,
            fact_language=fact.language,
        )
        for fact in cited
    )
    # What was planned for this place is replaced by what was approved after it.
    PlannedCopy.objects.filter(**place).delete()
    if at is None:
        serve(publication)
    else:
        PlannedCopy.objects.create(**place, publication=publication, at=at)
    return publication


def serve(publication: Publication, *, until: datetime | None = None) -> PublishedCopy:
    """Make a publication what storefronts get for its place from now on, or `until` a deadline."""
    copy, _created = PublishedCopy.objects.update_or_create(
        **place_of(publication),
        defaults={
            "publication": publication,
            "status": PublishedCopy.Status.LIVE,
            "reason": "",
            "serve_until": until,
            "changed_at": timezone.now(),
        },
    )
    note_change(publications=[publication], event=WebhookEvent.PUBLISHED, status=copy.status)
    return copy


def take_out(copy: PublishedCopy, *, reason: str) -> None:
    """Stop serving a product's copy at once, inside a transaction; storefronts are told."""
    copy.status, copy.reason = PublishedCopy.Status.WITHDRAWN, reason
    copy.serve_until, copy.changed_at = None, timezone.now()
    copy.save(update_fields=["status", "reason", "serve_until", "changed_at"])
    taken_back = [copy.publication]
    note_change(publications=taken_back, event=WebhookEvent.WITHDRAWN, status=copy.status)


def place_of(text: Draft | Publication) -> dict[str, Any]:
    """Return what a text is for, as fields to filter by or to make a row of."""
    return text.place()


@transaction.atomic
def restore_publication(*, publication_id: uuid.UUID, actor: User, reason: str) -> PublishedCopy:
    """Serve an earlier publication again, where it still agrees with today's facts.

    That is an approval anew: who may not approve its draft may not bring it back. What was planned
    for its place goes out no more. Raises PermissionDenied, OwnRequest, Invalid without a reason,
    for the one that is served and for one that is to go out, or ChecksFailed naming how many checks
    it fails today.
    """
    require(actor, "content.withdraw_publication")
    require(actor, "content.review_draft")
    reason = _said(reason, _("Say why it comes back."))
    product_id = Publication.objects.values_list("product_id", flat=True).get(pk=publication_id)
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    publication = Publication.objects.select_related("draft", "product").get(pk=publication_id)
    if barred := may_not_approve(publication.draft, actor):
        raise OwnRequest(barred)
    planned = PlannedCopy.objects.filter(**place_of(publication))
    if planned.filter(publication=publication).exists():
        raise Invalid(_("It is planned to go out at its time."))
    current = PublishedCopy.objects.filter(**place_of(publication)).first()
    if current and current.publication_id == publication.pk and current.is_served:
        raise Invalid(_("This is what storefronts get already."))
    if failed := examine_publication(publication).blocking:
        raise ChecksFailed(
            ngettext(
                "Today one check fails in it: the facts have changed.",
                "Today %(count)d checks fail in it: the facts have changed.",
                failed,
            )
            % {"count": failed}
        )
    planned.delete()
    copy = serve(publication)
    details = {"reason": reason, "number": publication.number}
    record_audit(actor=actor, verb="restore_publication", target=publication, details=details)
    return copy


@transaction.atomic
def withdraw_copy(*, copy: PublishedCopy, actor: User, reason: str) -> PublishedCopy:
    """Stop serving a product's copy at once; the publication stays on record.

    Of a variant that is retiring it: whoever an experiment shows it to gets the main text from now
    on, and the experiment's decisions say so. Raises PermissionDenied, or Invalid where no reason
    is given or nothing is published.
    """
    require(actor, "content.withdraw_publication")
    reason = _said(reason, _("Say why it is withdrawn."))
    Product.objects.select_for_update(no_key=True).get(pk=copy.product_id)
    current = PublishedCopy.objects.select_for_update().get(pk=copy.pk)
    if current.status == PublishedCopy.Status.WITHDRAWN:
        raise Invalid(_("It is withdrawn already."))
    take_out(current, reason=reason)
    details: dict[str, Any] = {"reason": current.reason}
    if current.variant:
        running = [experiment.key for experiment in running_with(current)]
        details |= {"variant": current.variant, "experiments": running}
    record_audit(
        actor=actor,
        verb="retire_variant" if current.variant else "withdraw_copy",
        target=current.publication,
        details=details,
    )
    return current


def _said(reason: str, otherwise: str) -> str:
    """Return a reason without stray white space; raises Invalid where there is none."""
    tidy = " ".join(reason.split())[:500]
    if not tidy:
        raise Invalid(otherwise)
    return tidy
