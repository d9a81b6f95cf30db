"""Rows of customers: shoppers."""

from typing import Any

from guidance.customers.models import Customer, Suppression
from tests.factories.numbers import next_number


def customer(**given: Any) -> Customer:
    return Customer.objects.create(**{"ref": f"c-{next_number()}", "tier": "gold", **given})


def suppression(**given: Any) -> Suppression:
    told = {"channel": "email", "reason": "by_hand", "source": "desk"}
    return Suppression.objects.create(**{"customer": customer(), **told, **given})
