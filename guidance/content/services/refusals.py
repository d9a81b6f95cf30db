"""Why the desk says no: each refusal has a code for programs and words for people."""

from django.utils.translation import gettext as _

from guidance.content.models import Draft
from guidance.core.models import User


class Refused(Exception):
    """The desk did not do what was asked; `str()` says why, in the reader's language."""

    code = "refused"

    def __init__(self, message: str) -> None:
        super().__init__(message)


class NotWaiting(Refused):
    """Somebody decided the draft already."""

    code = "decided"


class VersionChanged(Refused):
    """Somebody changed the text after it was read."""

    code = "changed"

    def __init__(self, draft: Draft, seen: int) -> None:
        super().__init__(_("Somebody changed this text while you were reading it."))
        self.draft, self.seen = draft, seen


class FactsChanged(Refused):
    """A fact changed after the page that was read was shown."""

    code = "facts_changed"


class OwnRequest(Refused):
    """Who requested a draft or an earlier text of it, or added a claim, can never approve it."""

    code = "own_request"


class ChecksFailed(Refused):
    """The text states what no fact carries, or fails another blocking check."""

    code = "checks_failed"


class Invalid(Refused):
    """What was sent cannot be used."""

    code = "invalid"


def own_request(draft: Draft, user: User) -> str:
    """Return why this person may never approve this draft, or ''."""
    if draft.requested_by_id is not None and draft.requested_by_id == user.pk:
        return _("You requested this draft; somebody else must approve it.")
    if user.pk in draft.requesters():
        return _("You requested an earlier text of this draft; somebody else must approve it.")
    return ""


def may_not_approve(draft: Draft, user: User) -> str:
    """Return why this person may never approve this draft as it reads now, or ''."""
    if reason := own_request(draft, user):
        return reason
    if user.pk not in draft.authors_of_claims():
        return ""
    if draft.is_high_risk:
        return _("You edited copy of high risk; somebody else must approve it.")
    return _("Your edit added a claim; somebody else must approve it.")
