"""The dashboard: its numbers are those of the raw rows, its cards those of the person."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from guidance.behaviour.models import DayRollup, Event, Source
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.console.dashboard import wording
from guidance.content.models import ReviewTask
from guidance.core.models import Job, Market, User
from guidance.core.roles import Role
from guidance.decisions.models import Decision
from guidance.training.models import ModelVersion
from tests import factories
from tests.console.dashboard_traffic import make_traffic

pytestmark = pytest.mark.django_db
CARDS = {
    "decisions": "arms-title",
    "behaviour": "revenue-title",
    "models": "quality-title",
    "campaigns": "campaigns-title",
    "controls": "period-title",
}
SEES = {
    Role.MERCHANDISER: {"decisions", "behaviour", "models", "controls"},
    Role.MARKETER: {"behaviour", "campaigns", "controls"},
    Role.ANALYST: {"decisions", "behaviour", "models", "campaigns", "controls"},
    Role.SUPPORT_AGENT: set(),
    Role.COMPLIANCE: {"decisions", "campaigns", "controls"},
    Role.ADMINISTRATOR: set(CARDS),
}


def _dashboard(client: Client, query: str = "") -> tuple[dict[str, Any], str]:
    answer = client.get(f"/admin/{query}")
    assert answer.status_code == 200
    page = answer.content.decode()
    return answer.context["dashboard"], re.sub(r"\s+", " ", page)


def _metrics(dashboard: dict[str, Any]) -> dict[str, Any]:
    return {metric.key: metric for metric, _sparkline in dashboard["metrics"]}


def _waiting(client: Client) -> dict[str, Any]:
    return {one.key: one for one in _dashboard(client)[0]["waiting"]}


@pytest.mark.parametrize("role", Role)
def test_each_card_is_for_those_with_the_permission(
    desk: Callable[..., Client], role: Role
) -> None:
    _context, page = _dashboard(desk(role))
    assert {card for card, title in CARDS.items() if f'id="{title}"' in page} == SEES[role]
    assert ("plotly.min.js" in page) == bool(SEES[role])


def test_nobody_asks_the_database_for_cards_they_may_not_see(desk: Callable[..., Client]) -> None:
    client = desk(Role.SUPPORT_AGENT)
    with CaptureQueriesContext(connection) as captured:
        client.get("/admin/")
    asked = " ".join(query["sql"] for query in captured)
    for table in ("rollup", "content_draft", "training_", "campaigns_", "core_job"):
        assert table not in asked


def test_nothing_waits_in_an_empty_shop_and_nothing_is_called_zero(
    desk: Callable[..., Client],
) -> None:
    dashboard, page = _dashboard(desk(Role.ADMINISTRATOR))
    assert "Nothing waits for you" in page
    assert [metric.value for metric in _metrics(dashboard).values()] == [None] * 4
    assert page.count("not measured") == 4
    assert "data-figure" not in page
    for said in ("No purchases in these days", "No searches were reported", "No model has been"):
        assert said in page


def test_what_waits_is_counted_and_leads_to_exactly_that(desk: Callable[..., Client]) -> None:
    task = ReviewTask.objects.create(fact_key="price", count=2)
    for given in (
        {},
        {"blocking_findings": 1},
        {"is_stale": True, "task": task},
        {"is_stale": True, "task": task},
    ):
        factories.draft(**given)
    factories.missing_facts()
    factories.training_run(job=factories.job(status=Job.Status.RUNNING))
    _version()
    _version(status=ModelVersion.Status.RETIRED)
    factories.job(status=Job.Status.FAILED, finished_at=timezone.now())
    factories.job(status=Job.Status.FAILED, finished_at=timezone.now() - timedelta(days=9))
    factories.failure()
    factories.experiment()
    started = {"approved_at": timezone.now(), "started_at": timezone.now()}
    factories.experiment(status="stopped", stop_cause="guardrail", **started)
    factories.experiment(status="running", is_against_advice=True, decision="keep", **started)
    client = desk(Role.ADMINISTRATOR)
    waiting = _waiting(client)
    assert {key.split("-")[0]: one.count for key, one in waiting.items()} == {
        "drafts": 4,
        "stale": 2,
        "task": 2,
        "missing": 1,
        "runs": 1,
        "candidates": 1,
        "failed": 1,
        "experiments": 1,
    }
    asked = {"experiments-decision", "experiments-second", "experiments-approval"}
    assert asked <= set(waiting)
    assert "1 stopped by a guardrail" in waiting["experiments-decision"].hint
    assert {"failed-jobs", "failed-tasks"} <= set(waiting)
    assert "1 with a failed check" in waiting["drafts"].hint
    for one in waiting.values():
        listed = client.get(one.url)
        assert listed.status_code == 200, one.url
        assert listed.context["cl"].queryset.count() == one.count, one.key


def test_work_waits_only_for_those_who_can_do_it(desk: Callable[..., Client]) -> None:
    factories.draft()
    _version()
    factories.failure()
    keys = {role: set(_waiting(desk(role))) for role in Role}
    assert keys[Role.MERCHANDISER] == {"drafts"}
    assert keys[Role.ANALYST] == {"candidates"}
    assert keys[Role.MARKETER] == keys[Role.SUPPORT_AGENT] == set()
    assert keys[Role.ADMINISTRATOR] == {"drafts", "candidates", "failed-tasks"}


def _brute_force(source: str, days: int) -> dict[str, Any]:
    """Count outcomes from the raw rows, one by one."""
    since = (timezone.now() - timedelta(days=days - 1)).replace(hour=0, minute=0, second=0)
    events = [e for e in Event.objects.filter(source=source) if e.occurred_at >= since]
    named = {kind: Counter() for kind in Event.Kind.values}
    for event in Event.objects.filter(source=source).exclude(decision=None):
        named[event.kind][event.decision] += 1
    decisions = list(Decision.objects.filter(source=source).order_by("at"))
    seen = {d.pk for d in decisions if named["impression"][d.pk]}
    recent = {d.pk for d in decisions if d.at >= since}
    credited = set()
    for sold in Event.objects.filter(source=source, kind="purchase"):
        before = [
            d.pk
            for d in decisions
            if d.customer_id == sold.customer_id
            and d.pk in seen
            and timedelta(0) <= sold.occurred_at - d.at <= timedelta(hours=24)
        ]
        credited |= set(before[-1:])
    ratings = [e.rating for e in Event.objects.filter(kind="rating") if e.decision in recent]
    worth = Counter()
    for event in events:
        if event.kind in {"purchase", "return"}:
            sign = 1 if event.kind == "purchase" else -1
            worth[event.product_id] += sign * event.quantity * event.price
    return {
        "seen": len(seen & recent),
        "clicked": len({pk for pk in seen & recent if named["click"][pk]}),
        "converted": len(credited & recent),
        "ratings": ratings,
        "revenue": sum(worth.values(), Decimal(0)),
        "orders": len({e.basket for e in events if e.kind == "purchase"}),
        "kinds": Counter(e.kind for e in events),
        "best": [pk for pk, value in worth.most_common(10) if value > 0],
        "phrases": Counter(e.text for e in events if e.kind == "search"),
        "in_vain": Counter(e.text for e in events if e.kind == "search" and not e.result_count),
    }


@pytest.mark.parametrize(("source", "query"), [("live", ""), ("replay", "&traffic=replay")])
def test_the_numbers_are_those_of_the_raw_rows(
    desk: Callable[..., Client], source: str, query: str
) -> None:
    make_traffic(1, source=Source.LIVE)
    make_traffic(2, source=Source.REPLAY, a_day=5)
    truth = _brute_force(source, 7)
    dashboard, page = _dashboard(desk(Role.ADMINISTRATOR), f"?days=7{query}")
    metrics, ratings = _metrics(dashboard), truth["ratings"]
    assert metrics["ctr"].counts == f"{truth['clicked']} of {truth['seen']}"
    assert metrics["ctr"].value == wording.share(truth["clicked"] / truth["seen"])
    assert metrics["conversion"].counts == f"{truth['converted']} of {truth['seen']}"
    assert truth["converted"] > 0
    assert metrics["satisfaction"].counts == f"{len(ratings)} ratings"
    assert metrics["satisfaction"].value == wording.stars(sum(ratings) / len(ratings))
    assert metrics["revenue"].value == wording.money(truth["revenue"], "USD")
    assert metrics["revenue"].counts.startswith(f"{truth['orders']} orders on ")
    for metric in metrics.values():
        assert metric.value in page
        assert metric.counts in page
        assert str(metric.unit) in page
    kinds = truth["kinds"]
    steps = [count for _label, count in dashboard["shopping_funnel"].steps]
    assert steps == [kinds["view"], kinds["cart"], kinds["purchase"]]
    assert [row.url for row in dashboard["products"]] == [
        f"/admin/catalog/product/{pk}/change/" for pk in truth["best"]
    ]
    searches = dashboard["searches"]
    assert {row.phrase: row.searches for row in searches.top} == truth["phrases"]
    assert {row.phrase: row.without_results for row in searches.in_vain} == truth["in_vain"]


def test_the_figures_draw_each_arm_and_leave_gaps_where_nothing_was_counted(
    desk: Callable[..., Client],
) -> None:
    make_traffic(3, days=3)
    dashboard, _page = _dashboard(desk(Role.ANALYST), "?days=7")
    drawn = {ratio.key: figure for ratio, figure in dashboard["ratio_figures"]}
    assert set(drawn) == {"ctr", "conversion", "satisfaction"}
    lines = {line["name"]: line for line in drawn["ctr"]["data"]}
    assert set(lines) == {"control", "treatment", "outside experiments"}
    for line in lines.values():
        assert len(line["x"]) == len(line["y"]) == 7
        assert line["y"][0] is None
        counted = [pair for pair in line["customdata"] if pair[1]]
        assert [y for y in line["y"] if y is not None] == [top / seen for top, seen in counted]
    rows = {row.name: row for row in dashboard["arms"]}
    served = Decision.objects.filter(arm="control").count()
    assert rows["home-test · control"].served == str(served)


def test_a_shop_without_views_and_impressions_is_told_so(desk: Callable[..., Client]) -> None:
    """As the real shop: purchases and returns, decisions served, nothing else reported."""
    factories.decision()
    factories.event(kind=Event.Kind.PURCHASE, price="5.00", source=Source.IMPORT, basket="1")
    _mark_and_roll_up()
    dashboard, _page = _dashboard(desk(Role.ANALYST))
    metrics = _metrics(dashboard)
    assert [metrics[key].value for key in ("ctr", "conversion", "satisfaction")] == [None] * 3
    assert "1 decisions were served, but no impression was reported" in metrics["ctr"].reason
    assert metrics["revenue"].value == "$5.00"
    assert dashboard["shopping_funnel"].figure is None
    assert dashboard["shopping_funnel"].missing == ["product views", "put into a cart"]
    assert dashboard["ratio_figures"] == []


def test_conversion_is_not_measured_where_no_purchase_is_reported(
    desk: Callable[..., Client],
) -> None:
    seen = factories.decision()
    factories.event(kind=Event.Kind.IMPRESSION, decision=seen.pk, customer=seen.customer)
    _mark_and_roll_up()
    metrics = _metrics(_dashboard(desk(Role.ANALYST))[0])
    assert metrics["ctr"].value == "0.0%"
    assert metrics["ctr"].counts == "0 of 1"
    assert (metrics["conversion"].value, metrics["revenue"].value) == (None, None)
    assert "No purchases were reported" in metrics["conversion"].reason


def test_replayed_traffic_is_outside_every_live_figure_and_marked(
    desk: Callable[..., Client],
) -> None:
    make_traffic(4, days=3, source=Source.REPLAY)
    client = desk(Role.ADMINISTRATOR)
    live, live_page = _dashboard(client)
    assert [metric.value for metric in _metrics(live).values()] == [None] * 4
    assert "data-replay" not in live_page
    assert "Replayed traffic has some" in live_page
    replayed, page = _dashboard(client, live["other_traffic"])
    assert _metrics(replayed)["ctr"].value is not None
    assert "data-replay" in page


def test_figures_are_compared_with_the_days_before(desk: Callable[..., Client]) -> None:
    now = timezone.now()
    for days_ago, clicks in ((10, 20), (2, 60)):
        for place in range(100):
            made = factories.decision(at=now - timedelta(days=days_ago))
            same = {"decision": made.pk, "customer": made.customer, "occurred_at": made.at}
            factories.event(kind=Event.Kind.IMPRESSION, **same)
            if place < clicks:
                factories.event(kind=Event.Kind.CLICK, **same)
    _mark_and_roll_up()
    change = _metrics(_dashboard(desk(Role.ANALYST), "?days=7")[0])["ctr"].change
    assert (change.text, change.before) == ("+40.00 points", "20.0%")
    assert (change.direction, change.certainty) == ("up", "clear")


def test_a_sum_over_few_days_is_not_compared_with_one_over_many(
    desk: Callable[..., Client],
) -> None:
    now = timezone.now()
    for days_ago in (1, 8, 9, 10, 11):
        at = now - timedelta(days=days_ago)
        factories.event(kind=Event.Kind.PURCHASE, price="5", occurred_at=at)
    _mark_and_roll_up()
    revenue = _metrics(_dashboard(desk(Role.ANALYST), "?days=7")[0])["revenue"]
    assert "1 of 7 days" in revenue.counts
    assert revenue.change is None


@pytest.mark.parametrize("query", ["?start=nonsense", "?days=1000", "?end=9999-99-99&traffic=x"])
def test_an_address_that_makes_no_sense_is_answered_with_a_message(
    desk: Callable[..., Client], query: str
) -> None:
    dashboard, page = _dashboard(desk(Role.ANALYST), query)
    assert dashboard["period"].days == 28
    assert 'role="alert"' in page


def test_days_are_the_shops_own(desk: Callable[..., Client]) -> None:
    """Somewhere it is always tomorrow: the shop's time zone says which day is today."""
    client = desk(Role.ANALYST)
    Market.objects.create(key="m", name="M", is_default=True, time_zone="Pacific/Kiritimati")
    ahead = _dashboard(client)[0]["today"]
    Market.objects.update(time_zone="Pacific/Niue")
    assert ahead > _dashboard(client)[0]["today"]


