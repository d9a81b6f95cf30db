"""A visitor who logs in: the customer's pseudonym decides from then on, and they count once."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from guidance.behaviour.models import Source
from guidance.customers.models import Customer
from guidance.customers.services import merge_customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import report as uncounted_report
from guidance.experiments.services import assign
from guidance.experiments.wording import logins_text
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


@pytest.mark.parametrize("visitors_arm", ["model", "baseline"])
def test_who_logs_in_counts_by_the_customers_own_arm_from_their_own_first_decision(
    meets: Meets, experiment: Experiment, visitors_arm: str
) -> None:
    """Alike whether the visitor's arm was the same: else one arm would keep more who log in."""
    visitor, customer = _pseudonym(visitors_arm, "visitor"), _pseudonym("model", "customer")
    assert meets(visitor) == meets(visitor) == visitors_arm
    merge_customer(anonymous_ref=visitor, customer_ref=customer)
    merged = timezone.now()
    assert meets(visitor) == meets(customer) == "model"
    found = report(experiment)
    model = next(arm for arm in found.arms if arm.arm.key == "model")
    assert (found.shoppers, model.shoppers, model.total.served) == (1, 1, 2)
    assert found.first_exposure is not None
    assert found.first_exposure > merged
    assert found.exclusions.shoppers_in_several_arms == 0
    assert found.exclusions.decisions_before_login == 2
    own = Decision.objects.of_experiment(experiment.key)
    assert (own.before_login().count(), own.in_one_arm().count()) == (2, 2)
    assert own.in_one_arm().exposures().get().at == found.first_exposure
    assert sum(found.logged_in) == 1


def test_while_the_customers_own_pseudonym_met_nothing_the_first_visitor_counts(
    meets: Meets, experiment: Experiment
) -> None:
    first, second = _pseudonym("baseline", "phone"), _pseudonym("model", "laptop")
    for visitor in (first, second, first):
        meets(visitor)
    for visitor in (first, second):
        merge_customer(anonymous_ref=visitor, customer_ref="customer")
    found = report(experiment)
    baseline = next(arm for arm in found.arms if arm.arm.key == "baseline")
    assert (found.shoppers, baseline.shoppers, baseline.total.served) == (1, 1, 2)
    assert found.exclusions.decisions_before_login == 1
    raw = uncounted_report(experiment, as_of=timezone.now())
    assert [arm.samples for arm in raw.arms] == [arm.samples for arm in found.arms]
    assert raw.exclusions == found.exclusions


def test_visitors_whom_an_arm_makes_log_in_are_told(meets: Meets, experiment: Experiment) -> None:
    for number in range(12):
        visitor = _pseudonym("model", f"visitor-{number}-")
        meets(visitor)
        merge_customer(anonymous_ref=visitor, customer_ref=f"customer-{number}")
    found = report(experiment)
    assert sorted(found.logged_in) == [0, 12]
    assert "log in more often" in logins_text(found)


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
