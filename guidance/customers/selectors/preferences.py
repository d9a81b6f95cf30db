"""What a shopper may choose on the preference page, and what they chose so far."""

from dataclasses import dataclass

from guidance.customers.models import Customer, Suppression
from guidance.customers.wording import OFFERED_PURPOSE

# Channels that need no address of the shopper's.
WITHOUT_ADDRESS = ("inbox",)


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
    """Return every choice open to a customer, by channel and purpose; three statements.

    Those are what they ever said a word about, and offers on each channel where they can be
    reached.
    """
    said: dict[tuple[str, str], bool] = {}
    for consent in customer.consents.order_by("at"):
        said[consent.channel, consent.purpose] = consent.is_granted
    reached = [*WITHOUT_ADDRESS, *customer.contact_points.values_list("channel", flat=True)]
    open_choices = said.keys() | {(channel, OFFERED_PURPOSE) for channel in reached}
    stopped = list(customer.suppressions.active().values_list("channel", "purpose", "reason"))
    return [
        Preference(
            channel,
            purpose,
            is_granted=said.get((channel, purpose), False)
            and not _is_stopped(channel, purpose, stopped, own=True),
            is_held=_is_stopped(channel, purpose, stopped, own=False),
        )
        for channel, purpose in sorted(open_choices)
    ]


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
