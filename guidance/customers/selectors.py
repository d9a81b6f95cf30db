"""Reads about customers: consent as it stands."""

from collections.abc import Iterable

from guidance.customers.models import Consent

ConsentKey = tuple[int, str, str]


def current_consents(customers: Iterable[int]) -> dict[ConsentKey, bool]:
    """Return what was said last, by customer, channel and purpose; nothing said is not there."""
    rows = (
        Consent.objects.filter(customer__in=customers)
        .order_by("at", "pk")
        .values_list("customer_id", "channel", "purpose", "is_granted")
    )
    return {(customer, channel, purpose): granted for customer, channel, purpose, granted in rows}
