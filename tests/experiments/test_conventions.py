"""What a figure is counted in is frozen with its plan: currency, days, who is left out by then."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, connections, transaction
from django.http import QueryDict
from django.test import Client, override_settings
from django.utils import timezone

from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.models import Market
from guidance.core.roles import Role
from guidance.core.settled import settled_moment
from guidance.customers.models import Customer
from guidance.customers.rows import CustomerRow
from guidance.customers.services import exclude_customers, upsert_customers
from guidance.experiments.defined import definition_of
from guidance.experiments.models import Experiment, Metric, MetricDay, ZoneDay
from guidance.experiments.pages import read_as_of
from guidance.experiments.samples import MeanSample
from guidance.experiments.selectors import Trouble, metrics_of, report
from guidance.experiments.selectors.unfolding import unfold
from guidance.experiments.services import decide_experiment, reopen_experiment
from guidance.experiments.services.counting import count_customers
from guidance.experiments.services.lifecycle import approve_experiment
from tests import factories
from tests.experiments.conftest import Visit, draft, start
from tests.experiments.counted import count_everybody

PAGE = "/admin/experiments/metric/"
# Eleven at night in London, seven in the morning of the next day in Shanghai.
LATE = datetime(2026, 3, 10, 23, tzinfo=UTC)


@pytest.fixture
def market(db: None) -> Market:
    return factories.market(is_default=True, currency="GBP", time_zone="Europe/London")


def _there(**told: object) -> Metric:
    given = {"kind": "mean", "event_kinds": ["purchase"], "time_zone": "Asia/Shanghai", **told}
    metric = Metric(key="there", name="There", **given)
    metric.full_clean()
    metric.save()
    return metric


def _met(running: Experiment, at: datetime, arm: str = "model") -> None:
    made = factories.decision(surface="home", experiment=running.key, arm=arm, at=at)
    factories.event(customer=made.customer, kind="purchase", occurred_at=at + timedelta(hours=1))
    count_customers([made.customer_id])


def test_a_metrics_days_begin_in_its_own_zone(market: Market) -> None:
    metric = _there()
    running = start(also_measured=["there", "purchases"])
    for arm in ("model", "baseline"):
        _met(running, LATE, arm)
        _met(running, LATE - timedelta(hours=12), arm)
    own = MetricDay.objects.filter(metric=metric, arm="model").values_list("day", "total")
    assert sorted(own) == [(date(2026, 3, 10), 1), (date(2026, 3, 11), 1)]
    others = MetricDay.objects.filter(metric__key="purchases", arm="model")
    assert sorted(others.values_list("day", "total")) == [(date(2026, 3, 10), 2)]
    shoppers = ZoneDay.objects.filter(arm="model").values_list("zone", "day", "shoppers")
    assert sorted(shoppers) == [
        ("Asia/Shanghai", date(2026, 3, 10), 1),
        ("Asia/Shanghai", date(2026, 3, 11), 1),
    ]
    curves = unfold(running, metrics_of(running))
    assert [point.shoppers for point in curves["there"][0].points] == [2, 4]
    assert [point.shoppers for point in curves["purchases"][0].points] == [4, 4]
    kept, raw = report(running), report(running, as_of=timezone.now())
    assert [arm.samples for arm in kept.arms] == [arm.samples for arm in raw.arms]
    assert kept.arms[1].samples["there"] == MeanSample(2, 2, 2)


def test_a_metrics_zone_is_told_with_its_number_and_checked(
    market: Market, desk: Callable[..., Client]
) -> None:
    metric = _there()
    assert "days of Asia/Shanghai" in definition_of(metric)
    running = start(also_measured=["there"])
    page = desk(Role.ANALYST).get(f"/admin/experiments/experiment/{running.pk}/change/")
    said = {row.title: row.definition for row in page.context["rows"]}
    assert "days of Asia/Shanghai" in said["There"]
    assert "days of Europe/London" in said["Conversion"]
    metric.time_zone = "Moon/Tycho"
    with pytest.raises(ValidationError):
        metric.full_clean()
    form = desk(Role.ANALYST).get(f"{PAGE}{metric.pk}/change/").content.decode()
    assert 'name="time_zone"' in form


def test_the_currency_and_zone_of_a_plan_are_those_of_its_approval(market: Market) -> None:
    running = start(also_measured=["revenue"])
    Market.objects.update(currency="EUR", time_zone="Asia/Tokyo")
    running.refresh_from_db()
    revenue = metrics_of(running)["revenue"]
    assert (revenue.currency, revenue.time_zone) == ("GBP", "Europe/London")
    made = factories.decision(surface="home", experiment=running.key, arm="model", at=LATE)
    for currency, price in (("GBP", "2.50"), ("EUR", "70"), ("", "1")):
        factories.event(
            customer=made.customer, kind="purchase", currency=currency, price=Decimal(price),
            occurred_at=LATE + timedelta(hours=1),
        )  # fmt: skip
    count_everybody()
    found = report(running)
    assert found.arms[1].samples["revenue"].total == 3.5
    assert MetricDay.objects.get(metric=revenue).day == date(2026, 3, 10)
    assert Trouble.CHANGED not in {problem.trouble for problem in found.problems}
    running.currency = "EUR"
    running.save()
    assert Trouble.CHANGED in {problem.trouble for problem in report(running).problems}
    written = draft(key="next", also_measured=["revenue"])
    assert metrics_of(written)["revenue"].currency == "EUR"
    approved = approve_experiment(experiment=written, actor=None)
    assert (approved.currency, approved.frozen["time_zone"]) == ("EUR", "Asia/Tokyo")
    assert reopen_experiment(experiment=approved, actor=None).currency == ""


def test_a_past_report_leaves_out_who_was_known_as_staff_then(
    experiment: Experiment, visit: Visit
) -> None:
    for ref in ("anna", "ben", "cleo"):
        visit(ref, "model")
    anna, ben = Customer.objects.get(ref="anna"), Customer.objects.get(ref="ben")
    exclude_customers(customer_ids=[ben.pk], excluded_as="bot", source="rule")
    first = timezone.now()
    upsert_customers(rows=[CustomerRow(ref="anna", excluded_as="staff")], source="test")
    exclude_customers(customer_ids=[ben.pk], excluded_as="", source="desk")
    advance_rollups()
    for as_of, shoppers, staff, scripts in ((first, 2, 0, 1), (timezone.now(), 2, 1, 0)):
        found = report(experiment, as_of=as_of)
        left_out = found.exclusions
        assert (found.shoppers, left_out.staff, left_out.scripts) == (shoppers, staff, scripts)
    assert report(experiment).exclusions.staff == 1
    anna.refresh_from_db()
    assert anna.excluded_at is not None
    assert anna.excluded_at >= first
    Customer.objects.filter(ref="anna").update(excluded_at=None)
    assert report(experiment, as_of=first).exclusions.staff == 1


def test_a_day_asked_for_is_told_as_of_what_is_settled(db: None) -> None:
    today = timezone.localdate(timezone=ZoneInfo("UTC"))
    before = timezone.now()
    assert settled_moment() >= before
    with override_settings(SETTLING_SECONDS=60):
        assert settled_moment() <= timezone.now() - timedelta(seconds=60)
        as_of = read_as_of(QueryDict(f"as_of={today.isoformat()}"))
    assert as_of is not None
    assert as_of <= timezone.now() - timedelta(seconds=60)


def test_a_decision_waits_while_what_is_written_is_too_old(
    experiment: Experiment, person: Callable
) -> None:
    with (
        override_settings(SETTLING_SECONDS=3_600),
        pytest.raises(ValidationError, match="could not be found again"),
    ):
        decide_experiment(
            experiment=experiment,
            verdict="keep",
            reason="We keep what was there.",
            actor=person(Role.ANALYST, "ada"),
        )


@pytest.mark.django_db(transaction=True)
def test_no_moment_is_settled_while_a_transaction_that_began_before_it_is_open() -> None:
    """A row stamped in it would be missing from a report that a later one would have it in."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time; PostgreSQL runs this")
    other = connections.create_connection("default")
    try:
        with transaction.atomic():
            other.set_autocommit(False)
            with other.cursor() as cursor:
                cursor.execute("SELECT clock_timestamp()")
                [began] = cursor.fetchone()
            assert settled_moment() <= began
            other.rollback()
            other.set_autocommit(True)
        assert settled_moment() > began
    finally:
        other.close()
