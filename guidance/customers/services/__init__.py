"""The customers' writes: pseudonyms, upserts, consent, contact points, merges."""

from guidance.customers.services.changed import mark_customers, take_customers
from guidance.customers.services.contact_points import rotate_contacts
from guidance.customers.services.identify import Merge, merge_customer
from guidance.customers.services.pseudonyms import ensure_customer, ensure_customers
from guidance.customers.services.upsert import upsert_customers

__all__ = [
    "Merge",
    "ensure_customer",
    "ensure_customers",
    "mark_customers",
    "merge_customer",
    "rotate_contacts",
    "take_customers",
    "upsert_customers",
]
