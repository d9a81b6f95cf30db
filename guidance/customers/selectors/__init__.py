"""The customers' reads: who a pseudonym is, and who of many may be written to, and where."""

from guidance.customers.selectors.preferences import Preference, preferences_of
from guidance.customers.selectors.reach import (
    addresses,
    consenting,
    customers_at,
    has_contact,
    suppressed,
)
from guidance.customers.selectors.who import (
    BY_REF,
    READ,
    commonest_tiers,
    customer_in,
    find_customer,
    membership_tiers,
    shop_zones,
)

__all__ = [
    "BY_REF",
    "READ",
    "Preference",
    "addresses",
    "commonest_tiers",
    "consenting",
    "customer_in",
    "customers_at",
    "find_customer",
    "has_contact",
    "membership_tiers",
    "preferences_of",
    "shop_zones",
    "suppressed",
]
