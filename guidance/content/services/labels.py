"""Labels: how markets set them, and people who take a text over as its editor."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from guidance.catalog.models import Product
from guidance.content.models import (
    EditorialTakeover,
    LabelPolicy,
    Publication,
    PublishedCopy,
    WebhookEvent,
)
from guidance.content.services.refusals import Invalid
from guidance.content.services.relabelling import next_revision, relabel
from guidance.content.services.waiting import require
from guidance.content.services.webhook_outbox import note_change
from guidance.core.models import User
from guidance.core.services import record_audit


@transaction.atomic
def save_label_policy(*, policy: LabelPolicy, changed: Sequence[str], actor: User) -> LabelPolicy:
    """Write a market's policy; every process labels by it from its next answer on.

    Copy in the market's language counts as changed, and webhooks are told so, for storefronts to
    fetch its new label. Of a stored policy only the fields in `changed` are written: what somebody
    else changed meanwhile stays. Raises Invalid where both together make no sense, or where the
    market got a policy meanwhile.
    """
    revision, is_new = next_revision(), policy.pk is None
    stored = policy if is_new else LabelPolicy.objects.select_related("market").get(pk=policy.pk)
    for name in changed:
        setattr(stored, name, getattr(policy, name))
    stored.revision = revision
    try:
        stored.full_clean()
    except ValidationError as wrong:
        raise Invalid(" ".join(wrong.messages)) from wrong
    stored.save()
    relabel(languages={stored.market.language}, requested_by=actor)
    record_audit(
        actor=actor,
        verb="create_label_policy" if is_new else "update_label_policy",
        target=stored,
        details={name: str(getattr(stored, name)) for name in changed},
    )
    return stored


@transaction.atomic
def take_over(*, publication: Publication, actor: User, statement: str) -> EditorialTakeover:
    """Record that `actor` takes editorial responsibility for a text that storefronts get.

    Its label changes as the market allows. Raises PermissionDenied, or Invalid where it is not
    served any more, somebody took it over already or nothing is stated.
    """
    require(actor, "content.review_draft")
    statement = " ".join(statement.split())
    if not statement:
        raise Invalid(_("Say that you take editorial responsibility."))
    Product.objects.select_for_update(no_key=True).get(pk=publication.product_id)
    live = PublishedCopy.objects.filter(publication=publication, status=PublishedCopy.Status.LIVE)
    current = live.select_for_update().first()
    if current is None:
        raise Invalid(_("Storefronts do not get this text; there is nothing to answer for."))
    if EditorialTakeover.objects.filter(publication=publication).exists():
        raise Invalid(_("Somebody took editorial responsibility for it already."))
    takeover = EditorialTakeover.objects.create(
        publication=publication, person=actor, statement=statement[:500]
    )
    live.update(changed_at=timezone.now())
    note_change(publications=[publication], event=WebhookEvent.PUBLISHED, status="live")
    record_audit(
        actor=actor,
        verb="take_over_copy",
        target=publication,
        details={"statement": takeover.statement},
    )
    return takeover
