"""Revoking a signed exception: the rule holds for its text again, wherever that text stands."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.catalog.models import Product
from guidance.content.models import Draft, PublishedCopy, SignedException
from guidance.content.selectors.exceptions import text_hash
from guidance.content.services.examination import SIGNED, examine_draft, examine_publication
from guidance.content.services.exceptions import LEAST_JUSTIFICATION, LONGEST_JUSTIFICATION
from guidance.content.services.fingerprints import remember_texts
from guidance.content.services.planning import REAPPROVE_WITHIN
from guidance.content.services.refusals import Invalid
from guidance.content.services.staleness import text_to_desk
from guidance.content.services.waiting import require
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.terms import fold

REVOKED = gettext_noop("An exception that was signed for it is revoked.")


@transaction.atomic
def revoke_exception(*, exception_id: uuid.UUID, reason: str, actor: User) -> SignedException:
    """End an exception: a waiting draft with its text is blocked again, and live copy with it stays
    public for `REAPPROVE_WITHIN` at most while the text waits at the desk.

    Whoever may sign may revoke, what they signed themselves too: that only makes a text stricter.
    Raises PermissionDenied, or Invalid without a reason or where it is revoked already.
    """
    require(actor, "content.sign_exception")
    reason = " ".join(reason.split())[:LONGEST_JUSTIFICATION]
    if len(reason) < LEAST_JUSTIFICATION:
        raise Invalid(_("Say in a sentence why the exception ends."))
    product_id = SignedException.objects.values_list("draft__product_id", flat=True).get(
        pk=exception_id
    )
    Product.objects.select_for_update(no_key=True).get(pk=product_id)
    signed = SignedException.objects.select_related("draft__product").get(pk=exception_id)
    if signed.revoked_at is not None:
        raise Invalid(_("It is revoked already."))
    signed.revoked_by, signed.revoked_at, signed.revoked_because = actor, timezone.now(), reason
    signed.save(update_fields=["revoked_by", "revoked_at", "revoked_because"])
    _block_waiting(signed)
    returned = _return_live(signed)
    details = {"rule": signed.rule, "words": signed.span_text, "reason": reason}
    details |= {"returned": ", ".join(str(draft.pk) for draft in returned)} if returned else {}
    record_audit(actor=actor, verb="revoke_exception", target=signed, details=details)
    return signed


def _block_waiting(signed: SignedException) -> None:
    waiting = Draft.objects.waiting().filter(**signed.draft.place_of_all())
    for draft in waiting.select_for_update(of=("self",)).select_related("product"):
        if text_hash(draft.text) == signed.text_sha256:
            draft.save(update_fields=examine_draft(draft=draft).put_on(draft))


def _return_live(signed: SignedException) -> list[Draft]:
    """Give live copy with this text a deadline, and return its drafts where none waits already."""
    live = PublishedCopy.objects.filter(
        **signed.draft.place_of_all(), status=PublishedCopy.Status.LIVE
    )
    copies = live.select_related("publication__draft", "publication__product")
    returned = (_return_copy(copy) for copy in copies if _is_found_in(signed, copy))
    return [draft for draft in returned if draft is not None]


def _return_copy(copy: PublishedCopy) -> Draft | None:
    now = timezone.now()
    # A deadline that runs already is not put off.
    copy.serve_until = min(copy.serve_until or now + REAPPROVE_WITHIN, now + REAPPROVE_WITHIN)
    copy.reason, copy.changed_at = REVOKED, now
    copy.save(update_fields=["serve_until", "reason", "changed_at"])
    if Draft.objects.waiting().filter(**copy.place()).exists():
        return None
    draft = text_to_desk(copy.publication)
    examine_draft(draft=draft).put_on(draft)
    draft.save()
    remember_texts([draft])
    return draft


def _is_found_in(signed: SignedException, copy: PublishedCopy) -> bool:
    """Tell whether the rule still finds the words in what is live; its text may be another."""
    text = copy.publication.text
    if text_hash(text) != signed.text_sha256:
        return False
    return any(
        finding["rule"] == signed.rule
        and finding["severity"] != SIGNED
        and fold(text[finding["start"] : finding["end"]]) == fold(signed.span_text)
        for finding in examine_publication(copy.publication).findings
    )
