"""A visitor who logs in: the customer's pseudonym decides from then on, and they count once."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.services import assign
from guidance.recommendations.selectors import find_shopper
from guidance.recommendations.state import state
from tests.experiments.counted import counted_report as report

Meets = Callable[[str], str]


@pytest.fixture
def meets(experiment: Experiment) -> Meets:
    """Have whoever goes by a pseudonym meet the experiment as a request does; return the arm."""

    def meet(ref: str) -> str:
        Customer.objects.get_or_create(ref=ref, defaults={"is_anonymous": True})
        customer = Customer.objects.get(ref=ref)
        customer = customer.merged_into or customer
        found = assign(surface="home", unit=customer.ref, source=Source.LIVE)
        assert found is not None
        Decision.objects.create(
            customer=customer, surface="home", experiment=found.experiment, arm=found.arm
        )
        return found.arm

    return meet


def _pseudonym(arm: str, prefix: str) -> str:
    names = (f"{prefix}{number}" for number in range(100))
    return next(n for n in names if assign(surface="home", unit=n, source="live").arm == arm)


def test_a_visitor_whose_arm_stays_counts_once(meets: Meets, experiment: Experiment) -> None:
    visitor, customer = _pseudonym("model", "visitor"), _pseudonym("model", "customer")
    meets(visitor)
    meets(visitor)
    merge_customer(anonymous_ref=visitor, customer_ref=customer)
    assert meets(visitor) == meets(customer) == "model"
    found = report(experiment)
    model = next(arm for arm in found.arms if arm.arm.key == "model")
    assert (model.shoppers, model.total.served) == (1, 4)
    assert found.exclusions.shoppers_in_several_arms == 0


def test_a_visitor_whose_arm_changes_is_left_out_and_counted(
    meets: Meets, experiment: Experiment
) -> None:
    visitor, customer = _pseudonym("baseline", "visitor"), _pseudonym("model", "customer")
    assert meets(visitor) == "baseline"
    merge_customer(anonymous_ref=visitor, customer_ref=customer)
    assert meets(visitor) == meets(customer) == "model"
    found = report(experiment)
    assert found.shoppers == 0
    assert found.exclusions.shoppers_in_several_arms == 1
    assert found.exclusions.decisions_in_several_arms == 3


def test_who_logs_in_before_meeting_the_experiment_counts_in_the_customers_arm(
    meets: Meets, experiment: Experiment
) -> None:
    visitor, customer = _pseudonym("baseline", "visitor"), _pseudonym("model", "customer")
    merge_customer(anonymous_ref=visitor, customer_ref=customer)
    assert meets(visitor) == "model"
    assert report(experiment).shoppers == 1


def test_a_request_asks_by_the_pseudonym_merged_into(db: None) -> None:
    merge_customer(anonymous_ref="visitor", customer_ref="customer")
    state.refresh()
    shopper = find_shopper(ref="visitor", index=state.index, at=timezone.now(), with_replay=False)
    assert shopper.unit == "customer"
