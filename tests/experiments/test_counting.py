"""Sums kept say what decisions and events say, however they were brought there."""

import random
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db.models import Count, Q, Sum
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.services.bulk import store_events
from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.customers.services import mark_customers, merge_customer
from guidance.decisions.models import Decision
from guidance.experiments.histograms import RESOLUTION, Histogram
from guidance.experiments.models import (
    ArmDay,
    Experiment,
    Metric,
    MetricBucket,
    MetricDay,
    Recount,
    ZoneDay,
)
from guidance.experiments.samples import (
    MeanSample,
    ProportionSample,
    QuantileSample,
    RatioSample,
    Sample,
)
from guidance.experiments.selectors import decisions_of, report
from guidance.experiments.services import recount_experiment
from guidance.experiments.services.counting import count_customers
from tests.experiments.conftest import Visit, start
from tests.experiments.counted import count_everybody
from tests.factories import product

QUANTILES: dict[str, dict[str, Any]] = {
    "spent-p80": {
        "event_kinds": ["purchase"],
        "worth": "money",
        "currency": "USD",
        "quantile": "0.8",
    },
    "views-median": {
        "event_kinds": ["view", "click"],
        "denominator": "saw",
        "quantile": "0.5",
        "time_zone": "Asia/Shanghai",
    },
    "slowest": {"counted": "latency_us", "denominator": "timed", "quantile": "0.75"},
}
EVERY_METRIC = [
    *("revenue", "purchases", "return", "unsubscribe", "latency", "thumbs-up"),
    *("pieces-in-auckland", "clicks-in-auckland"),
    *QUANTILES,
]


@pytest.fixture
def experiment(db: None) -> Experiment:
    there = {"time_zone": "Pacific/Auckland"}
    pieces = {"kind": "mean", "event_kinds": ["purchase"], "worth": "quantity", **there}
    clicks = {"kind": "ratio", "counted": "clicked", "denominator": "seen", **there}
    told_of = {key: {"kind": "quantile", **told} for key, told in QUANTILES.items()}
    told_of |= {"pieces-in-auckland": pieces, "clicks-in-auckland": clicks}
    for key, told in told_of.items():
        metric = Metric(key=key, name=key, **told)
        metric.full_clean()
        metric.save()
    return start(also_measured=EVERY_METRIC)


def _days() -> tuple[list[tuple], ...]:
    arms = ArmDay.objects.order_by("experiment", "left_out", "arm", "day")
    metrics = MetricDay.objects.order_by("experiment", "metric", "arm", "day")
    buckets = MetricBucket.objects.order_by("experiment", "metric", "arm", "day", "bucket")
    zones = ZoneDay.objects.order_by("experiment", "zone", "arm", "day")
    return (
        [tuple(row.values()) for row in arms.values() if row.pop("id")],
        [tuple(row.values()) for row in metrics.values() if row.pop("id")],
        [tuple(row.values()) for row in buckets.values() if row.pop("id")],
        [tuple(row.values()) for row in zones.values() if row.pop("id")],
    )


