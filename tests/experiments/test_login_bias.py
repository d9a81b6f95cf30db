"""With unequal shares and log-ins that go with buying, no arm is favoured: by simulation.

Visitors meet the experiment by their own pseudonym's hash; those who log in, mostly buyers, are
from then on in the arm of their customer's. Leaving out whose arm changed would keep four in five
of those who log in in the arm of 80 % and one in five in the other.
"""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Experiment
from guidance.experiments.samples import ProportionSample
from guidance.experiments.selectors import report
from guidance.experiments.services import assign, recount_experiment
from guidance.experiments.statistics import SampleRatio
from tests.experiments.conftest import start

pytestmark = pytest.mark.django_db
PEOPLE = 6_000
LOGS_IN, MEETS_AGAIN = 0.4, 0.8
BUYS = {True: 0.35, False: 0.05}
AT = timezone.now() - timedelta(days=40)


def _arm(pseudonym: str) -> str:
    found = assign(surface="home", unit=pseudonym, source="live")
    assert found is not None
    return found.arm


def _live(experiment: Experiment, seed: int, lift: float) -> None:
    """Let people meet the experiment, log in or not, meet it again or not, and buy a day later:
    `lift` more often while they are in the smaller arm."""
    chance = np.random.default_rng(seed)
    tea = Product.objects.create(sku=f"tea-{seed}", title="Tea")
    customers = Customer.objects.bulk_create(
        Customer(ref=f"{kind}-{seed}-{number}") for number in range(PEOPLE) for kind in "vc"
    )
    decisions, events = [], []

    def meet(who: Customer, arm: str, days: float, met_as: int | None) -> None:
        decisions.append(
            Decision(
                customer=who, surface="home", experiment=experiment.key, arm=arm,
                at=AT + timedelta(days=days), met_as=met_as,
            )
        )  # fmt: skip

    def buys(who: Customer, arm: str, days: float, *, is_member: bool) -> None:
        more = 1 + lift if arm == "arm-1" else 1
        if chance.random() < BUYS[is_member] * more:
            at = AT + timedelta(days=days)
            events.append(
                Event(kind="purchase", customer=who, product=tea, source="live", occurred_at=at)
            )

    for visitor, customer in zip(customers[::2], customers[1::2], strict=True):
        arm, own = _arm(visitor.ref), _arm(customer.ref)
        if chance.random() >= LOGS_IN:
            meet(visitor, arm, 0, None)
            buys(visitor, arm, 1, is_member=False)
            continue
        meet(customer, arm, 0, visitor.pk)  # moved when the visitor logged in
        now = arm
        if chance.random() < MEETS_AGAIN:
            meet(customer, own, 3, None)
            now = own
        buys(customer, now, 4, is_member=True)
    Decision.objects.bulk_create(decisions)
    Event.objects.bulk_create(events)
    for _share in recount_experiment(experiment=experiment, again=True):
        pass


@pytest.mark.parametrize("lift", [0.0, 0.5])
def test_with_shares_of_80_and_20_and_buyers_logging_in_the_estimate_is_unbiased(
    lift: float,
) -> None:
    experiment = start("0.8", "0.2")
    _live(experiment, seed=20, lift=lift)
    found = report(experiment)
    large, small = (arm.samples["conversion"] for arm in found.arms)
    assert isinstance(large, ProportionSample)
    assert isinstance(small, ProportionSample)
    assert large.n + small.n == PEOPLE
    assert found.exclusions.shoppers_in_several_arms == 0
    truth = LOGS_IN * BUYS[True] + (1 - LOGS_IN) * BUYS[False]
    error = (large.variance / large.n + small.variance / small.n) ** 0.5
    assert abs(small.mean - large.mean - truth * lift) < 3 * error
    assert abs(large.mean - truth) < 3 * (large.variance / large.n) ** 0.5
    for check in (found.sample_ratio, found.logins):
        assert isinstance(check, SampleRatio)
        assert not check.is_off
    # What leaving out those of two arms said: a difference of the size of the figure itself.
    kept = _leaving_out_who_changed_arm(experiment)
    if not lift:
        assert kept["arm-0"] - kept["arm-1"] > 0.05


def _leaving_out_who_changed_arm(experiment: Experiment) -> dict[str, float]:
    arms: dict[int, set[str]] = {}
    for customer, arm in Decision.objects.of_experiment(experiment.key).values_list(
        "customer", "arm"
    ):
        arms.setdefault(customer, set()).add(arm)
    bought = set(Event.objects.filter(kind="purchase").values_list("customer", flat=True))
    shares = {}
    for key in ("arm-0", "arm-1"):
        own = [customer for customer, met in arms.items() if met == {key}]
        shares[key] = sum(customer in bought for customer in own) / len(own)
    return shares
