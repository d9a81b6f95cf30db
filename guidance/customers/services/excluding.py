"""Who counts in no experiment: the shop's own people and scripts."""

from collections.abc import Iterable

from django.db import transaction

from guidance.core.among import Among
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.models import Customer
from guidance.customers.services.changed import mark_customers

RULE, DESK = "rule", "desk"
# The columns that say who is left out, by whom and since when.
EXCLUSION = ("excluded_as", "excluded_source", "excluded_at", "excluded_before")


@transaction.atomic
def exclude_customers(
    *, customer_ids: Iterable[int], excluded_as: str, source: str, actor: User | None = None
) -> int:
    """Leave customers out of experiments' figures as staff or scripts, '' counts them again.

    Their sums follow with the next rollup. A rule says nothing about whom somebody spoke of
    before. Returns how many changed, each with an audit entry.
    """
    rows = Customer.objects.select_for_update(no_key=True, of=("self",)).order_by("pk")
    changed = []
    for customer in rows.filter(Among("id", sorted(set(customer_ids)))):
        told = (excluded_as, source)
        if (customer.excluded_as, customer.excluded_source) == told:
            continue
        if source == RULE and customer.excluded_source:
            continue
        customer.exclude_as(excluded_as)
        customer.excluded_source = source
        changed.append(customer)
        details = {"as": excluded_as, "source": source}
        record_audit(actor=actor, verb="exclude_customer", target=customer, details=details)
    Customer.objects.bulk_update(changed, EXCLUSION)
    mark_customers(customer_ids=[customer.pk for customer in changed])
    return len(changed)
