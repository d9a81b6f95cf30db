"""People who look at one customer: each look is written down."""

from django.db import transaction

from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.customers.models import Customer


@transaction.atomic
def look_at_customer(*, customer_id: int, actor: User) -> None:
    """Write down that a person opened a customer's page, where there is such a customer."""
    customer = Customer.objects.filter(pk=customer_id).first()
    if customer is not None:
        record_audit(actor=actor, verb="look_at_customer", target=customer)
