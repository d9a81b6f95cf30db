"""Publishing approved copy, and taking it back."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import Citation, Draft, Publication, PublishedCopy, WebhookEvent
from guidance.content.services.refusals import Invalid
from guidance.content.services.waiting import require
from guidance.content.services.webhook_outbox import note_change
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.facts import Fact


def publish(*, draft: Draft, cited: Sequence[Fact], actor: User) -> Publication:
    """Store the draft's text as the next version of its product's copy, with the facts it cites.

    Only `review.approve_draft` calls it, inside its transaction and under the product's lock.
    """
    place: dict[str, Any] = {
        "product": draft.product,
        "kind": draft.kind,
        "language": draft.language,
    }
    last = Publication.objects.filter(**place).aggregate(last=Max("number"))["last"] or 0
    publication = Publication.objects.create(
        **place,
        draft=draft,
        number=last + 1,
        text=draft.text,
        facts=draft.facts,
        writer=draft.writer,
        is_edited=draft.edited_by_id is not None,
        requested_by=draft.requested_by,
        approved_by=actor,
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
    PublishedCopy.objects.update_or_create(
        **place,
        defaults={
            "publication": publication,
            "status": PublishedCopy.Status.LIVE,
            "reason": "",
            "changed_at": timezone.now(),
        },
    )
    note_change(publications=[publication], event=WebhookEvent.PUBLISHED, status="live")
    return publication


@transaction.atomic
def withdraw_copy(*, copy: PublishedCopy, actor: User, reason: str) -> PublishedCopy:
    """Stop serving a product's copy at once; the publication stays on record.

    Raises PermissionDenied, or Invalid where no reason is given or nothing is published.
    """
    require(actor, "content.withdraw_publication")
    reason = " ".join(reason.split())
    if not reason:
        raise Invalid(_("Say why it is withdrawn."))
    Product.objects.select_for_update(no_key=True).get(pk=copy.product_id)
    current = PublishedCopy.objects.select_for_update().get(pk=copy.pk)
    if current.status == PublishedCopy.Status.WITHDRAWN:
        raise Invalid(_("It is withdrawn already."))
    current.status, current.reason = PublishedCopy.Status.WITHDRAWN, reason[:500]
    current.changed_at = timezone.now()
    current.save(update_fields=["status", "reason", "changed_at"])
    taken_back = [current.publication]
    note_change(publications=taken_back, event=WebhookEvent.WITHDRAWN, status=current.status)
    record_audit(
        actor=actor,
        verb="withdraw_copy",
        target=current.publication,
        details={"reason": current.reason},
    )
    return current
