"""A visitor turns out to be a customer: the visitor's decisions become the customer's."""

from django.db import transaction

from guidance.decisions.models import Decision
from guidance.decisions.services.log import mark_decided_days


@transaction.atomic
def move_decisions(from_customer_id: int, to_customer_id: int) -> int:
    """Move one shopper's decisions to another, reopen their days, return how many moved."""
    decisions = Decision.objects.filter(customer=from_customer_id)
    mark_decided_days(decisions.order_by().values_list("at", "source"))
    return decisions.update(customer=to_customer_id)
