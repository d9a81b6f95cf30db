"""An answer's decisions are written whole or not at all, for whoever the pseudonym is by now."""

from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError
from django.utils import timezone

from guidance.behaviour.models import DirtyDay
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.decisions.services import record_answer
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
UTC = ZoneInfo("UTC")


def decision(**fields: object) -> Decision:
    items = [{"kind": "product", "sku": "it's 100 %", "position": 1, "reason": "茶 %s"}]
    return Decision(at=timezone.now(), surface="home", policy="model", items=items, **fields)


def record(*decisions: Decision, ref: str = "", is_known: bool = True) -> None:
    record_answer(decisions, ref=ref, is_known=is_known, zone=UTC, patience_ms=1_000)


def test_a_customers_decisions_are_kept_as_they_are_and_their_day_is_marked() -> None:
    customer = factories.customer(ref="shopper")
    made = [decision(latency_ms=1.5, context={"limit": 3}), decision(arm="b")]
    record(*made, ref="shopper")
    kept = {one.pk: one for one in Decision.objects.all()}
    for one in made:
        found = kept[one.pk]
        assert (found.customer_id, found.items, found.at) == (customer.pk, one.items, one.at)
        assert (found.latency_ms, found.context, found.arm) == (
            one.latency_ms,
            one.context,
            one.arm,
        )
    assert DirtyDay.objects.get().day == timezone.now().date()


def test_after_a_merge_it_is_the_customers() -> None:
    customer = factories.customer(ref="customer")
    factories.customer(ref="visitor", merged_into=customer)
    record(decision(), ref="visitor")
    assert Decision.objects.get().customer == customer


def test_nobody_in_particular_is_nobody() -> None:
    record(decision())
    assert Decision.objects.get().customer is None


def test_a_pseudonym_never_met_becomes_an_anonymous_customer() -> None:
    record(decision(), ref="new", is_known=False)
    assert Decision.objects.get().customer == Customer.objects.get(ref="new", is_anonymous=True)


@pytest.mark.parametrize("is_known", [True, False])
def test_where_one_cannot_be_written_nothing_is(is_known: bool) -> None:
    broken = decision(latency_ms=None)
    with pytest.raises(IntegrityError):
        record(decision(), broken, ref="someone", is_known=is_known)
    assert not Decision.objects.exists()
    assert not DirtyDay.objects.exists()
    assert not Customer.objects.exists()
