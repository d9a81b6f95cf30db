"""Reads about customers: who a pseudonym is."""

from guidance.customers.models import Customer


def find_customer(ref: str) -> Customer | None:
    """Return who goes by a pseudonym, after a merge the customer; None for one never met.

    One statement.
    """
    found = Customer.objects.select_related("merged_into").filter(ref=ref).first()
    return (found.merged_into or found) if found else None
