"""What a holdout's report says of a log whose truth is known."""

import csv
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.customers.services import exclude_customers
from guidance.decisions.models import Decision
from guidance.experiments.models import Holdout
from guidance.experiments.selectors.holdouts import Scope, holdout_report
from guidance.experiments.statistics import Comparison, NotMeasured, SampleRatio
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = "/admin/experiments/holdout/"
NOW = timezone.now()
START = NOW - timedelta(days=20)


@pytest.fixture
def holdout() -> Holdout:
    return factories.holdout(key="held", share="0.2", since=START, is_active=True, ended_at=None)


def _shoppers(
    name: str,
    count: int,
    *,
    buyers: int,
    key: str = "",
    surface: str = "home",
    at: datetime = START + timedelta(days=1),
    price: str = "10.00",
    **bought: Any,
) -> None:
    """Have shoppers meet a surface; the first so many buy two of something an hour later."""
    made = Customer.objects.bulk_create(Customer(ref=f"{name}-{n}") for n in range(count))
    Decision.objects.bulk_create(
        Decision(
            customer=one,
            surface=surface,
            policy="popularity" if key else "model",
            experiment=key,
            arm="held-out" if key else "",
            at=at,
        )
        for one in made
    )
    Event.objects.bulk_create(
        Event(
            customer=one,
            kind="purchase",
            quantity=2,
            price=Decimal(price),
            occurred_at=at + timedelta(hours=1),
            **bought,
        )
        for one in made[:buyers]
    )


def _log() -> None:
    _shoppers("held-home", 400, buyers=40, key="held")
    _shoppers("served-home", 1600, buyers=400)
    _shoppers("held-cart", 100, buyers=10, key="held", surface="cart")
    _shoppers("served-cart", 400, buyers=40, surface="cart")


def _scopes(holdout: Holdout) -> dict[str, Scope]:
    return {one.surface: one for one in holdout_report(holdout, START, NOW).scopes}


def test_a_known_log_gives_its_own_truth(holdout: Holdout) -> None:
    _log()
    scopes = _scopes(holdout)
    assert {key: (one.held.shoppers, one.served.shoppers) for key, one in scopes.items()} == {
        "": (500, 2000),
        "home": (400, 1600),
        "cart": (100, 400),
    }
    conversion, revenue = scopes["home"].gains
    assert isinstance(conversion.difference, Comparison)
    assert isinstance(revenue.difference, Comparison)
    assert conversion.difference.value == pytest.approx(400 / 1600 - 40 / 400)
    assert revenue.difference.value == pytest.approx(20 * (400 / 1600 - 40 / 400))
    assert conversion.is_clear
    assert revenue.is_clear
    overall = scopes[""].gains[0].difference
    assert isinstance(overall, Comparison)
    assert overall.value == pytest.approx(440 / 2000 - 50 / 500)
    assert not scopes["cart"].gains[0].is_clear
    assert isinstance(scopes[""].sample_ratio, SampleRatio)
    assert not scopes[""].sample_ratio.is_off


def test_a_share_that_is_not_the_promised_one_is_found(holdout: Holdout) -> None:
    _shoppers("held", 300, buyers=30, key="held")
    _shoppers("served", 800, buyers=80)
    checked = _scopes(holdout)[""].sample_ratio
    assert isinstance(checked, SampleRatio)
    assert checked.is_off


def test_what_lies_outside_counts_nowhere(holdout: Holdout) -> None:
    _shoppers("held", 10, buyers=0, key="held")
    _shoppers("served", 40, buyers=0)
    before = START - timedelta(days=2)
    _shoppers("before", 40, buyers=40, at=before)
    served = Customer.objects.get(ref="served-0")
    factories.decision(customer=served, experiment="held", at=START + timedelta(days=2))
    other = Customer.objects.get(ref="served-1")
    for at in (START, START + timedelta(days=9)):
        factories.event(customer=other, kind="purchase", occurred_at=at, price=5)
    within = START + timedelta(days=2)
    factories.event(customer=other, kind="purchase", occurred_at=within, price=5, currency="XAU")
    factories.event(customer=other, kind="purchase", occurred_at=within, price=5, source="replay")
    found = holdout_report(holdout, before, NOW)
    assert (found.on_both_sides, found.elsewhere, found.since) == (1, 1, START)
    assert (found.scopes[0].held.shoppers, found.scopes[0].served.shoppers) == (10, 39)
    assert found.scopes[0].served.samples["revenue"].total == 0
    assert found.scopes[0].served.samples["conversion"].total == 1


