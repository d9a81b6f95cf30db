"""What a shopper may choose on the preference page, and what they chose so far."""

from dataclasses import dataclass

from django.db.models import Q

from guidance.customers.hooks import channels_without_address
from guidance.customers.models import Customer, Suppression, SuppressionQuerySet
from guidance.customers.wording import OFFERED_PURPOSE, UNASKED_PURPOSE


@dataclass(frozen=True)
class Preference:
    """One channel and purpose: `is_granted` is what messages are sent by.

    `is_held`: something else than the shopper's word keeps messages back, such as a bounce.
    """

    channel: str
    purpose: str
    is_granted: bool
    is_held: bool = False


def preferences_of(customer: Customer) -> list[Preference]:
    """Return every choice open to a customer, by channel and purpose.

    Those are what they ever said a word about, and offers on each channel where they can be
    reached; what they must be told in any case is no choice.
    """
    said: dict[tuple[str, str], bool] = {}
    for consent in customer.consents.order_by("at"):
        said[consent.channel, consent.purpose] = consent.is_granted
    reached = channels_without_address()
    reached |= set(customer.contact_points.values_list("channel", flat=True))
    open_choices = said.keys() | {(channel, OFFERED_PURPOSE) for channel in reached}
    stopped = list(suppressions_of(customer).values_list("channel", "purpose", "reason"))
    return [
        Preference(
            channel,
            purpose,
            is_granted=said.get((channel, purpose), False)
            and not _is_stopped(channel, purpose, stopped, own=True),
            is_held=_is_stopped(channel, purpose, stopped, own=False),
        )
        for channel, purpose in sorted(open_choices)
        if purpose != UNASKED_PURPOSE
    ]


def suppressions_of(customer: Customer) -> SuppressionQuerySet:
    """Return what keeps messages from a customer: of their own, and of addresses they have today.

    A bounce is the address's: one of an address that is theirs no more says nothing.
    """
    bounced = Q(reason=Suppression.Reason.BOUNCED)
    found = Q(customer=customer) & (~bounced | Q(fingerprint=""))
    for channel, mark in customer.contact_points.values_list("channel", "fingerprint"):
        found |= Q(channel=channel, fingerprint=mark)
    return Suppression.objects.active().filter(found)


def _is_stopped(
    channel: str, purpose: str, stopped: list[tuple[str, str, str]], *, own: bool
) -> bool:
    """Tell whether the shopper's own unsubscribing, or else anything else, stops a channel."""
    return any(
        on == channel
        and why in {"", purpose}
        and (reason == Suppression.Reason.UNSUBSCRIBED) == own
        for on, why, reason in stopped
    )
