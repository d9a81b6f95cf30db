"""Customers marked as changed are taken once, by whoever counts them."""

from django.db import transaction

from guidance.customers.models import ChangedCustomer
from guidance.customers.services import mark_customers, take_customers


def test_marks_are_taken_by_who_counts(db: None) -> None:
    mark_customers(customer_ids=[3, 1, 3])
    mark_customers(customer_ids=[])
    with transaction.atomic():
        assert take_customers(most=1) == [1]
    with transaction.atomic():
        assert take_customers(most=10) == [3]
    assert not ChangedCustomer.objects.exists()