def test_money_and_numbers_follow_the_language_and_the_market(
    person: Callable[..., User], client: Client
) -> None:
    Market.objects.create(key="m", name="M", is_default=True, currency="CNY")
    factories.event(kind=Event.Kind.PURCHASE, price="1234567.00", product=factories.product())
    _mark_and_roll_up()
    user = person(Role.ANALYST, language="zh-hans")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    dashboard, _page = _dashboard(client)
    assert _metrics(dashboard)["revenue"].value == "¥1,234,567"
    assert "月" in dashboard["revenue"]["layout"]["xaxis"]["tickformat"]


def test_model_quality_shows_each_version_against_its_best_baseline(
    desk: Callable[..., Client],
) -> None:
    for number, (model, baseline) in enumerate([(0.2, 0.21), (0.25, 0.22)], start=1):
        _version(
            number=number,
            best_baseline="ease",
            status=ModelVersion.Status.RETIRED,
            metrics={
                "model": {"repeats_allowed": {"ndcg@10": model}},
                "ease": {"repeats_allowed": {"ndcg@10": baseline}},
            },
        )
    (quality,) = _dashboard(desk(Role.ANALYST))[0]["quality"]
    assert [line["y"] for line in quality.figure["data"]] == [[0.2, 0.25], [0.21, 0.22]]
    assert [row["model"] for row in quality.rows] == ["0.2500", "0.2000"]


def test_the_page_asks_the_same_number_of_queries_whatever_the_traffic(
    desk: Callable[..., Client],
) -> None:
    client = desk(Role.ADMINISTRATOR)

    def queries(query: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/admin/{query}")
        return len(captured)

    make_traffic(5, days=2, a_day=4)
    factories.draft()
    client.get("/admin/")
    few = queries("")
    make_traffic(6, days=14, a_day=20)
    for _n in range(20):
        factories.draft()
        _version()
        factories.campaign()
    assert queries("") == queries("?days=90") == few
    assert DayRollup.objects.count() > 50


def _version(**given: Any) -> ModelVersion:
    """A version that the gate passed, of a run that is over."""
    run = factories.training_run(job=factories.job(status=Job.Status.SUCCEEDED))
    return factories.model_version(run=run, **given)


def _mark_and_roll_up() -> None:
    """Rows made one by one by the tests' factories bring no marks of their own."""
    moments = Event.objects.values_list("occurred_at", "source")
    mark_days(moments=[*moments, *Decision.objects.values_list("at", "source")])
    advance_rollups()
