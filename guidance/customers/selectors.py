"""Reads about customers: who a pseudonym is."""

from guidance.customers.models import Customer


def find_customer(ref: str) -> Customer | None:
    """Return who goes by a pseudonym, after a merge the customer; None for one never met.

    One statement; of the customer, pseudonym, language and tier alone are read.
    """
    kept = ("ref", "language", "tier")
    names = [*kept, *(f"merged_into__{name}" for name in kept)]
    rows = Customer.objects.select_related("merged_into").only(*names).filter(ref=ref)
    found = next(iter(rows), None)
    return (found.merged_into or found) if found else None
