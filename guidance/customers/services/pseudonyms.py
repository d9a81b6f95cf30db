"""Pseudonyms become customers on first sight; one that was merged stands for its customer."""

from collections.abc import Iterable

from django.db import connection, transaction

from guidance.core.bulk import insert_rows
from guidance.customers.models import Customer


@transaction.atomic
def ensure_customer(*, ref: str) -> Customer:
    """Return the shopper of this pseudonym, following a merge, made on first sight."""
    return Customer.objects.get(pk=ensure_customers(refs=[ref])[ref])


def hold_customer(customer_id: int) -> Customer:
    """Return the customer, after a merge who they became, held against merges and other choices.

    Call it in the transaction that writes what the customer chose or what happened to them.
    """
    locked = Customer.objects.select_for_update(no_key=True)
    customer = locked.get(pk=customer_id)
    if customer.merged_into_id is not None:
        # One step leads to who somebody became: a customer is never merged away.
        customer = locked.get(pk=customer.merged_into_id)
    return customer


@transaction.atomic(savepoint=False)
def ensure_customers(*, refs: Iterable[str]) -> dict[str, int]:
    """Return each pseudonym's customer by primary key, following merges, made on first sight.

    A shopper first met here is anonymous until the shop's server says more. Two statements at
    most, and one more where somebody is new. Inside the caller's transaction the answer stays
    true: on PostgreSQL the rows are held against a merge until it ends, and SQLite has one writer.
    """
    wanted = sorted(set(refs))
    known = _resolved(wanted)
    new = [ref for ref in wanted if ref not in known]
    if new:
        insert_rows([Customer(ref=ref, is_anonymous=True) for ref in new], conflict=["ref"])
        known |= _resolved(new)
    return known


def _resolved(refs: list[str]) -> dict[str, int]:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT ref, COALESCE(merged_into_id, id) FROM customers_customer"
                " WHERE ref = ANY(%s) ORDER BY id FOR KEY SHARE",
                [refs],
            )
            return dict(cursor.fetchall())
    rows = Customer.objects.filter(ref__in=refs).values_list("ref", "merged_into_id", "pk")
    return {ref: merged_into or key for ref, merged_into, key in rows}
