"""Reads about customers: who a pseudonym is."""

from collections.abc import Sequence
from typing import Any

from guidance.core.compiled import CompiledQuery, Parameter, as_object
from guidance.customers.models import Customer

READ = ("id", "ref", "language", "tier")
BY_REF = CompiledQuery(
    lambda: (
        Customer.objects.filter(ref=Parameter("ref"))
        .order_by()
        .values_list(*READ, *(f"merged_into__{name}" for name in READ))
    )
)


def find_customer(ref: str) -> Customer | None:
    """Return who goes by a pseudonym, after a merge the customer; None for one never met.

    One statement; of the customer, pseudonym, language and tier alone are read.
    """
    return customer_in(BY_REF.rows(ref=ref))


def membership_tiers() -> list[str]:
    """Return the membership tiers that customers have, by name; one statement over their index."""
    tiers = Customer.objects.exclude(tier="").order_by("tier").values_list("tier", flat=True)
    return list(tiers.distinct())


def customer_in(rows: Sequence[Sequence[Any]]) -> Customer | None:
    """Return the customer whom the rows of `BY_REF` tell of, after a merge who they became."""
    if not rows:
        return None
    own, merged_into = rows[0][: len(READ)], rows[0][len(READ) :]
    values = own if merged_into[0] is None else merged_into
    return as_object(Customer, READ, values)
