"""Rows of customers: shoppers."""

from typing import Any

from guidance.customers.contacts import encrypt_address, fingerprint
from guidance.customers.models import ContactPoint, Customer, Suppression
from tests.factories.numbers import next_number


def customer(**given: Any) -> Customer:
    return Customer.objects.create(**{"ref": f"c-{next_number()}", "tier": "gold", **given})


def suppression(**given: Any) -> Suppression:
    told = {"channel": "email", "reason": "by_hand", "source": "desk"}
    return Suppression.objects.create(**{"customer": customer(), **told, **given})


def contact_point(**given: Any) -> ContactPoint:
    owner = given.pop("customer", None) or customer()
    channel = given.pop("channel", "email")
    address = given.pop("address", f"{owner.ref}@shopper.example")
    return ContactPoint.objects.create(
        customer=owner,
        channel=channel,
        ciphertext=encrypt_address(address, customer_id=owner.pk, channel=channel),
        fingerprint=fingerprint(address),
    )
