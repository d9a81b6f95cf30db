"""Signing an exception: a person answers for words that a rule forbids."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from guidance.content.models import Draft, SignedException, between_commas
from guidance.content.selectors.exceptions import text_hash
from guidance.content.services.examination import SIGNED, examine_draft
from guidance.content.services.refusals import Invalid, OwnRequest
from guidance.content.services.waiting import lock_waiting, require
from guidance.core.models import User
from guidance.core.services import record_audit
from models_ml.writer.terms import fold

LEAST_JUSTIFICATION = 10
LONGEST_JUSTIFICATION = 1_000


@transaction.atomic
def sign_exception(
    *,
    draft_id: uuid.UUID,
    version: int,
    rule: str,
    words: str,
    justification: str,
    actor: User,
) -> SignedException:
    """Lift what `rule` finds in `words` of the text that `actor` saw as `version`.

    It holds for exactly this text: an edited one needs another signature. Raises PermissionDenied,
    NotWaiting, VersionChanged, OwnRequest for who requested the text or an earlier one, or Invalid
    where there is no such finding, its rule allows no exception or the reason is too short.
    """
    require(actor, "content.sign_exception")
    justification = " ".join(justification.split())
    if len(justification) < LEAST_JUSTIFICATION:
        raise Invalid(_("Say in a sentence why these words are allowed here."))
    draft = lock_waiting(draft_id=draft_id, version=version)
    if actor.pk in draft.requesters():
        raise OwnRequest(_("You requested this text; somebody else must sign."))
    _require_finding(draft, rule, words)
    signed = SignedException.objects.create(
        draft=draft,
        rule=rule,
        span_text=words,
        text_sha256=text_hash(draft.text),
        justification=justification[:LONGEST_JUSTIFICATION],
        requesters=between_commas(draft.requesters()),
        signed_by=actor,
    )
    draft.save(update_fields=examine_draft(draft=draft).put_on(draft))
    details = {"rule": rule, "words": words, "justification": signed.justification}
    record_audit(actor=actor, verb="sign_exception", target=draft, details=details)
    return signed


def _require_finding(draft: Draft, rule: str, words: str) -> None:
    """Raise Invalid unless today's checks find these words by a rule that allows exceptions."""
    found = [
        finding
        for finding in examine_draft(draft=draft).findings
        if finding["rule"] == rule
        and fold(draft.text[finding["start"] : finding["end"]]) == fold(words)
    ]
    if not found:
        raise Invalid(_("No check finds these words by this rule in the text."))
    if all(finding["severity"] == SIGNED for finding in found):
        raise Invalid(_("Somebody signed for these words already."))
    if not found[0]["signable"]:
        raise Invalid(_("This rule allows no exception."))
