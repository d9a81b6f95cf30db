"""A visitor turns out to be a customer: the visitor's decisions become the customer's."""

from django.db import transaction
from django.db.models import BigIntegerField, Value
from django.db.models.functions import Coalesce

from guidance.behaviour.services.rollups import mark_days
from guidance.customers.services import mark_customers
from guidance.decisions.models import Decision


@transaction.atomic
def move_decisions(from_customer_id: int, to_customer_id: int) -> int:
    """Move one shopper's decisions to another, reopen their days, return how many moved.

    Each keeps for whom it was made: its arm was that of the visitor's pseudonym.
    """
    decisions = Decision.objects.filter(customer=from_customer_id)
    mark_days(moments=decisions.order_by().values_list("at", "source"))
    mark_customers(customer_ids=[from_customer_id, to_customer_id])
    met_as = Coalesce("met_as", Value(from_customer_id), output_field=BigIntegerField())
    return decisions.update(customer=to_customer_id, met_as=met_as)
