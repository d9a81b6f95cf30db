"""A holdout of visitors who log in, mostly to buy: no side is favoured, by simulation."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.assignment import bucket_of
from guidance.experiments.holdout_page import holdout_page
from guidance.experiments.models import Holdout
from guidance.experiments.samples import ProportionSample
from guidance.experiments.selectors.holdouts import HoldoutReport, holdout_report
from guidance.experiments.statistics import SampleRatio
from tests import factories

pytestmark = pytest.mark.django_db
PEOPLE = 6_000
SHARE = 0.1
LOGS_IN, MEETS_AGAIN = 0.4, 0.8
BUYS = {True: 0.35, False: 0.05}
NOW = timezone.now()
START = NOW - timedelta(days=40)


@pytest.fixture
def holdout() -> Holdout:
    return factories.holdout(
        key="held", share=str(SHARE), since=START, is_active=True, ended_at=None
    )


def _report(holdout: Holdout) -> HoldoutReport:
    return holdout_report(holdout, START, NOW)


def _met(who: Customer, days: float, *, is_held: bool, met_as: int | None = None) -> Decision:
    return Decision(
        customer=who,
        surface="home",
        policy="popularity" if is_held else "model",
        experiment="held" if is_held else "",
        arm="held-out" if is_held else "",
        at=START + timedelta(days=days),
        met_as=met_as,
    )


def _is_held(pseudonym: str) -> bool:
    place = bucket_of(seed="held", unit=pseudonym)
    assert place is not None
    return place < SHARE


def test_who_logs_in_counts_on_the_customers_own_side_and_no_side_is_favoured(
    holdout: Holdout,
) -> None:
    chance = np.random.default_rng(7)
    customers = Customer.objects.bulk_create(
        Customer(ref=f"{kind}-{number}") for number in range(PEOPLE) for kind in "vc"
    )
    decisions, events = [], []
    for visitor, customer in zip(customers[::2], customers[1::2], strict=True):
        is_member = chance.random() < LOGS_IN
        who = customer if is_member else visitor
        before = visitor.pk if is_member else None
        decisions.append(_met(who, 0, is_held=_is_held(visitor.ref), met_as=before))
        if is_member and chance.random() < MEETS_AGAIN:
            decisions.append(_met(customer, 3, is_held=_is_held(customer.ref)))
        if chance.random() < BUYS[is_member]:
            at = START + timedelta(days=4)
            events.append(Event(kind="purchase", customer=who, occurred_at=at, price=1))
    Decision.objects.bulk_create(decisions)
    Event.objects.bulk_create(events)
    found = _report(holdout)
    held, served = (
        side.samples["conversion"] for side in (found.scopes[0].held, found.scopes[0].served)
    )
    assert isinstance(held, ProportionSample)
    assert isinstance(served, ProportionSample)
    assert (held.n + served.n, found.on_both_sides) == (PEOPLE, 0)
    truth = LOGS_IN * BUYS[True] + (1 - LOGS_IN) * BUYS[False]
    for side in (held, served):
        assert abs(side.mean - truth) < 3 * (side.variance / side.n) ** 0.5
    for check in (found.scopes[0].sample_ratio, found.logins):
        assert isinstance(check, SampleRatio)
        assert not check.is_off
    # What leaving out whose side changed said of the held out: as if they bought half as often.
    kept = _leaving_out_whose_side_changed()
    assert kept[False] - kept[True] > 0.04


def _leaving_out_whose_side_changed() -> dict[bool, float]:
    sides: dict[int, set[bool]] = {}
    for customer, key in Decision.objects.values_list("customer", "experiment"):
        sides.setdefault(customer, set()).add(key == "held")
    bought = set(Event.objects.values_list("customer", flat=True))
    shares = {}
    for side in (True, False):
        own = [customer for customer, met in sides.items() if met == {side}]
        shares[side] = sum(customer in bought for customer in own) / len(own)
    return shares


def test_the_first_visitor_counts_while_the_customers_own_pseudonym_met_nothing(
    holdout: Holdout,
) -> None:
    phone, laptop = factories.customer(), factories.customer()
    customer = factories.customer()
    Decision.objects.bulk_create(
        [
            _met(customer, 1, is_held=True, met_as=phone.pk),
            _met(customer, 2, is_held=False, met_as=laptop.pk),
        ]
    )
    found = _report(holdout)
    assert (found.scopes[0].held.shoppers, found.scopes[0].served.shoppers) == (1, 0)
    assert (found.logged_in, found.on_both_sides) == ((1, 1), 0)
    Decision.objects.bulk_create([_met(customer, 3, is_held=False)])
    bought = START + timedelta(days=2, hours=1)
    factories.event(customer=customer, kind="purchase", occurred_at=bought, price=5)
    found = _report(holdout)
    assert (found.scopes[0].held.shoppers, found.scopes[0].served.shoppers) == (0, 1)
    assert found.scopes[0].served.samples["conversion"].total == 0  # bought before its first
    Decision.objects.bulk_create([_met(customer, 4, is_held=True)])
    assert _report(holdout).on_both_sides == 1


def test_visitors_of_one_side_who_log_in_more_often_are_told(holdout: Holdout) -> None:
    customers = Customer.objects.bulk_create(Customer(ref=f"c{n}") for n in range(30))
    Decision.objects.bulk_create(
        _met(one, 1, is_held=True, met_as=one.pk + 1_000) for one in customers
    )
    [note] = holdout_page(_report(holdout))["notes"]
    assert "log in more often (30 held out, 0 served" in note
