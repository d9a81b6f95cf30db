"""The customers' writes: pseudonyms, upserts, consent, contact points, suppressions, merges."""

from guidance.customers.services.changed import mark_customers, take_customers
from guidance.customers.services.choices import set_preferences, unsubscribe
from guidance.customers.services.contact_points import rotate_contacts
from guidance.customers.services.excluding import exclude_customers
from guidance.customers.services.identify import Merge, merge_customer
from guidance.customers.services.looking import look_at_customer
from guidance.customers.services.pseudonyms import ensure_customer, ensure_customers
from guidance.customers.services.suppressions import (
    Suppressed,
    lift_suppression,
    rotate_suppressions,
    suppress,
)
from guidance.customers.services.upsert import upsert_customers

__all__ = [
    "Merge",
    "Suppressed",
    "ensure_customer",
    "ensure_customers",
    "exclude_customers",
    "lift_suppression",
    "look_at_customer",
    "mark_customers",
    "merge_customer",
    "rotate_contacts",
    "rotate_suppressions",
    "set_preferences",
    "suppress",
    "take_customers",
    "unsubscribe",
    "upsert_customers",
]
