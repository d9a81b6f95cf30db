"""A visitor turns out to be a customer: the visitor's decisions become the customer's."""

from django.db import transaction

from guidance.behaviour.services.rollups import mark_days
from guidance.customers.services import mark_customers
from guidance.decisions.models import Decision


@transaction.atomic
def move_decisions(from_customer_id: int, to_customer_id: int) -> int:
    """Move one shopper's decisions to another, reopen their days, return how many moved."""
    decisions = Decision.objects.filter(customer=from_customer_id)
    mark_days(moments=decisions.order_by().values_list("at", "source"))
    mark_customers(customer_ids=[from_customer_id, to_customer_id])
    return decisions.update(customer=to_customer_id)
