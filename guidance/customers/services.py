"""Writes about customers."""

from guidance.customers.models import Customer


def ensure_customer(*, ref: str) -> Customer:
    """Return the shopper of this pseudonym (following a merge), made on first sight.

    A shopper first met through behaviour is anonymous until the shop's server says more.
    """
    customer, _created = Customer.objects.select_related("merged_into").get_or_create(
        ref=ref, defaults={"is_anonymous": True}
    )
    return customer.merged_into or customer
