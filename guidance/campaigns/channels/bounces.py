"""Whether a bounce is for good, as each mail provider tells it.

django-anymail gives a full mailbox, a server that was away and an address that does not exist the
same reason; only the provider's own event says which it was. Kinds as in the documentation of
Amazon SES, Brevo, Mailjet, MailerSend, Mandrill, Postmark, Resend and SparkPost.
"""

import re
from collections.abc import Iterator
from typing import Any

from anymail.signals import AnymailTrackingEvent, RejectReason

FOR_GOOD = {RejectReason.INVALID, RejectReason.BOUNCED}
# What providers call a bounce that may be over tomorrow, and under which names they say it.
PASSING = re.compile(r"soft|transient|temporary|undetermined|blocked|full|timeout", re.IGNORECASE)
TOLD_AS = {"event", "type", "Type", "bounceType", "bounceSubType", "bounce_type", "severity"}
# SparkPost's classes: not understood, soft, name server, full, too large, no answer, policy,
# unspecified, challenge, passing.
PASSING_CLASSES = {"1", "20", "21", "22", "23", "24", "25", "40", "60", "70", "100"}


def is_for_good(event: AnymailTrackingEvent) -> bool:
    """Tell whether a bounce says that the address itself is no good."""
    if event.reject_reason not in FOR_GOOD:
        return False
    return not any(_is_passing(name, value) for name, value in _told(event.esp_event))


def _is_passing(name: str, value: Any) -> bool:
    if name == "bounce_class":
        return str(value) in PASSING_CLASSES
    if name == "hard_bounce":
        return str(value).lower() in {"false", "0"}
    return name in TOLD_AS and isinstance(value, str) and bool(PASSING.search(value))


def _told(raw: Any, depth: int = 4) -> Iterator[tuple[str, Any]]:
    """Return what an event says, name by name, down to a depth."""
    for name, value in raw.items() if isinstance(raw, dict) else ():
        yield str(name), value
        if depth:
            yield from _told(value, depth - 1)
