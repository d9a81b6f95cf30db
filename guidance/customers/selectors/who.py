"""Reads about customers: who a pseudonym is, and which zones the shop's shoppers live in."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Count

from guidance.core.compiled import CompiledQuery, Parameter, as_object
from guidance.core.models import Market
from guidance.core.validators import is_time_zone
from guidance.customers.models import Customer

READ = ("id", "ref", "language", "tier")
BY_REF = CompiledQuery(
    lambda: (
        Customer.objects.filter(ref=Parameter("ref"))
        .order_by()
        .values_list(*READ, *(f"merged_into__{name}" for name in READ))
    )
)

_ZONES = """
WITH RECURSIVE zones(zone) AS (
    SELECT min(time_zone) FROM customers_customer WHERE time_zone > ''
    UNION ALL
    SELECT (
        SELECT min(time_zone) FROM customers_customer
        WHERE time_zone > '' AND time_zone > zones.zone
    ) FROM zones WHERE zones.zone IS NOT NULL
)
SELECT zone FROM zones"""


def find_customer(ref: str) -> Customer | None:
    """Return who goes by a pseudonym, after a merge the customer; None for one never met.

    One statement; of the customer, pseudonym, language and tier alone are read.
    """
    return customer_in(BY_REF.rows(ref=ref))


def membership_tiers() -> list[str]:
    """Return the membership tiers that customers have, by name; one statement over their index."""
    tiers = Customer.objects.exclude(tier="").order_by("tier").values_list("tier", flat=True)
    return list(tiers.distinct())


def commonest_tiers(most: int) -> list[str]:
    """Return the membership tiers that most customers have, the most common first."""
    tiers = Customer.objects.exclude(tier="").order_by().values_list("tier")
    counted = sorted(tiers.annotate(count=Count("pk")), key=lambda one: (-one[1], one[0]))
    return [tier for tier, _count in counted[:most]]


def shop_zones() -> list[str]:
    """Return every time zone that a market or a customer of the shop is in.

    Steps through the index from one zone to the next: a million shoppers of forty zones cost forty
    looks.

    The strictest quiet hours, for a shopper of whom nobody knows where they live, are those of
    all of these together.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ZONES)
        zones = {zone for (zone,) in cursor.fetchall() if zone is not None}
    zones |= set(Market.objects.values_list("time_zone", flat=True))
    return sorted(zone for zone in zones if is_time_zone(zone))


def customer_in(rows: Sequence[Sequence[Any]]) -> Customer | None:
    """Return the customer whom the rows of `BY_REF` tell of, after a merge who they became."""
    if not rows:
        return None
    own, merged_into = rows[0][: len(READ)], rows[0][len(READ) :]
    values = own if merged_into[0] is None else merged_into
    return as_object(Customer, READ, values)
