"""E-mail through Django's mail backend: SMTP, or a provider's API by django-anymail, by setting.

Neither knows an idempotency key, so what may have been taken is never sent again by itself: a
connection that breaks after the text began to leave, or an answer of a provider that does not say,
leaves the message in doubt.
"""

import re
import smtplib
from collections.abc import Callable, Sequence
from contextlib import suppress
from email.utils import parseaddr
from typing import Any

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import BadHeaderError, EmailMultiAlternatives, get_connection
from django.utils.translation import gettext_lazy as _
from requests import ConnectTimeout
from urllib3.exceptions import NewConnectionError

from guidance.campaigns.channels.base import Channel, Message, Outcome

DJANGO_SMTP = "django.core.mail.backends.smtp.EmailBackend"
OWN_SMTP = "guidance.campaigns.channels.smtp.EmailBackend"
METADATA_KEY = "delivery"
# No such mailbox, by the enhanced code (RFC 3463); any other refusal says nothing of the address.
NO_MAILBOX = re.compile(rb"5\.(?:1\.[1236]|2\.1)\b")
ANY_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")
# Of a provider's API: too many requests, or not working now; the message was not taken.
TRY_LATER = frozenset({408, 425, 429, 503})


class EmailChannel(Channel):
    """Sends over one connection until it is closed, opened anew where the other side hung up."""

    key = "email"
    label = _("e-mail")
    order = 10

    def __init__(self) -> None:
        self._backend = open_backend()

    @property
    def provider(self) -> str:
        """Return a provider as django-anymail calls it, else what Django calls its backend."""
        return settings.EMAIL_BACKEND.split(".")[-2]

    def send(self, messages: Sequence[Message]) -> list[Outcome]:
        return [_send(self._backend, message) for message in messages]

    def close(self) -> None:
        _hang_up(self._backend)


def open_backend() -> Any:
    """Return the mail backend that the settings name; Django's SMTP as ours, which tells more."""
    name = settings.EMAIL_BACKEND
    return get_connection(OWN_SMTP if name == DJANGO_SMTP else name, fail_silently=False)


def mail_of(message: Message, backend: Any = None) -> EmailMultiAlternatives:
    """Return the e-mail that a message becomes.

    Its Message-ID is made of the idempotency key, so that mail programs can tell a second copy.
    """
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    own = {
        "Message-ID": f"<{message.idempotency_key}@{sender.rpartition('@')[2]}>",
        "Content-Language": message.language,
        "Auto-Submitted": "auto-generated",
    }
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.body,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[message.address],
        headers={**own, **message.headers},
        connection=backend,
    )
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    # What django-anymail hands to the provider, whose webhooks give it back.
    mail.metadata = {METADATA_KEY: str(message.delivery_id)}  # type: ignore[attr-defined]
    return mail


def own_id(mail: EmailMultiAlternatives) -> str:
    """Return the Message-ID that this e-mail carries."""
    return str(mail.extra_headers["Message-ID"])


def _send(backend: Any, message: Message) -> Outcome:
    try:
        backend.open()
    except OSError as error:
        return Outcome.retry("connection", _said(error, message))
    mail = mail_of(message, backend)
    try:
        count = _hand_over(backend, mail)
    except Exception as error:  # backends raise what they like; the outbox must hear of each
        outcome = _outcome_of(error, backend, message)
        if not _goes_on(error, backend):
            _hang_up(backend)
        return outcome
    if not count:
        return Outcome.refused("not_sent", "the mail backend sent nothing")
    status = getattr(mail, "anymail_status", None)
    return Outcome.sent(str(getattr(status, "message_id", None) or own_id(mail)))


def _hand_over(backend: Any, mail: EmailMultiAlternatives) -> int:
    """Give one mail to the backend, over a new connection where the old one had gone to sleep."""
    try:
        return backend.send_messages([mail]) or 0
    except smtplib.SMTPServerDisconnected:
        if getattr(backend, "is_past_data", True):
            raise
        _hang_up(backend)
        backend.open()
        return backend.send_messages([mail]) or 0


def _goes_on(error: Exception, backend: Any) -> bool:
    """Tell whether the connection outlives an error: the other side answered and did not close."""
    if isinstance(error, AnymailError):
        return True
    answers = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
    return isinstance(error, answers) and getattr(backend.connection, "sock", None) is not None


def _outcome_of(error: Exception, backend: Any, message: Message) -> Outcome:
    """Return what an error means for the message that raised it."""
    said = _said(error, message)
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, text = next(iter(error.recipients.values()))
            return _by_code(code, "recipient", said, is_bounce=bool(NO_MAILBOX.match(text)))
        case smtplib.SMTPSenderRefused():
            # Ours to put right, whatever the code: the message is not to blame.
            return Outcome.retry("sender", said)
        case smtplib.SMTPDataError():
            return _by_code(error.smtp_code, "message", said)
        case smtplib.SMTPNotSupportedError():
            return Outcome.refused("recipient", said)
        case AnymailRecipientsRefused():
            return Outcome.refused("recipient", said, is_bounce=_is_invalid(error))
        case AnymailAPIError():
            return _by_answer(error, said)
        case AnymailError() | BadHeaderError() | UnicodeError():
            return Outcome.refused("malformed", said)
        case _ if getattr(backend, "is_past_data", True):
            return Outcome.in_doubt("connection", said)
        case _:
            return Outcome.retry("connection", said)


def _by_code(code: int, reason: str, said: str, *, is_bounce: bool = False) -> Outcome:
    """Read a reply code (RFC 5321): 4yz is for now, 5yz for good."""
    if 500 <= code < 600:
        return Outcome.refused(reason, said, is_bounce=is_bounce)
    if reason == "message" and not 400 <= code < 500:
        # Neither yes nor no to a text that has left already.
        return Outcome.in_doubt(reason, said)
    return Outcome.retry(reason, said)


def _is_invalid(error: AnymailRecipientsRefused) -> bool:
    """Tell whether a provider calls the address itself wrong; it may merely refuse it now."""
    status = getattr(getattr(error, "email_message", None), "anymail_status", None)
    return getattr(status, "status", None) == {"invalid"}


def _by_answer(error: AnymailAPIError, said: str) -> Outcome:
    """Read what a provider's API answered; where it did not, it may have taken the message."""
    code = error.status_code
    if code in TRY_LATER:
        after = error.response.headers.get("Retry-After", "")
        return Outcome.retry("provider", said, float(after) if after.isdecimal() else None)
    if code is not None and 400 <= code < 500:
        # A key that is wrong today is put right by somebody; the message is not to blame.
        if code in {401, 403, 404}:
            return Outcome.retry("provider", said)
        return Outcome.refused("provider", said)
    if isinstance(error, ConnectTimeout) or _never_connected(error):
        return Outcome.retry("connection", said)
    return Outcome.in_doubt("provider", said)


def _never_connected(error: AnymailAPIError) -> bool:
    """Tell whether the provider could not even be reached, by what lies below the error."""
    cause = error.__cause__
    below = cause.args[0] if cause is not None and cause.args else None
    return isinstance(getattr(below, "reason", None), NewConnectionError)


def _said(error: Exception, message: Message) -> str:
    """Return what went wrong on one line, without the address or any other."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    if message.address:
        line = re.sub(re.escape(message.address), "…", line, flags=re.IGNORECASE)
    return ANY_ADDRESS.sub("…", line)


def _hang_up(backend: Any) -> None:
    close: Callable[[], None] = backend.close
    with suppress(OSError, smtplib.SMTPException):
        close()
