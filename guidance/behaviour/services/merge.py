"""What a merge of customers means for their events."""

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import mark_days
from guidance.customers.services import mark_customers


def move_events(from_customer_id: int, to_customer_id: int) -> int:
    """Give one customer the other's events and return how many; their days are counted again.

    It runs in the merge's transaction.
    """
    events = Event.objects.filter(customer=from_customer_id)
    mark_days(moments=events.order_by().values_list("occurred_at", "source"))
    mark_customers(customer_ids=[from_customer_id, to_customer_id])
    return events.update(customer=to_customer_id)
