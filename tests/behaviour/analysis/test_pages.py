"""The pages of behaviour analysis: who sees them, mistakes named by field, tables, shoppers opened
and audited, saved views."""

import csv
import io
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.behaviour.models import Analysis, DirtyDay, SavedView
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.core.models import AuditEntry, Market
from guidance.core.roles import Role
from guidance.customers.models import Customer
from tests import factories
from tests.behaviour.analysis.conftest import Tell

BASE = "/admin/behaviour/savedview"
MARCH = {"start": "2026-03-01", "end": "2026-03-31"}
STORY = """
    a view 2 10:00
    a search 2 10:01 text=oat_milk found=0
    a cart 2 10:05
    a purchase 2 10:30 price=5 basket=1
    b view 2 10:00
    b purchase 9 10:00 price=7 basket=2
    c view 2 10:00
    """


def _points(client: Client, kind: str, **query: str) -> dict[str, int]:
    """Return every point of an analysis and the number that its button shows, if one."""
    page = client.get(f"{BASE}/analysis/{kind}/", MARCH | query).content.decode()
    buttons = re.findall(r'name="point" value="([^"]+)">([^<]+)<', page)
    return {point: int(text) if text.isdecimal() else -1 for point, text in buttons}


def _open(client: Client, kind: str, point: str, **query: str) -> str:
    answer = client.post(
        f"{BASE}/analysis/{kind}/open/", MARCH | query | {"point": point}, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("kind", Analysis.values)
def test_an_analysis_asks_as_much_for_200_shoppers_as_for_one(
    kind: str, desk: Callable[..., Client], tell: Tell
) -> None:
    client = desk(Role.ANALYST)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(f"{BASE}/analysis/{kind}/", MARCH).status_code == 200
        return len(captured)

    tell(STORY.replace("    b", "    a").replace("    c", "    a"))
    queries()
    at_one = queries()
    tell(
        "\n".join(
            f"s{n} {kind_of} {n % 28 + 1} 1{hour}:00 price=3 text=t{n} found=0"
            for n in range(199)
            for hour, kind_of in enumerate(("view", "search", "cart", "purchase"))
        )
    )
    assert queries() <= at_one


@pytest.mark.parametrize("kind", Analysis.values)
def test_every_point_opens_as_many_shoppers_as_it_shows(
    kind: str, desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    client = desk(Role.ANALYST)
    points = _points(client, kind)
    assert points
    for point, shown in points.items():
        page = _open(client, kind, point)
        found = re.search(r"<strong>(\d+) shoppers?</strong>", page)
        assert found, (point, page)
        rows = len(re.findall(r'<th scope="row">[abc]</th>', page))
        assert rows == int(found[1])
        assert shown in (-1, rows), point


def test_opening_shoppers_is_audited_without_anything_personal(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    client = desk(Role.ANALYST)
    page = _open(client, "searches", next(iter(_points(client, "searches"))))
    assert "oat milk" in page
    (entry,) = AuditEntry.objects.filter(verb="open_shoppers")
    assert entry.actor is not None
    assert entry.details["analysis"] == "searches"
    assert entry.details["query"] == MARCH
    assert entry.details["shoppers"] == 1
    assert entry.details["point"].startswith("phrase-")
    assert "oat" not in str(entry.details)


def test_a_period_up_to_today_is_written_down_with_its_days(
    desk: Callable[..., Client],
) -> None:
    factories.event(kind="view", customer=factories.customer(), occurred_at=timezone.now())

    mark_days(moments=[(timezone.now(), "live")])
    advance_rollups()
    client = desk(Role.ANALYST)
    client.post(f"{BASE}/analysis/funnel/open/", {"days": "28", "point": "reached-0"})
    query = AuditEntry.objects.get(verb="open_shoppers").details["query"]
    assert set(query) >= {"start", "end"}
    assert "days" not in query


def test_what_one_opened_is_shown_to_nobody_else_and_for_a_day(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    mine = desk(Role.ANALYST)
    _open(mine, "funnel", "reached-0")
    entry = AuditEntry.objects.get(verb="open_shoppers")
    address = f"{BASE}/shoppers/{entry.pk}/"
    assert mine.get(address).status_code == 200
    assert desk(Role.MARKETER).get(address).status_code == 403
    assert desk(Role.ADMINISTRATOR).get(address).status_code == 403
    AuditEntry.objects.filter(pk=entry.pk).update(at=timezone.now() - timedelta(days=1, minutes=1))
    again = mine.get(address)
    assert again.status_code == 302
    assert again["Location"].startswith(f"{BASE}/analysis/funnel/")


def test_merchandisers_see_figures_and_open_nobody(desk: Callable[..., Client], tell: Tell) -> None:
    tell(STORY)
    client = desk(Role.MERCHANDISER)
    assert client.get(f"{BASE}/analysis/funnel/", MARCH).status_code == 200
    assert _points(client, "funnel") == {}
    refused = client.post(f"{BASE}/analysis/funnel/open/", MARCH | {"point": "reached-0"})
    assert refused.status_code == 403
    assert not AuditEntry.objects.filter(verb="open_shoppers").exists()


@pytest.mark.parametrize("point", ["", "reached-9", "lost-2", "reached-x", "way-0", "lost--1"])
def test_a_point_that_is_not_there_opens_nobody_and_says_so(
    desk: Callable[..., Client], tell: Tell, point: str
) -> None:
    tell(STORY)
    client = desk(Role.ANALYST)
    for kind in Analysis.values:
        assert "no longer behind that figure" in _open(client, kind, point)
    assert not AuditEntry.objects.filter(verb="open_shoppers").exists()


def test_shoppers_come_by_the_page_and_link_for_those_who_may_see_customers(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell("\n".join(f"s{n:03} view 2 10:00" for n in range(120)))
    page = _open(desk(Role.MARKETER), "funnel", "reached-0")
    assert "Page 1 of 3" in page
    assert page.count("/admin/customers/customer/") >= 50
    analyst = desk(Role.ANALYST)
    _open(analyst, "funnel", "reached-0")
    entry = AuditEntry.objects.filter(verb="open_shoppers").first()
    assert entry is not None
    last = analyst.get(f"{BASE}/shoppers/{entry.pk}/", {"page": "3"}).content.decode()
    assert len(re.findall(r'<th scope="row">s\d+</th>', last)) == 20
    assert "/admin/customers/customer/" not in last


@pytest.mark.parametrize(
    ("kind", "query", "said"),
    [
        ("funnel", {"start": "2026-13-01"}, "From: Enter a valid date."),
        ("funnel", {"start": "2026-03-05", "end": "2026-03-01"}, "From: The first day is after"),
        ("funnel", {"end": "1999-01-01"}, "To: 1999-01-01 is not between"),
        ("paths", {"days": "5"}, "Period: Select a valid choice."),
        ("cohorts", {"market": "gone"}, "Market: gone is gone."),
        ("segments", {"traffic": "none"}, "Traffic: Select a valid choice."),
        ("funnel", {"window": "0"}, "Within days: Ensure this value is greater than"),
        ("funnel", {"step1": "view"}, "Step 2: A funnel has at least two steps."),
        ("funnel", {"step1": "view", "step2": "no"}, "Step 2: Select a valid choice."),
        ("paths", {"steps": "99"}, "How many: Ensure this value is less than"),
        ("paths", {"event": "no"}, "Event: Select a valid choice."),
        ("cohorts", {"unit": "no"}, "By: Select a valid choice."),
        ("searches", {"start": "x\x00"}, "From: Enter a valid date."),
    ],
)
def test_what_an_address_cannot_mean_is_named_with_its_field(
    desk: Callable[..., Client], kind: str, query: dict[str, str], said: str
) -> None:
    page = desk(Role.ANALYST).get(f"{BASE}/analysis/{kind}/", query).content.decode()
    assert said in page
    assert "Correct the fields named above" in page


def test_an_unknown_analysis_is_not_found(desk: Callable[..., Client]) -> None:
    client = desk(Role.ANALYST)
    assert client.get(f"{BASE}/analysis/nothing/").status_code == 404
    assert client.post(f"{BASE}/analysis/nothing/open/").status_code == 404


@pytest.mark.parametrize("kind", Analysis.values)
def test_an_empty_page_says_what_to_do(kind: str, desk: Callable[..., Client], tell: Tell) -> None:
    client = desk(Role.ANALYST)
    page = client.get(f"{BASE}/analysis/{kind}/").content.decode()
    assert "sg-insight-empty" in page
    assert "Show the last year" not in page
    tell(STORY)
    page = client.get(f"{BASE}/analysis/{kind}/").content.decode()
    assert "Show the last year" in page
    offered = re.search(r'href="\?([^"]+)">Show the last year', page)
    assert offered
    address = offered[1].replace("&amp;", "&")
    assert (
        'class="sg-insight-table"'
        in client.get(f"{BASE}/analysis/{kind}/?{address}").content.decode()
    )


def test_days_that_are_still_counted_are_said_to_be(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    client = desk(Role.ANALYST)
    said = "still being counted"
    assert said not in client.get(f"{BASE}/analysis/funnel/", MARCH).content.decode()

    DirtyDay.objects.create(day="2026-03-05", source="live")
    assert said in client.get(f"{BASE}/analysis/funnel/", MARCH).content.decode()


def test_the_csv_holds_every_row_and_no_formula(desk: Callable[..., Client], tell: Tell) -> None:
    tell("\n".join(f"s{n} search 2 10:00 text==cmd|{n} found=0" for n in range(60)))
    client = desk(Role.ANALYST)
    page = client.get(f"{BASE}/analysis/searches/", MARCH).content.decode()
    assert "And 10 more rows in the CSV." in page
    answer = client.get(f"{BASE}/analysis/searches/table.csv", MARCH | {"table": "phrases"})
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:2] == ["phrase", "times"]
    assert len(rows) == 61
    assert all(row[0].startswith("'=cmd|") for row in rows[1:])
    assert client.get(f"{BASE}/analysis/searches/table.csv", {"days": "x"}).status_code == 404


def test_a_view_is_saved_found_shared_renamed_and_deleted(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    mine, other = desk(Role.ANALYST), desk(Role.MARKETER)
    asked = {"days": "90", "step1": "view", "step2": "purchase", "window": "3", "market": "us"}
    said = mine.post(f"{BASE}/analysis/funnel/save/", asked | {"name": " Spring "}, follow=True)
    assert "Saved as “Spring”." in said.content.decode()
    view = SavedView.objects.get()
    assert (view.name, view.is_shared, view.market) == ("Spring", False, "us")
    assert view.query == {"days": "90", "step1": "view", "step2": "purchase", "window": "3"}
    listed = mine.get(f"{BASE}/").content.decode()
    (address,) = re.findall(r'class="sg-view" href="([^"]+)"', listed)
    opened = mine.get(address.replace("&amp;", "&")).content.decode()
    assert 'value="purchase" selected' in opened
    assert "Spring" not in other.get(f"{BASE}/").content.decode()
    assert other.get(f"{BASE}/{view.pk}/change/").status_code == 302
    mine.post(f"{BASE}/{view.pk}/change/", {"name": "Summer", "is_shared": "on"})
    assert "Summer" in other.get(f"{BASE}/").content.decode()
    assert other.get(f"{BASE}/{view.pk}/change/").status_code == 200
    assert other.post(f"{BASE}/{view.pk}/change/", {"name": "Mine"}).status_code == 403
    assert other.post(f"{BASE}/{view.pk}/delete/", {"post": "yes"}).status_code == 403
    assert mine.post(f"{BASE}/{view.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not SavedView.objects.exists()
    verbs = AuditEntry.objects.order_by("at").values_list("verb", flat=True)
    assert [verb for verb in verbs if verb.endswith("_view")] == [
        "save_view",
        "change_view",
        "delete_view",
    ]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "Give the view a name."),
        ({"name": "Taken"}, "You have a saved view of this name already."),
        ({"name": "x" * 101}, "at most 100 characters"),
        ({"name": "New", "start": "never"}, "From: Enter a valid date."),
    ],
)
def test_a_view_that_cannot_be_saved_says_why(
    desk: Callable[..., Client], fields: dict[str, str], said: str
) -> None:
    client = desk(Role.ANALYST)
    client.post(f"{BASE}/analysis/paths/save/", {"name": "Taken"})
    answer = client.post(f"{BASE}/analysis/paths/save/", fields, follow=True)
    assert said in answer.content.decode()
    assert SavedView.objects.count() == 1


def test_a_view_of_a_deleted_market_says_so_and_shows_nothing(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    market = Market.objects.create(key="de", name="DE", language="de", time_zone="Europe/Berlin")
    client = desk(Role.ANALYST)
    client.post(f"{BASE}/analysis/funnel/save/", {"name": "Germany", "market": "de"})
    assert "is gone" not in client.get(f"{BASE}/").content.decode()
    market.delete()
    listed = client.get(f"{BASE}/").content.decode()
    assert "de is gone: the view shows nothing" in listed
    (address,) = re.findall(r'class="sg-view" href="([^"]+)"', listed)
    page = client.get(address.replace("&amp;", "&")).content.decode()
    assert "Market: de is gone." in page
    assert "sg-insight-table" not in page


def test_a_figure_that_grew_since_it_was_opened_says_so(
    desk: Callable[..., Client], tell: Tell
) -> None:
    tell(STORY)
    client = desk(Role.ANALYST)
    _open(client, "funnel", "reached-0")
    entry = AuditEntry.objects.get(verb="open_shoppers")
    tell("d view 3 10:00")
    page = client.get(f"{BASE}/shoppers/{entry.pk}/").content.decode()
    assert "There were 3 then" in page
    assert "<strong>4 shoppers</strong>" in page
    assert Customer.objects.count() == 4
