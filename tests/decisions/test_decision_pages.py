"""The decision log's pages: readable, narrowed as the experiments' figures need."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from guidance.catalog.models import Product
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.decisions.models import Decision, Outcome

Make = Callable[..., Any]
LOG = "/admin/decisions/decision/"
OUTCOMES = "/admin/decisions/outcome/"


def _listed(client: Client, url: str) -> set[Any]:
    answer = client.get(url)
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_a_decisions_page_shows_items_reasons_propensities_and_outcomes(
    desk: Callable[..., Client], decide: Make, happen: Make
) -> None:
    Product.objects.create(sku="cup", title="Tea cup")
    decision = decide(
        source="replay",
        items=[
            {"sku": "tea", "position": 1, "reason": "You bought cups", "propensity": 0.625},
            {"sku": "cup", "position": 2, "reason": "Popular now", "propensity": 0.25},
            {"sku": "gone", "position": 3, "reason": "", "propensity": 0.125},
        ],
    )
    happen("impression", decision)
    happen("click", decision, minutes=1)
    happen("purchase", decision, minutes=2, quantity=3)
    page = desk(Role.ANALYST).get(f"{LOG}{decision.pk}/change/")
    text = page.content.decode()
    for said in ("Replay", "You bought cups", "0.625", "Tea cup", "gone", "4.50"):
        assert said in text
    first, second, gone = page.context["items"]
    assert (first["is_seen"], first["is_clicked"], first["is_bought"]) == (True, True, True)
    assert (second["is_seen"], second["is_bought"]) == (False, False)
    assert gone["product"] is None
    assert len(page.context["purchases"]) == 1


def test_an_event_that_does_not_count_says_why(
    desk: Callable[..., Client], decide: Make, happen: Make
) -> None:
    decision = decide()
    happen("impression", decision)
    happen("click", decision, customer=Customer.objects.create(ref="stranger"))
    happen("click", decision, minutes=24 * 60 + 1)
    happen("click", decision, minutes=-10)
    happen("click", decision, source="replay")
    page = desk(Role.ANALYST).get(f"{LOG}{decision.pk}/change/")
    refusals = {row.refusal for row in page.context["outcomes"]}
    assert refusals == {
        "",
        "another shopper's",
        "too late",
        "before the decision",
        "other traffic",
    }
    counted = {row.event.pk for row in page.context["outcomes"] if not row.refusal}
    assert counted == {outcome.pk for outcome in Outcome.objects.counted()}


def test_a_decision_page_takes_the_same_queries_at_any_size(
    desk: Callable[..., Client], decide: Make, happen: Make, django_assert_max_num_queries: Any
) -> None:
    decision = decide(items=[{"sku": f"s{n}", "position": n} for n in range(100)])
    for number in range(100):
        happen("impression", decision, product=Product.objects.create(sku=f"s{number}"))
    client = desk(Role.ANALYST)
    with django_assert_max_num_queries(12):
        client.get(f"{LOG}{decision.pk}/change/")


def test_an_address_that_is_no_decision_is_not_found(
    desk: Callable[..., Client], decide: Make
) -> None:
    client = desk(Role.ANALYST)
    assert client.get(f"{LOG}not-an-id/change/").status_code == 404
    assert client.get(f"{LOG}0198f2aa-0000-7000-8000-000000000000/change/").status_code == 404
    decision = decide()
    assert desk(Role.MARKETER).get(f"{LOG}{decision.pk}/change/").status_code == 403


@pytest.fixture
def tested(decide: Make, happen: Make) -> dict[str, Decision]:
    """Five decisions of an experiment and one beside it."""
    both, nobody = Customer.objects.create(ref="both"), None
    made = {
        "first": decide(experiment="x", arm="a"),
        "later": decide(experiment="x", arm="a", minutes=60, fallback_from="model: deadline"),
        "both_a": decide(experiment="x", arm="a", customer=both),
        "both_b": decide(experiment="x", arm="b", customer=both),
        "nobody": decide(experiment="x", arm="b", customer=nobody),
        "beside": decide(),
    }
    happen("impression", made["first"])
    happen("click", made["first"], minutes=1)
    happen("click", made["later"], minutes=1)
    happen("impression", made["both_a"])
    happen("purchase", made["first"], minutes=30)
    return made


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("experiment=x", {"first", "later", "both_a", "both_b", "nobody"}),
        ("experiment=x&arm=a", {"first", "later", "both_a"}),
        ("experiment=y", set()),
        ("outcome=seen", {"first", "both_a"}),
        ("outcome=unseen", {"later", "both_b", "nobody", "beside"}),
        ("outcome=clicked", {"first"}),
        ("outcome=blind_click", {"later"}),
        ("outcome=converted", {"first", "beside"}),
        ("outcome=stood_in", {"later"}),
        ("shoppers=one_arm", {"first", "later"}),
        ("shoppers=several_arms", {"both_a", "both_b"}),
        ("shoppers=first", {"first"}),
        ("shoppers=nobody", {"nobody"}),
        ("experiment=x&arm=a&shoppers=one_arm&outcome=seen", {"first"}),
    ],
)
def test_the_log_narrows_to_what_a_figure_counted(
    desk: Callable[..., Client], tested: dict[str, Decision], query: str, expected: set[str]
) -> None:
    listed = _listed(desk(Role.ANALYST), f"{LOG}?{query}")
    assert listed == {tested[name].pk for name in expected}


def test_outcomes_narrow_to_what_a_figure_counted(
    desk: Callable[..., Client], tested: dict[str, Decision], happen: Make
) -> None:
    late = happen("impression", tested["first"], minutes=2000)
    client = desk(Role.ANALYST)
    of_a = f"{OUTCOMES}?experiment=x&arm=a"
    assert len(_listed(client, of_a)) == 5
    assert _listed(client, f"{of_a}&counted=no") == {late.pk}
    assert len(_listed(client, f"{of_a}&counted=yes&kind__exact=impression")) == 2
    assert len(_listed(client, f"{of_a}&counted=one_arm&kind__exact=impression")) == 1
    assert len(_listed(client, f"{OUTCOMES}?arm=b")) == 0
