"""Every figure of every kind of metric opens rows that add up to it, to the last digit."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guidance.behaviour.services.rollups import advance_rollups
from guidance.core.models import AuditEntry
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers, mark_customers
from guidance.decisions.models import Decision
from guidance.experiments.behind_page import shopper_page
from guidance.experiments.metrics import READY_MADE
from guidance.experiments.models import Experiment, Metric
from guidance.experiments.samples import RatioSample
from guidance.experiments.selectors import metrics_of
from guidance.experiments.selectors.addends import (
    decisions_behind,
    events_behind,
    sums_of,
)
from guidance.experiments.selectors.behind import PER_PAGE, Behind
from guidance.experiments.statistics import NotMeasured
from guidance.experiments.wording import value_text
from tests import factories
from tests.experiments.conftest import Visit, start
from tests.experiments.counted import counted_report as report

PAGES = "/admin/experiments/experiment/"
EXPOSED, PURCHASE = {"denominator": "exposed"}, {"event_kinds": ["purchase"]}
OWN: dict[str, dict[str, Any]] = {
    "bought-of-seers": {"kind": "proportion", "denominator": "saw", **PURCHASE},
    "seen-any": {"kind": "proportion", "counted": "seen", **EXPOSED},
    "pieces": {"kind": "mean", "worth": "quantity", "cap": Decimal(3), **PURCHASE},
    "clicks-mean": {"kind": "mean", "counted": "clicks", "cap": Decimal(1), **EXPOSED},
    "netted": {"kind": "revenue", "worth": "money", "returns_days": 9, **PURCHASE},
    "capped-money": {"kind": "revenue", "worth": "money", "cap": Decimal(20), **PURCHASE},
    "returned": {
        "kind": "ratio", "event_kinds": ["return"], "worth": "quantity", "denominator": "events",
        "base_kinds": ["purchase"],
    },
    "fallbacks": {"kind": "ratio", "counted": "stood_in", "denominator": "served"},
    "spent-p60": {"kind": "quantile", "worth": "money", "quantile": Decimal("0.6"), **PURCHASE},
    "spent-of-seers": {
        "kind": "quantile", "worth": "money", "quantile": Decimal("0.5"), "denominator": "saw",
        **PURCHASE,
    },
    "slow": {
        "kind": "quantile", "counted": "latency_us", "denominator": "timed",
        "quantile": Decimal("0.7"), "time_zone": "Asia/Shanghai",
    },
}  # fmt: skip
KEYS = [*(one["key"] for one in READY_MADE), *OWN]


@pytest.fixture
def experiment(db: None) -> Experiment:
    for key, told in OWN.items():
        metric = Metric(key=key, name=key.capitalize(), **told)
        metric.full_clean()
        metric.save()
    return start(also_measured=[key for key in KEYS if key not in {"ctr", "satisfaction"}])


@pytest.fixture
def traffic(experiment: Experiment, visit: Visit) -> Experiment:
    """Twenty shoppers an arm who see, click, rate, buy and return; some are left out."""
    at = timezone.now() - timedelta(days=30)
    Experiment.objects.update(started_at=at)
    tea, cup = factories.product(), factories.product()
    for number in range(20):
        for arm in ("baseline", "model"):
            shown = visit(
                f"{arm}-{number}",
                arm,
                at=at + timedelta(hours=number),
                seen=number % 3,
                clicks=number % 4,
                rating=1 + number % 5 if number % 7 == 0 else None,
                latency_ms=10 + 3.7 * number,
                fallback_from="model: late" if number % 9 == 0 else "",
            )
            visit(f"{arm}-{number}", arm, at=at + timedelta(days=2), seen=1, latency_ms=33.25)
            told = {"customer": shown.customer, "source": "live"}
            for kind, product, hours, price in (
                ("purchase", tea, 5, "12.34"),
                ("purchase", cup, 50 * (number % 5), "7.01"),
                ("return", tea, 150, None),
                ("unsubscribe", None, 3, None),
                ("complaint", None, 24 * 2, None),
            ):
                if (number + len(kind)) % 3:
                    factories.event(
                        kind=kind,
                        product=product,
                        quantity=1 + number % 4,
                        price=price and Decimal(price),
                        currency="EUR" if number % 11 == 0 else "USD",
                        occurred_at=shown.at + timedelta(hours=hours),
                        **told,
                    )
    visit("model-1", "baseline", at=at)
    staff = Customer.objects.get(ref="model-2")
    exclude_customers(customer_ids=[staff.pk], excluded_as="staff", source="desk")
    return experiment


def test_the_rows_of_every_figure_add_up_to_it(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    found, metrics, client = report(traffic), metrics_of(traffic), desk(Role.ANALYST)
    assert set(metrics) == set(KEYS)
    for arm in found.arms:
        for key, metric in metrics.items():
            behind = Behind(traffic, metric, arm.arm.key)
            totals, told = behind.totals(), arm.metrics[key]
            rows = behind.page(0, only_counted=False, size=1_000)
            if metric.is_quantile:
                assert rows == sorted(rows, key=lambda row: row.top)
                assert rows[totals.place - 1].top == totals.exact
                assert totals.value == arm.samples[key].mean
            else:
                top, bottom = sum(row.top for row in rows), sum(row.bottom for row in rows)
                assert totals.top == pytest.approx(top)
                assert totals.bottom == bottom
                assert totals.value == arm.samples[key].mean, key
            assert totals.rows == len(rows) > 0
            assert totals.counted == len(behind.page(0, only_counted=True, size=1_000))
            assert not isinstance(told, NotMeasured), key
            page = client.get(f"{PAGES}{traffic.pk}/rows/{arm.arm.key}/{key}/")
            assert value_text(metric, arm.samples[key].mean) in page.context["sums"], key


def test_decisions_made_since_the_last_count_are_not_among_the_rows(
    traffic: Experiment,
) -> None:
    [arm] = [one for one in report(traffic).arms if one.arm.key == "model"]
    behind = Behind(traffic, metrics_of(traffic)["slow"], "model")
    before, rows = behind.totals(), behind.page(0, only_counted=False, size=1_000)
    known = Decision.objects.get(pk=rows[0].key).customer
    for latency in (1.0, 9_000.0, 9_000.0):
        factories.decision(
            customer=known, experiment=traffic.key, arm="model", source="live", latency_ms=latency
        )
    assert (behind.totals(), behind.page(0, only_counted=False, size=1_000)) == (before, rows)
    assert before.value == arm.samples["slow"].mean
    report(traffic)
    assert behind.totals().rows == before.rows + 3


def test_what_one_shopper_adds_is_made_of_their_events_or_decisions(traffic: Experiment) -> None:
    report(traffic)
    for key, metric in metrics_of(traffic).items():
        behind = Behind(traffic, metric, "model")
        if behind.is_of_decisions:
            continue
        find = events_behind if metric.is_over_events else decisions_behind
        for row in behind.page(0, only_counted=False):
            top, bottom = sums_of(find(behind, row.customer_id))
            if metric.kind == "proportion":
                top = float(top > 0)
            most = float(metric.cap) if metric.cap is not None else top
            assert row == behind.of_shopper(row.customer_id)
            assert row.top == pytest.approx(min(top, most)), key
            assert metric.is_of_shoppers or row.bottom == bottom, key


def test_nobody_but_who_counts_in_the_arm_is_among_the_rows(traffic: Experiment) -> None:
    report(traffic)
    names = {}
    for arm in ("model", "baseline"):
        behind = Behind(traffic, metrics_of(traffic)["conversion"], arm)
        keys = {row.customer_id for row in behind.page(0, only_counted=False, size=1_000)}
        names[arm] = set(Customer.objects.filter(pk__in=keys).values_list("ref", flat=True))
    assert names["model"] == {f"model-{n}" for n in range(20)} - {"model-1", "model-2"}
    assert names["baseline"] == {f"baseline-{n}" for n in range(20)}


def test_a_page_takes_the_same_statements_at_any_size(
    traffic: Experiment,
    visit: Visit,
    desk: Callable[..., Client],
    django_assert_max_num_queries: Any,
) -> None:
    report(traffic)
    client = desk(Role.ANALYST)
    for key in ("netted", "ctr", "slow"):
        address = f"{PAGES}{traffic.pk}/rows/model/{key}/?all=1"
        client.get(address)
        with django_assert_max_num_queries(14):
            assert client.get(address).context["number"] == 1
    for number in range(2 * PER_PAGE):
        visit(f"more-{number}", "model", seen=1)
    for key in ("netted", "slow"):
        address = f"{PAGES}{traffic.pk}/rows/model/{key}/?all=1"
        with django_assert_max_num_queries(14):
            page = client.get(f"{address}&page=2")
        assert len(page.context["lines"]) == PER_PAGE
        assert page.context["lines"][0].place == PER_PAGE + 1
    page = client.get(f"{PAGES}{traffic.pk}/rows/model/slow/?all=1&page=999")
    assert page.context["number"] == page.context["pages"]
    assert "page=" in page.context["figure_page"]


def test_shoppers_have_no_name_until_somebody_who_may_opens_them(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    report(traffic)
    address = f"{PAGES}{traffic.pk}/rows/model/conversion/"
    ada = desk(Role.ANALYST, "ada")
    page = ada.get(address)
    assert not any(line.url for line in page.context["lines"])
    assert "model-3" not in page.content.decode()
    somebody = Customer.objects.get(ref="model-3")
    assert ada.get(f"{address}?shopper={somebody.pk}").status_code == 403
    assert not AuditEntry.objects.filter(verb="open_figure_shoppers").exists()
    opening = f"{PAGES}{traffic.pk}/open/model/conversion/"
    opened = ada.post(opening, follow=True)
    assert "model-3" in opened.content.decode()
    entry = AuditEntry.objects.get(verb="open_figure_shoppers")
    assert (entry.actor.username, entry.details["arm"]) == ("ada", "model")
    assert entry.details["metric"] == "conversion v1"
    shopper = next(line.url for line in opened.context["lines"])
    assert "model-" in ada.get(f"{address}{shopper}").content.decode()
    other = ada.get(f"{PAGES}{traffic.pk}/rows/baseline/conversion/?opened={entry.pk}")
    assert "baseline-3" not in other.content.decode()
    mia = desk(Role.MERCHANDISER, "mia")
    assert "model-3" not in mia.get(f"{address}?opened={entry.pk}").content.decode()
    AuditEntry.objects.filter(pk=entry.pk).update(at=timezone.now() - timedelta(days=2))
    assert "model-3" not in ada.get(f"{address}?opened={entry.pk}").content.decode()
    assert ada.get(f"{PAGES}{traffic.pk}/rows/model/nothing/").status_code == 404
    assert ada.get(f"{PAGES}{traffic.pk}/rows/nobody/conversion/").status_code == 404


def test_a_metric_of_no_row_says_so(experiment: Experiment, desk: Callable[..., Client]) -> None:
    page = desk(Role.ANALYST).get(f"{PAGES}{experiment.pk}/rows/model/slow/")
    assert "no row is in this figure" in page.content.decode()
    client = desk(Role.ANALYST)
    opened = client.post(f"{PAGES}{experiment.pk}/open/model/ctr/").headers["Location"]
    page = client.get(f"{opened}&shopper=9")
    assert "not in the figure" in page.content.decode()


def test_rows_of_money_are_what_they_add_up_to_in_whole_cents(
    experiment: Experiment, visit: Visit
) -> None:
    Experiment.objects.update(started_at=timezone.now() - timedelta(days=30))
    visit("c1", "model")
    who = Customer.objects.get(ref="c1")
    at = Decision.objects.get(customer=who).at + timedelta(hours=1)
    for price in ("0.10", "0.20", "0.30"):
        factories.event(
            customer=who, kind="purchase", price=Decimal(price), currency="USD", occurred_at=at
        )
    mark_customers(customer_ids=[who.pk])
    advance_rollups()
    told = shopper_page(
        Behind(experiment, metrics_of(experiment)["revenue"], "model"), who.pk, opened=""
    )
    assert len(told["rows"]) == 3
    assert not told["is_changed"]


def test_the_ready_made_ratio_is_measured_by_its_own_rows(traffic: Experiment) -> None:
    [model] = [arm for arm in report(traffic).arms if arm.arm.key == "model"]
    sample = model.samples["return"]
    assert isinstance(sample, RatioSample)
    totals = Behind(traffic, metrics_of(traffic)["return"], "model").totals()
    assert (totals.top, totals.bottom, totals.rows) == (
        sample.numerator,
        sample.denominator,
        sample.n,
    )
