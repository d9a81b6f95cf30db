"""Links that shoppers follow without a login: signed, and valid for good.

What a link may do is in the link alone: whoever holds one to unsubscribe can unsubscribe that
customer from that channel and purpose. It names the customer by pseudonym. A changed SECRET_KEY
must stay among SECRET_KEY_FALLBACKS, since letters are opened years later (RFC 8058 wants their
links to go on working).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

from guidance.core.ids import parse_id

# What the header `List-Unsubscribe-Post` says, and the body of the one click (RFC 8058).
ONE_CLICK = ("List-Unsubscribe", "One-Click")
_SOME = "token"
_UNSUBSCRIBING, _PREFERRING = "customers.unsubscribe", "customers.preferences"


class BadToken(Exception):
    """The link was cut short or made up."""


@dataclass(frozen=True)
class Unsubscription:
    """What a link unsubscribes from; `delivery` is the message that held it."""

    customer: str
    channel: str
    purpose: str
    delivery: UUID | None = None


def unsubscribe_token(
    *, customer: str, channel: str, purpose: str, delivery: UUID | None = None
) -> str:
    """Return the token of a link that unsubscribes a pseudonym."""
    told = [customer, channel, purpose, delivery.hex if delivery else ""]
    return _signer(_UNSUBSCRIBING, settings.SECRET_KEY).sign_object(told)


def read_unsubscribe_token(token: str) -> Unsubscription:
    """Return what a token unsubscribes from; raises BadToken."""
    customer, channel, purpose, delivery = _read(_UNSUBSCRIBING, token, 4)
    return Unsubscription(customer, channel, purpose, parse_id(delivery))


def preferences_token(*, customer: str) -> str:
    """Return the token of a pseudonym's preference page."""
    return _signer(_PREFERRING, settings.SECRET_KEY).sign_object([customer])


def read_preferences_token(token: str) -> str:
    """Return whose preference page a token opens; raises BadToken."""
    (customer,) = _read(_PREFERRING, token, 1)
    return customer


def unsubscribe_url(
    *, customer: str, channel: str, purpose: str, delivery: UUID | None = None
) -> str:
    """Return the absolute address of the page that unsubscribes."""
    token = unsubscribe_token(
        customer=customer, channel=channel, purpose=purpose, delivery=delivery
    )
    return _address_of("unsubscribe", token)


def preferences_url(*, customer: str) -> str:
    """Return the absolute address of a customer's preference page."""
    token = preferences_token(customer=customer)
    return _address_of("preferences", token)


def is_way_out(url: str) -> bool:
    """Tell whether an address is one of the pages that unsubscribe or choose."""
    pages = (settings.PUBLIC_URL + _path_of(page) for page in ("unsubscribe", "preferences"))
    return any(url.startswith(page.removesuffix(_SOME)) for page in pages)


def unsubscribe_headers(
    *, customer: str, channel: str, purpose: str, delivery: UUID | None = None
) -> dict[str, str]:
    """Return the headers by which a mail program unsubscribes in one click (RFC 8058, RFC 2369)."""
    url = unsubscribe_url(customer=customer, channel=channel, purpose=purpose, delivery=delivery)
    return {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "=".join(ONE_CLICK)}


@lru_cache(maxsize=8)
def _signer(salt: str, key: str) -> Signer:
    """A signer by the key of today: making one took as long as signing."""
    return Signer(key=key, salt=salt)


def _address_of(page: str, token: str) -> str:
    return settings.PUBLIC_URL + _path_of(page).replace(_SOME, token)


@lru_cache(maxsize=8)
def _path_of(page: str) -> str:
    """Return a page's path once a process: messages are composed by the thousand."""
    return reverse(page, args=[_SOME])


def _read(salt: str, token: str, length: int) -> list[Any]:
    try:
        told = Signer(salt=salt).unsign_object(token)
    except (BadSignature, ValueError):
        raise BadToken(token[:20]) from None
    if not isinstance(told, list) or len(told) != length:
        raise BadToken(token[:20])
    return told
