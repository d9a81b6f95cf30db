"""What the health job computes, against figures worked out by hand, and the page that shows it."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from math import log2
from typing import Any
from urllib.parse import unquote

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.behaviour.days import day_bounds
from guidance.catalog.models import Product
from guidance.core.models import Job
from guidance.core.roles import Role
from guidance.recommendations.health.jobs import refresh_health
from guidance.recommendations.health.models import HealthReport
from guidance.recommendations.health.scope import Scope
from guidance.recommendations.models import Surface
from tests import factories
from tests.recommendations.health_traffic import computed

PAGE = "admin:recommendations_healthreport_changelist"
COMPUTE = "admin:recommendations_healthreport_compute"
CSV = "admin:recommendations_healthreport_table"
SECOND = 1 / log2(3)  # what the second place of a list gives, the first giving 1


def _shop(at: Any) -> tuple[Product, Product]:
    """Two products in every list, the first always above; a third that no list holds."""
    listed = [factories.product(brand=brand) for brand in ("Above", "Below", "Never")]
    Product.objects.update(created_at=at - timedelta(days=400))
    return listed[0], listed[1]


@pytest.fixture
def figures(db: None) -> dict[str, Any]:
    """The watched report of 30 gold, 24 silver and 4 bronze shoppers, one seen list each.

    15 of gold click; of gold and of silver 6 buy what stands first and 6 what stands second.
    """
    at = timezone.now() - timedelta(hours=3)
    above, below = _shop(at)
    items = [
        {"sku": one.sku, "position": n, "score": 0.5} for n, one in enumerate((above, below), 1)
    ]
    factories.surface(key="home")
    for tier, count, clicks, buyers in (
        *(("gold", 30, 15, 12), ("silver", 24, 0, 12), ("bronze", 4, 0, 0)),
    ):
        for n in range(count):
            shopper = factories.customer(tier=tier)
            shown = factories.decision(customer=shopper, items=items, at=at)
            happened = [("impression", above, 1)]
            happened += [("click", above, 2)] if n < clicks else []
            happened += [("purchase", (above, below)[n % 2], 60)] if n < buyers else []
            for kind, product, minutes in happened:
                factories.event(
                    kind=kind,
                    customer=shopper,
                    product=product,
                    occurred_at=at + timedelta(minutes=minutes),
                    decision=None if kind == "purchase" else shown.pk,
                    basket=str(shown.pk) if kind == "purchase" else "",
                )
    return computed()


def test_exposure_over_purchases_is_what_the_lists_gave_over_what_was_wanted(
    figures: dict[str, Any],
) -> None:
    rows = {row["label"]: row for row in figures["exposure"]["brand"]}
    assert set(rows) == {"Above", "Below"}
    assert rows["Above"]["exposure"] == pytest.approx(1 / (1 + SECOND))
    assert (rows["Above"]["purchases"], rows["Below"]["purchases"]) == (12, 12)
    assert rows["Above"]["by_purchases"][0] == pytest.approx(2 / (1 + SECOND))
    assert rows["Below"]["by_purchases"][0] == pytest.approx(2 * SECOND / (1 + SECOND))
    assert rows["Below"]["by_clicks"] is None


def test_coverage_counts_what_may_be_recommended_and_was_shown(figures: dict[str, Any]) -> None:
    evenness = figures["evenness"]
    assert (evenness["recommendable"], evenness["shown"]) == (3, 2)
    assert evenness["coverage"] == pytest.approx(2 / 3)


def test_quality_is_told_by_tier_and_a_small_tier_cannot_be_found_by_subtraction(
    figures: dict[str, Any],
) -> None:
    quality = figures["quality"]["tier"]
    rows = {row["label"]: row for row in quality["rows"]}
    assert {label: row["shoppers"] for label, row in rows.items()} == {"gold": 30, "*": 28}
    assert quality["withheld"] == 2
    assert rows["gold"]["ctr"][0] == pytest.approx(15 / 30)
    assert rows["gold"]["conversion"][0] == pytest.approx(12 / 30)
    assert rows["gold"]["ndcg"][0] == pytest.approx((1 + SECOND) / 2)
    assert rows["*"]["conversion"][0] == pytest.approx(12 / 28)


def test_the_page_shows_the_figures_and_names_no_small_group(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    page = desk(Role.ANALYST).get(reverse(PAGE)).content.decode()
    assert "Above" in page
    assert "gold" in page
    assert "bronze" not in page
    assert "silver" not in page


def test_a_table_comes_as_csv_with_the_ends_of_its_intervals(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    answer = desk(Role.ANALYST).get(reverse(CSV), {"table": "quality-tier"})
    header, *rows = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert answer["Content-Disposition"] == 'attachment; filename="health-quality-tier.csv"'
    assert {len(row) for row in rows} == {len(header)}
    gold = dict(zip(header, next(row for row in rows if row[0] == "gold"), strict=True))
    assert float(gold["CTR, from"]) < float(gold["CTR"]) == 0.5 < float(gold["CTR, to"])
    assert not {"bronze", "silver"} & {row[0] for row in rows}


def test_a_group_of_one_draws_no_figure_and_a_name_is_never_a_formula(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    Product.objects.filter(brand="Above").update(brand="=1+1")
    computed()
    client = desk(Role.ANALYST)
    parts = {
        part.table.key: part
        for section in client.get(reverse(PAGE)).context["sections"]
        for part in section.parts
    }
    assert parts["exposure-brand"].figure is not None
    assert parts["exposure-age"].table.rows
    assert parts["exposure-age"].figure is None
    for part in parts.values():
        columns = [part.table.first, *part.table.columns]
        assert len(set(columns)) == len(columns), "two columns of one name"
    answer = client.get(reverse(CSV), {"table": "exposure-brand"}).content.decode()
    assert "'=1+1" in answer


def test_each_surface_gets_a_report_of_its_own_and_what_is_no_choice_means_the_usual(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)

    def asked(**query: object) -> Any:
        return client.get(reverse(PAGE), query).context

    assert asked(surface="home")["report"].surface == "home"
    assert asked(traffic="replay")["report"] is None
    assert asked(days=7)["report"] is None
    usual = asked(surface="nowhere", days="many", traffic="?", version="?")
    assert usual["report"].surface == ""
    assert usual["scope"].days == 28


def test_a_kept_report_keeps_its_days_and_its_surface_when_that_is_gone(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    kept = HealthReport.objects.get(surface="home")
    kept.last_day -= timedelta(days=5)
    kept.figures["quality"]["tier"] = {"rows": [], "withheld": 0}
    kept.save()
    Surface.objects.filter(key="home").delete()
    client = desk(Role.ANALYST)
    page = client.get(reverse("admin:recommendations_healthreport_change", args=[kept.pk]))
    assert page.context["scope"] == Scope("live", "home", "", 28, kept.last_day)
    assert '<option value="home" selected>' in page.content.decode()
    start, end = (moment.isoformat() for moment in page.context["scope"].bounds)
    asked = QueryDict(page.context["decisions_url"].partition("?")[2]).dict()
    assert (asked["surface"], asked["at__gte"], asked["at__lt"]) == ("home", start, end)
    address = f"{reverse(CSV)}?{page.context['query']}&table=quality-tier"
    assert len(client.get(address).content.splitlines()) == 1, "its own figures"
    job = Job.objects.count()
    client.post(reverse(COMPUTE), page.context["fields"])
    assert Job.objects.count() == job + 1
    assert Job.objects.latest("created_at").params["surface"] == "home"


def test_the_page_by_scope_links_to_the_days_of_its_report(
    figures: dict[str, Any], desk: Callable[..., Client]
) -> None:
    last = timezone.now().date() - timedelta(days=3)
    HealthReport.objects.filter(surface="").update(last_day=last)
    page = desk(Role.ANALYST).get(reverse(PAGE))
    assert page.context["scope"].last == last
    assert day_bounds(last)[1].isoformat() in unquote(page.context["decisions_url"])


@pytest.mark.parametrize("named", ["nothing", "0197f3a0-0000-7000-8000-000000000000"])
def test_a_report_that_is_not_there_is_not_found(desk: Callable[..., Client], named: str) -> None:
    client = desk(Role.ANALYST)
    page = reverse("admin:recommendations_healthreport_change", args=[named])
    assert client.get(page).status_code == 404
    assert client.get(reverse(CSV), {"report": named}).status_code == 404
    assert client.post(reverse(COMPUTE), {"report": named}).status_code == 404
    assert not Job.objects.exists()


def test_nothing_computed_yet_says_so_and_offers_to_compute(desk: Callable[..., Client]) -> None:
    page = desk(Role.ANALYST).get(reverse(PAGE)).content.decode()
    assert "These figures were never computed." in page
    assert "Compute now" in page
    looker = desk(Role.COMPLIANCE).get(reverse(PAGE)).content.decode()
    assert "Compute now" not in looker


def test_a_shop_without_decisions_gets_a_report_that_says_what_is_missing(
    desk: Callable[..., Client],
) -> None:
    assert computed()["exposure"] == {"brand": [], "category": [], "price": [], "age": []}
    page = desk(Role.ANALYST).get(reverse(PAGE)).content.decode()
    assert "No list of the period counts for exposure." in page
    assert "No impressions were reported" in page


def test_computing_twice_asks_for_one_job_and_only_those_who_may(
    desk: Callable[..., Client],
) -> None:
    compute = reverse(COMPUTE)
    assert desk(Role.COMPLIANCE).post(compute).status_code == 403
    client = desk(Role.ANALYST)
    for _press in range(2):
        assert client.post(compute, {"days": 7}).status_code == 302
    assert [job.params["days"] for job in Job.objects.filter(kind="health_report")] == [7]


def test_a_quiet_shop_is_left_alone_and_a_live_one_is_refreshed_once(db: None) -> None:
    assert refresh_health() is False
    factories.decision()
    assert refresh_health() is True
    assert refresh_health() is False