def _traffic(experiment: Experiment, seed: int, shoppers: int = 40) -> Iterator[list[Any]]:
    """Write random visits, purchases, returns and ratings; yield who was touched, a step at a
    time."""
    chance = random.Random(seed)
    things = [product() for _n in range(3)]
    people = [Customer.objects.create(ref=f"r{seed}-{n}") for n in range(shoppers)]
    begin = timezone.now() - timedelta(days=40)
    for person in people + chance.sample(people, shoppers // 2):
        at = begin + timedelta(hours=chance.uniform(0, 900))
        arm = chance.choice(["model", "baseline"]) if chance.random() < 0.1 else ""
        shown = Decision.objects.create(
            customer=person,
            surface="home",
            policy="popularity",
            experiment=experiment.key,
            arm=arm or ("model" if person.pk % 2 else "baseline"),
            at=at,
            met_as=chance.choice([None, None, 1_000_001, 1_000_002]),
            latency_ms=chance.uniform(0, 200),
            fallback_from=chance.choice(["", "", "model: late"]),
        )
        kinds = chance.choices(
            ["impression", "click", "rating", "purchase", "return", "unsubscribe", "view"], k=6
        )
        store_events(
            events=[
                Event(
                    id=new_id(),
                    kind=kind,
                    customer=chance.choice(people) if chance.random() < 0.05 else person,
                    product=chance.choice(things),
                    decision=shown.pk if kind in {"impression", "click", "rating"} else None,
                    occurred_at=at + timedelta(hours=chance.choice([-1, 0, 1, 23, 30, 200, 500])),
                    quantity=chance.randint(1, 3),
                    price=Decimal(chance.randint(0, 99_999)) / 100,
                    currency=chance.choice(["", "USD", "EUR"]),
                    rating=chance.randint(1, 5) if kind == "rating" else None,
                )
                for kind in kinds
            ]
        )
        mark_customers(customer_ids=[person.pk])
        yield [person.pk]


def _oracle(experiment: Experiment, arm: str) -> dict[str, Sample]:
    """Count the three metrics of old shopper by shopper, decision by decision."""
    rows = (
        decisions_of(experiment)
        .filter(arm=arm)
        .in_one_arm()
        .with_outcomes()
        .with_counts()
        .order_by()
        .values("customer")
        .annotate(
            saw=Count("pk", filter=Q(is_seen=True)),
            clicked=Count("pk", filter=Q(is_clicked=True)),
            rated=Sum("ratings"),
            stars=Sum("rating_sum"),
        )
    )
    first = decisions_of(experiment).filter(arm=arm).in_one_arm().exposures()
    return {
        "ctr": RatioSample.of((row["clicked"], row["saw"]) for row in rows),
        "satisfaction": RatioSample.of(((r["stars"], r["rated"]) for r in rows), cases=False),
        "conversion": ProportionSample(first.count(), first.converted().count()),
    }


def test_the_sums_say_what_the_rows_say(experiment: Experiment) -> None:
    for _touched in _traffic(experiment, seed=1):
        advance_rollups()
    found = report(experiment)
    for arm in found.arms:
        for key, sample in _oracle(experiment, arm.arm.key).items():
            assert arm.samples[key] == sample, key
        assert arm.samples["conversion"].mean > 0
    assert found.exclusions.shoppers_in_several_arms > 0
    assert found.exclusions.events_not_counted > 0
    assert found.exclusions.decisions_before_login > 0


def _values_of(experiment: Experiment, arm: str) -> dict[str, list[list[float]]]:
    """Return each shopper's values of the three quantile metrics, from the rows."""
    rows = decisions_of(experiment).filter(arm=arm).in_one_arm()
    values: dict[str, list[list[float]]] = {key: [] for key in QUANTILES}
    for customer in set(rows.values_list("customer", flat=True)):
        own = rows.filter(customer=customer)
        first = min(own.values_list("at", flat=True))
        events = Event.objects.filter(
            customer=customer, occurred_at__range=(first, first + timedelta(days=7))
        )
        bought = events.filter(kind="purchase", currency__in=["", "USD"])
        spent = sum(float(one.price or 0) * one.quantity for one in bought)
        values["spent-p80"].append([spent])
        if own.with_outcomes().filter(is_seen=True).exists():
            looked = events.filter(kind__in=["view", "click"]).count()
            values["views-median"].append([float(looked)])
        values["slowest"].append([one.latency_ms for one in own])
    return values


def test_quantiles_are_those_of_the_rows(experiment: Experiment) -> None:
    for _touched in _traffic(experiment, seed=5, shoppers=60):
        pass
    advance_rollups()
    for arm in report(experiment).arms:
        for key, units in _values_of(experiment, arm.arm.key).items():
            sample, oracle = arm.samples[key], Histogram.of(units)
            nu = float(QUANTILES[key]["quantile"])
            assert isinstance(sample, QuantileSample)
            exact = np.quantile([v for unit in units for v in unit], nu, method="inverted_cdf")
            assert sample.value == pytest.approx(exact, rel=RESOLUTION, abs=1e-9)
            assert sample == oracle.sample(nu)


def test_a_report_from_sums_is_the_one_counted_from_the_rows(experiment: Experiment) -> None:
    for _touched in _traffic(experiment, seed=2):
        pass
    advance_rollups()
    kept, raw = report(experiment), report(experiment, as_of=timezone.now())
    assert [arm.samples for arm in kept.arms] == [arm.samples for arm in raw.arms]
    assert [arm.total for arm in kept.arms] == [arm.total for arm in raw.arms]
    assert kept.exclusions == raw.exclusions
    assert (kept.first_exposure, kept.last_exposure) == (raw.first_exposure, raw.last_exposure)
    assert [arm.lately for arm in kept.arms] == [arm.lately for arm in raw.arms]
    assert all(isinstance(arm.samples["revenue"], MeanSample) for arm in kept.arms)


def test_step_by_step_at_once_and_from_the_beginning_give_the_same_digits(
    experiment: Experiment,
) -> None:
    for _touched in _traffic(experiment, seed=3):
        advance_rollups()
    step_by_step = _days()
    assert len(step_by_step[1]) > 20
    assert len(step_by_step[2]) > 60
    assert len(step_by_step[3]) > 40
    count_everybody()
    assert _days() == step_by_step
    ArmDay.objects.all().delete()
    MetricDay.objects.all().delete()
    MetricBucket.objects.all().delete()
    ZoneDay.objects.all().delete()
    shares = list(recount_experiment(experiment=experiment))
    assert shares[-1] == 1
    assert _days() == step_by_step


def test_a_recount_that_was_stopped_goes_on_and_meanwhile_rows_come_in(
    experiment: Experiment,
) -> None:
    traffic = _traffic(experiment, seed=4)
    for _n in range(40):
        next(traffic)
    advance_rollups()
    next(recount_experiment(experiment=experiment, at_once=7))
    assert report(experiment).is_recounting
    after = Recount.objects.get().after_customer
    for _touched in traffic:
        advance_rollups()
    goes_on = recount_experiment(experiment=experiment, at_once=7)
    next(goes_on)
    assert Recount.objects.get().after_customer == after + 7
    list(goes_on)
    assert not report(experiment).is_recounting
    counted = _days()
    list(recount_experiment(experiment=experiment, again=True))
    assert _days() == counted
    count_everybody()
    assert _days() == counted


def test_a_visitor_who_logs_in_is_one_shopper(experiment: Experiment, visit: Visit) -> None:
    visit("browser", "model", seen=1)
    visit("member", "model", seen=1, buys_after_hours=1)
    assert report(experiment).shoppers == 2
    Customer.objects.filter(ref="browser").update(is_anonymous=True)
    merge_customer(anonymous_ref="browser", customer_ref="member")
    advance_rollups()
    found = report(experiment)
    assert found.shoppers == 1
    assert found.arms[1].total.seen == 1
    assert found.exclusions.decisions_before_login == 1


def test_a_strangers_event_is_counted_out_once_it_came(
    experiment: Experiment, visit: Visit
) -> None:
    shown = visit("c1", "model", seen=1)
    stranger = Customer.objects.create(ref="stranger")
    visit("c2", "model")
    event = Event.objects.get(kind="impression")
    event.pk, event.customer = new_id(), stranger
    store_events(events=[event])
    advance_rollups()
    found = report(experiment)
    assert found.exclusions.events_not_counted == 1
    assert found.arms[1].total.impressions == 1
    assert event.decision == shown.pk


def test_revenue_nets_the_returns_of_what_was_bought_in_the_window(
    experiment: Experiment, visit: Visit
) -> None:
    at = timezone.now() - timedelta(days=60)
    visit("c1", "model", at=at)
    person, bought, other = Customer.objects.get(ref="c1"), product(), product()

    def happens(kind: str, thing: Any, days: float, price: str, currency: str = "USD") -> None:
        moment = at + timedelta(days=days)
        event = Event(kind=kind, customer=person, product=thing, occurred_at=moment)
        event.price, event.currency, event.quantity = Decimal(price), currency, 2
        store_events(events=[event])

    happens("purchase", bought, 1, "10.01")
    happens("purchase", bought, 2, "500", currency="EUR")  # another currency
    happens("purchase", other, 3, "30")
    happens("purchase", other, 8, "70")  # after the window
    happens("return", bought, 20, "10.01")
    happens("return", product(), 21, "70")  # never bought
    happens("return", bought, 38, "1")  # after the days for returns
    advance_rollups()
    assert report(experiment).arms[1].samples["revenue"].total == 60


@pytest.mark.parametrize(
    ("returned", "net"),
    [
        ({"price": None}, "20.00"),  # the last purchase's price
        ({"price": Decimal("0.01")}, "20.00"),  # whatever the return says
        ({"price": None, "basket": "first"}, "24.00"),  # of the basket that it names
        ({"price": None, "quantity": 2}, "10.00"),
        ({"price": None, "currency": "EUR"}, "30.00"),  # paid in what is not counted
    ],
)
def test_what_is_returned_is_valued_at_what_was_paid(
    experiment: Experiment, visit: Visit, returned: dict[str, Any], net: str
) -> None:
    at = timezone.now() - timedelta(days=60)
    visit("c1", "model", at=at)
    person, thing = Customer.objects.get(ref="c1"), product()
    bought = [
        ("first", "6.00", "USD"),
        ("second", "14.00", "USD"),
        ("third", "99.00", "EUR"),
        ("fourth", "10.00", "USD"),
    ]
    events = [
        Event(
            kind="purchase", customer=person, product=thing, basket=basket, price=Decimal(price),
            currency=currency, occurred_at=at + timedelta(days=1, hours=hours),
        )
        for hours, (basket, price, currency) in enumerate(bought)
    ]  # fmt: skip
    told = {"currency": "USD", **returned}
    moment = at + timedelta(days=9)
    events.append(Event(kind="return", customer=person, product=thing, occurred_at=moment, **told))
    store_events(events=events)
    advance_rollups()
    assert report(experiment).arms[1].samples["revenue"].total == float(net)


def test_a_shopper_above_the_cap_counts_as_the_cap(db: None) -> None:
    Metric.objects.filter(key="revenue").update(cap=Decimal("50.5"), currency="USD")
    capped = start(also_measured=["revenue"])
    shown = Decision.objects.create(
        customer=Customer.objects.create(ref="rich"),
        surface="home",
        policy="popularity",
        experiment=capped.key,
        arm="model",
        at=timezone.now() - timedelta(days=1),
    )
    event = Event(kind="purchase", customer=shown.customer, product=product())
    event.price, event.occurred_at = Decimal(1_000_000), timezone.now()
    store_events(events=[event])
    mark_customers(customer_ids=[shown.customer_id])
    advance_rollups()
    assert report(capped).arms[1].samples["revenue"].total == 50.5


def test_sums_of_any_size_keep_every_digit(experiment: Experiment, visit: Visit) -> None:
    """Cents squared pass 2^63; the sum of squares holds them to the last digit."""
    visit("c1", "model")
    event = Event(kind="purchase", customer=Customer.objects.get(ref="c1"), product=product())
    event.price, event.quantity = Decimal("99999999.99"), 9
    event.occurred_at = timezone.now() - timedelta(days=29)
    store_events(events=[event])
    advance_rollups()
    [kept] = MetricDay.objects.filter(metric__key="revenue")
    assert kept.total_squares == 89_999_999_991**2


def test_a_latency_that_is_no_time_is_left_out_of_it(experiment: Experiment, visit: Visit) -> None:
    visit("c1", "model", latency_ms=12.3456)
    visit("c2", "model", latency_ms=-1)
    visit("c3", "model", latency_ms=float("inf"))
    arm = report(experiment).arms[1]
    assert (arm.total.served, arm.total.timed) == (3, 1)
    assert arm.samples["latency"].mean == 12.346


def test_counting_nobody_of_no_experiment_changes_nothing(db: None) -> None:
    count_customers([1, 2, 3])
    assert _days() == ([], [], [], [])
