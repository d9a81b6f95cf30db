"""What is kept of shoppers is written where it differs, by one connection or by two."""

from datetime import timedelta
from threading import get_ident
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.customers.models import Customer
from guidance.experiments.models import (
    ArmDay,
    Experiment,
    Metric,
    MetricDay,
    Unit,
    UnitTime,
    UnitValue,
)
from guidance.experiments.services import recount_experiment
from guidance.experiments.services.counting import count_customers
from tests.experiments.conftest import Visit, start
from tests.experiments.counted import count_everybody

ALSO = ["revenue", "purchases", "latency", "slowest"]
OF_SHOPPERS = (Unit, UnitValue, UnitTime)


@pytest.fixture
def experiment(db: None) -> Experiment:
    Metric.objects.create(
        key="slowest",
        name="slowest",
        kind="quantile",
        counted="latency_us",
        denominator="timed",
        quantile="0.75",
    )
    return start(also_measured=ALSO)


@pytest.fixture
def shoppers(experiment: Experiment, visit: Visit) -> list[str]:
    refs = [f"c{n}" for n in range(9)]
    for n, ref in enumerate(refs):
        visit(
            ref,
            "model" if n % 2 else "baseline",
            at=timezone.now() - timedelta(days=20 + n),
            seen=1 + n % 3,
            clicks=n % 2,
            rating=n % 5 + 1,
            buys_after_hours=5 if n % 3 else None,
            latency_ms=10.0 + n,
        )
    count_everybody()
    return refs


def _kept(*, keys: bool = False) -> list[Any]:
    """Return all rows that are kept, in order; without their own keys, which a recount may make
    anew."""
    values = UnitValue.objects.order_by("unit__customer", "metric")
    times = UnitTime.objects.order_by("unit__customer", "bucket")
    tables = [
        Unit.objects.order_by("customer").values(),
        values.values("unit__customer", "metric", "total", "base", "pk"),
        times.values("unit__customer", "bucket", "found", "pk"),
        ArmDay.objects.order_by("arm", "day").values(),
        MetricDay.objects.order_by("metric", "arm", "day").values(),
    ]
    return [
        {name: value for name, value in row.items() if keys or name not in {"id", "pk"}}
        for table in tables
        for row in table
    ]


def _written(queries: CaptureQueriesContext) -> list[str]:
    """Return the statements that write rows of shoppers."""
    names = tuple(f'{model._meta.db_table}"' for model in OF_SHOPPERS)
    names += tuple(f"{model._meta.db_table} " for model in OF_SHOPPERS)
    return [
        query["sql"]
        for query in queries.captured_queries
        if query["sql"].startswith(("UPDATE", "DELETE")) and any(n in query["sql"] for n in names)
    ]


def test_who_did_nothing_that_counts_keeps_every_row(shoppers: list[str]) -> None:
    before = _kept(keys=True)
    assert len(before) > 40
    with CaptureQueriesContext(
        connection,
    ) as queries:
        count_customers(list(Customer.objects.values_list("pk", flat=True)))
    assert _written(queries) == []
    list(recount_experiment(experiment=Experiment.objects.get(), again=True))
    of_shoppers = [model.objects.count() for model in OF_SHOPPERS]
    assert _kept(keys=True)[: sum(of_shoppers)] == before[: sum(of_shoppers)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda: Unit.objects.filter(customer__ref="c1").update(clicked=77),
        lambda: Unit.objects.filter(customer__ref="c1").update(arm="baseline"),
        lambda: UnitValue.objects.filter(unit__customer__ref="c1").update(total=77),
        lambda: UnitValue.objects.filter(unit__customer__ref="c1").delete(),
        lambda: UnitTime.objects.filter(unit__customer__ref="c1").update(bucket=77),
        lambda: UnitTime.objects.filter(unit__customer__ref="c1").delete(),
        lambda: Unit.objects.filter(customer__ref="c1").delete(),
    ],
)
def test_whatever_differs_is_put_right(shoppers: list[str], spoil: Any) -> None:
    right = _kept()
    spoil()
    assert _kept() != right
    list(recount_experiment(experiment=Experiment.objects.get(), again=True, at_once=4))
    assert _kept() == right


def test_a_shopper_without_a_decision_now_is_kept_no_longer(shoppers: list[str]) -> None:
    gone = Customer.objects.get(ref="c1")
    gone.decisions.all().delete()
    count_customers([gone.pk])
    assert not Unit.objects.filter(customer=gone).exists()
    assert not UnitTime.objects.filter(unit__customer=gone).exists()
    assert Unit.objects.count() == len(shoppers) - 1
    assert sum(ArmDay.objects.values_list("shoppers", flat=True)) == len(shoppers) - 1


@pytest.mark.django_db(transaction=True)
def test_two_connections_count_what_one_does(shoppers: list[str]) -> None:
    """In a caller's transaction one counts alone; outside of any, PostgreSQL gives each its own."""
    experiment = Experiment.objects.get()
    Unit.objects.all().delete()
    with transaction.atomic():
        list(recount_experiment(experiment=experiment, again=True))
    alone = _kept()
    Unit.objects.all().delete()
    opened: set[int] = set()

    def note(**_told: Any) -> None:
        opened.add(get_ident())

    connection_created.connect(note)
    try:
        assert list(recount_experiment(experiment=experiment, again=True, at_once=4))[-1] == 1
    finally:
        connection_created.disconnect(note)
    assert bool(opened - {get_ident()}) == (connection.vendor == "postgresql")
    assert _kept() == alone
    assert Unit.objects.count() == len(shoppers)
