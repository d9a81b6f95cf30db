"""Rows of customers: shoppers."""

from typing import Any

from guidance.customers.models import Customer
from tests.factories.numbers import next_number


def customer(**given: Any) -> Customer:
    return Customer.objects.create(**{"ref": f"c-{next_number()}", "tier": "gold", **given})
