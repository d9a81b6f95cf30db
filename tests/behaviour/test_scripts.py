"""Scripts are found by what no person does, and never against what a person said."""

from datetime import timedelta

import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.tasks import leave_out_scripts
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers
from tests import factories

pytestmark = pytest.mark.django_db


def _looks(customer: Customer, *, apart: timedelta, count: int = 300) -> None:
    product, start = factories.product(), timezone.now() - timedelta(hours=20)
    Event.objects.bulk_create(
        Event(kind="view", customer=customer, product=product, occurred_at=start + apart * place)
        for place in range(count)
    )


def test_who_looks_faster_than_any_person_is_left_out() -> None:
    script, person, known = (factories.customer() for _ in range(3))
    _looks(script, apart=timedelta(seconds=1))
    _looks(known, apart=timedelta(seconds=1))
    _looks(person, apart=timedelta(seconds=20))
    exclude_customers(customer_ids=[known.pk], excluded_as="", source="desk")
    assert leave_out_scripts() == 1
    told = dict(Customer.objects.values_list("pk", "excluded_as"))
    assert told == {script.pk: "bot", person.pk: "", known.pk: ""}
    assert leave_out_scripts() == 0