def test_nobody_yet_is_said(holdout: Holdout) -> None:
    [everywhere] = holdout_report(holdout, START, NOW).scopes
    assert all(isinstance(gain.difference, NotMeasured) for gain in everywhere.gains)
    assert isinstance(everywhere.sample_ratio, NotMeasured)


def test_the_report_takes_three_statements_at_any_size(
    holdout: Holdout, django_assert_num_queries: Any
) -> None:
    _log()
    with django_assert_num_queries(3):
        holdout_report(holdout, START, NOW)


def test_as_of_a_past_moment_it_is_the_report_of_that_moment(
    holdout: Holdout, desk: Callable[..., Client]
) -> None:
    _log()
    then = timezone.now()
    found = holdout_report(holdout, START, NOW, as_of=then)
    assert found.scopes == holdout_report(holdout, START, NOW).scopes
    _shoppers("later", 50, buyers=50)
    bought = START + timedelta(days=1, hours=2)
    for who in Customer.objects.filter(ref__startswith="held-home")[300:]:
        factories.event(customer=who, kind="purchase", price=1, occurred_at=bought)
    staff = Customer.objects.get(ref="served-home-1")
    exclude_customers(customer_ids=[staff.pk], excluded_as="staff", source="desk")
    assert holdout_report(holdout, START, NOW, as_of=then) == found
    assert holdout_report(holdout, START, NOW).scopes[0].served.shoppers == 2000 + 50 - 1
    assert not holdout_report(holdout, START, NOW, as_of=START).scopes[0].held.shoppers
    client, address = desk(Role.ANALYST), f"{PAGES}{holdout.pk}/report"
    today = timezone.localdate().isoformat()
    text = client.get(f"{address}/", {"as_of": today}).content.decode()
    assert "decisions made and events received by then" in text
    assert f"&amp;as_of={today}" in text
    assert client.get(f"{address}.csv", {"as_of": "soon"}).status_code == 400
    past = client.get(f"{address}.csv", {"as_of": "2020-02-29"}).content.decode()
    assert "no_units" in past


def test_the_page_says_it_in_plain_words(holdout: Holdout, desk: Callable[..., Client]) -> None:
    client = desk(Role.ANALYST)
    address = f"{PAGES}{holdout.pk}/report/"
    assert "Nobody met a surface in these days" in client.get(address).content.decode()
    _log()
    text = client.get(address).content.decode()
    assert "home: models and tests raise conversion:" in text
    assert "+15.0 points" in text
    assert "cart: the data cannot tell yet whether" in text
    assert "The share is as promised" in text
    day = (NOW - timedelta(days=3)).date().isoformat()
    later = client.get(address, {"from": day}).content.decode()
    assert "Nobody met a surface in these days" in later
    for wrong in ({"from": "yesterday"}, {"from": day, "to": "2020-01-01"}):
        answer = client.get(address, wrong, follow=True)
        assert answer.redirect_chain
        assert "sg-experiment" in answer.content.decode()


def test_the_csv_holds_the_unrounded_figures(holdout: Holdout, desk: Callable[..., Client]) -> None:
    _log()
    answer = desk(Role.ANALYST).get(f"{PAGES}{holdout.pk}/report.csv")
    rows = list(csv.DictReader(answer.content.decode().splitlines()))
    home = next(row for row in rows if row["surface"] == "home" and row["metric"] == "conversion")
    assert (home["held out"], home["served"]) == ("400", "1600")
    assert float(home["difference"]) == pytest.approx(0.15)
    wrong = desk(Role.ANALYST).get(f"{PAGES}{holdout.pk}/report.csv", {"from": "?"})
    assert wrong.status_code == 400
