"""The experiment's pages: every number opens rows that add up to it; changes are POSTs."""

import csv
import html
import io
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.experiments.models import Experiment, Holdout
from guidance.experiments.selectors import current_metrics
from guidance.experiments.services import approve_experiment, open_bandit, save_experiment
from guidance.experiments.statistics import Estimate
from guidance.experiments.table import table_rows
from guidance.experiments.wording import interval_text, value_text
from tests import factories
from tests.experiments.conftest import Visit, draft, start
from tests.experiments.counted import count_everybody
from tests.experiments.counted import counted_report as report

PAGES = "/admin/experiments/experiment/"


@pytest.fixture
def traffic(experiment: Experiment, visit: Visit) -> Experiment:
    """Traffic with every kind of row: seen, clicked, bought, rated, in two arms, nobody's."""
    day = timezone.now() - timedelta(days=20)
    for number in range(12):
        visit(f"m{number}", "model", at=day, seen=3, clicks=number % 2, rating=1 + number % 5)
        visit(f"b{number}", "baseline", at=day, seen=2, clicks=int(number % 4 != 0))
    visit("m0", "model", at=day + timedelta(days=1), fallback_from="model: deadline")
    visit("m1", "model", at=day + timedelta(days=1), clicks=1, buys_after_hours=5)
    visit("b1", "baseline", at=day + timedelta(days=2), buys_after_hours=1)
    visit("both", "model", at=day, seen=3, clicks=1, buys_after_hours=1)
    visit("both", "baseline", at=day, seen=3)
    visit("", "model", at=day)
    stray = visit("m2", "model", at=day, seen=2)
    stray.customer = Customer.objects.create(ref="stranger")
    stray.save()
    count_everybody()
    return experiment


def test_every_count_opens_rows_that_add_up_to_it(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    rows = table_rows(traffic, report(traffic))
    counted = [c for row in rows if not row.is_metric for c in row.cells]
    for cell in counted:
        listed = client.get(cell.url).context["cl"].result_count
        assert cell.text == str(listed), cell.url
    assert len(counted) == 18
    measured = [c for row in rows if row.is_metric for c in row.cells if c.is_measured]
    assert len(measured) == 5
    for cell in measured:
        assert f"= {cell.text}." in client.get(cell.url).context["sums"]
    page = client.get(f"{PAGES}{traffic.pk}/change/")
    for said, number, url in page.context["exclusions"]:
        if said.startswith("shoppers who met"):  # its rows are their decisions, two here
            assert (number, client.get(url).context["cl"].result_count) == (1, 2)
        else:
            assert client.get(url).context["cl"].result_count == number, said
            assert number or said.endswith(("staff", "scripts", "count as the customer"))


def test_the_page_says_health_words_and_what_is_not_measured(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    page = desk(Role.ANALYST).get(f"{PAGES}{traffic.pk}/change/")
    text = page.content.decode()
    assert text.index("Sample ratio") < text.index("What the data say") < text.index("Every figure")
    assert "a fallback answered 1 of 15 decisions" in text
    assert "not measured: no ratings were reported" in text
    assert "Replay: outside every live figure" not in text
    assert page.context["figure"]["data"]
    arms = {trace["y"][0] for trace in page.context["figure"]["data"]}
    assert arms == {"baseline (best baseline)", "model"}


def test_a_replays_page_says_so_and_that_conversion_is_history(
    db: None, desk: Callable[..., Client]
) -> None:
    replayed = start(source="replay", key="replayed")
    text = desk(Role.ANALYST).get(f"{PAGES}{replayed.pk}/change/").content.decode()
    assert "Replay: outside every live figure" in text
    assert "never depend on the arm" in text
    assert "there is nothing to draw" in text


def test_a_lopsided_split_is_the_first_thing_said(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    for number in range(40):
        visit(f"m{number}", "model")
    page = desk(Role.ANALYST).get(f"{PAGES}{experiment.pk}/change/")
    assert page.context["is_split_off"]
    assert "The split is off" in page.content.decode()


def test_the_table_as_csv_holds_the_same_numbers(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    answer = desk(Role.ANALYST).get(f"{PAGES}{traffic.pk}/table.csv")
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode())))
    found = {(row["figure"], row["arm"]): row for row in rows}
    assert found["Shoppers", "model"]["value"] == "13"
    ctr = found["CTR", "baseline"]
    assert float(ctr["value"]) == pytest.approx(9 / 12)
    assert float(ctr["low"]) < 9 / 12 < float(ctr["high"])
    assert found["Satisfaction", "baseline"]["note"].startswith("not measured")
    assert found["CTR: difference", "model"]["value"]


DRAFT = {
    "name": "Home",
    "key": "home",
    "hypothesis": "The model shows more of what shoppers want.",
    "surface": "home",
    "subject": "",
    "source": "live",
    "primary_metric": "ctr",
    "guardrails": ["satisfaction"],
    "smallest_effect": "5",
    "stop_rule": "fixed",
    "horizon_days": "14",
    "horizon_units": "",
    "coverage": "1",
    "seed": "",
    "hash_version": "2",
    "namespace": "",
    "namespace_from": "0",
    "namespace_to": "1",
    "targeting": '{"tier": {"$in": ["gold"]}}',
    "arms-TOTAL_FORMS": "2",
    "arms-INITIAL_FORMS": "0",
    "arms-0-key": "control",
    "arms-0-policy": "best_baseline",
    "arms-0-weight": "0.5",
    "arms-0-position": "0",
    "arms-0-is_control": "on",
    "arms-1-key": "model",
    "arms-1-policy": "model",
    "arms-1-weight": "0.5",
    "arms-1-position": "0",
}


def test_a_draft_is_written_approved_by_another_started_decided_and_taken_back(
    db: None, desk: Callable[..., Client]
) -> None:
    surface = factories.surface(key="home", policy="popularity")
    ada, mia = desk(Role.ANALYST, "ada"), desk(Role.MERCHANDISER, "mia")
    assert ada.post(f"{PAGES}add/", DRAFT).status_code == 302
    experiment = Experiment.objects.get(key="home")
    assert experiment.created_by.username == "ada"
    assert experiment.guardrails == ["satisfaction"]
    assert experiment.arms.count() == 2
    url = f"{PAGES}{experiment.pk}"

    def turn(client: Client, step: str, **data: str) -> str:
        assert client.get(f"{url}/{step}/").status_code == 405
        answer = client.post(f"{url}/{step}/", data, follow=True)
        experiment.refresh_from_db()
        return answer.content.decode()

    page = ada.get(f"{url}/change/")
    assert "/approve/" not in page.content.decode()
    assert "somebody else must approve it" in turn(ada, "approve", seen=page.context["seen"])
    assert "read it again" in turn(mia, "approve", seen="what it said yesterday")
    page = mia.get(f"{url}/change/")
    assert "/approve/" in page.content.decode()
    turn(mia, "approve", seen=page.context["seen"])
    assert (experiment.status, experiment.approved_by.username) == ("approved", "mia")
    late = ada.post(f"{url}/change/", {**DRAFT, "name": "Other"}, follow=True)
    assert "Only a draft can be changed." in late.content.decode()
    assert desk(Role.MARKETER, "max").post(f"{url}/start/").status_code == 403
    turn(ada, "start")
    assert experiment.status == Experiment.Status.RUNNING
    text = turn(ada, "decide", choice="ship:model", reason="I like the model best.")
    assert "holds once a second person confirms" in text
    assert "/confirm/" not in text
    assert "Another decision was proposed" in turn(mia, "confirm", seen="an earlier one")
    page = mia.get(f"{url}/change/")
    text = turn(mia, "confirm", seen=page.context["seen"])
    surface.refresh_from_db()
    assert (experiment.status, surface.policy) == ("decided", "model")
    assert "ada, confirmed by mia" in text
    assert "decided to ship model" in text
    turn(mia, "undo")
    surface.refresh_from_db()
    assert surface.policy == "popularity"
    assert "taken back" in turn(ada, "archive")
    assert experiment.status == Experiment.Status.ARCHIVED


def test_an_approved_draft_can_be_reopened_and_a_running_one_stopped(
    db: None, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    experiment = approve_experiment(experiment=draft(), actor=None)
    client.post(f"{PAGES}{experiment.pk}/reopen/")
    experiment.refresh_from_db()
    assert (experiment.status, experiment.approved_at) == ("draft", None)
    running = start(key="runs")
    client.post(f"{PAGES}{running.pk}/stop/")
    running.refresh_from_db()
    assert (running.status, running.stopped_by.username) == ("stopped", "a-analyst")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"targeting": '{"age": 3}'}, "age: no such attribute"),
        ({"targeting": "{"}, "valid JSON"),
        ({"guardrails": ["ctr"]}, "cannot be a guardrail too"),
        ({"key": "held"}, "A holdout has this key"),
        ({"key": "steps"}, "A bandit has this key"),
        ({"namespace": "n", "namespace_from": "0.6", "namespace_to": "0.5"}, "range must rise"),
        ({"coverage": "1.5"}, "coverage must lie between 0 and 1"),
    ],
)
def test_what_a_draft_cannot_say_is_told_on_its_form(
    db: None, desk: Callable[..., Client], given: dict[str, Any], said: str
) -> None:
    factories.holdout(key="held")
    open_bandit(key="steps", surface="onboarding", arms=["a", "b"], actor=None)
    answer = desk(Role.ANALYST).post(f"{PAGES}add/", {**DRAFT, **given})
    assert said in html.unescape(answer.content.decode())
    assert not Experiment.objects.exists()


def test_a_holdout_with_the_key_of_another_is_refused_on_its_form(
    db: None, desk: Callable[..., Client]
) -> None:
    open_bandit(key="steps", surface="onboarding", arms=["a", "b"], actor=None)
    answer = desk(Role.ANALYST).post(
        "/admin/experiments/holdout/add/", {"key": "steps", "share": "0.05", "seed": ""}
    )
    assert "A bandit has this key" in answer.content.decode()
    assert not Holdout.objects.exists()


def test_what_keeps_a_draft_from_being_approved_is_said_on_its_page(
    db: None, desk: Callable[..., Client]
) -> None:
    bare = save_experiment(experiment=Experiment(key="d", name="D", surface="home"), actor=None)
    client = desk(Role.ANALYST)
    text = client.get(f"{PAGES}{bare.pk}/change/").content.decode()
    assert "An experiment needs two arms with a share." in text
    assert "Choose one primary metric." in text
    assert "/approve/" not in text
    seen = client.get(f"{PAGES}{bare.pk}/change/").context["seen"]
    answer = client.post(f"{PAGES}{bare.pk}/approve/", {"seen": seen}, follow=True)
    assert "Exactly one arm must be the control." in answer.content.decode()


def test_a_report_as_of_a_past_day_says_so_and_opens_no_rows_of_today(
    traffic: Experiment, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    url = f"{PAGES}{traffic.pk}/change/"
    today = timezone.localdate().isoformat()
    page = client.get(url, {"as_of": today})
    assert page.context["report"].shoppers == 25
    assert "decisions made and events received by then" in page.content.decode()
    assert not any(cell.url for row in page.context["rows"] for cell in row.cells)
    assert "/decide/" not in page.content.decode()
    assert "/decide/" in client.get(url).content.decode()
    before = client.get(url, {"as_of": "2020-02-29"})
    assert before.context["report"].shoppers == 0
    table = client.get(f"{PAGES}{traffic.pk}/table.csv", {"as_of": "2020-02-29"})
    assert "Shoppers" in table.content.decode()
    for said in ("2199-01-01", "2020-02-30", "tomorrow", "0001-01-01"):
        assert client.get(url, {"as_of": said}).status_code == 302
        assert client.get(f"{PAGES}{traffic.pk}/table.csv", {"as_of": said}).status_code == 400


def test_a_holdout_is_started_and_ended_through_its_page(
    db: None, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    pages = "/admin/experiments/holdout/"
    assert client.post(f"{pages}add/", {"key": "h", "share": "1.2"}).status_code == 200
    client.post(f"{pages}add/", {"key": "h", "share": "0.05"})
    holdout = Holdout.objects.get()
    again = client.post(f"{pages}add/", {"key": "h2", "share": "0.05"})
    assert "Another holdout runs" in again.content.decode()
    assert "/end/" in client.get(f"{pages}{holdout.pk}/change/").content.decode()
    client.post(f"{pages}{holdout.pk}/end/")
    holdout.refresh_from_db()
    assert (holdout.is_active, holdout.ended_by.username) == (False, "a-analyst")
    assert desk(Role.MARKETER).post(f"{pages}{holdout.pk}/end/").status_code == 403


def test_those_who_may_only_look_neither_start_nor_stop(
    experiment: Experiment, desk: Callable[..., Client]
) -> None:
    client = desk(Role.MARKETER)
    page = client.get(f"{PAGES}{experiment.pk}/change/")
    assert page.status_code == 200
    assert not re.search(r"/stop/", page.content.decode())
    assert client.post(f"{PAGES}{experiment.pk}/stop/").status_code == 403
    assert desk(Role.SUPPORT_AGENT).get(f"{PAGES}{experiment.pk}/change/").status_code == 403
    assert client.get(f"{PAGES}999/change/").status_code == 302


def test_the_page_takes_the_same_queries_at_any_size(
    experiment: Experiment,
    visit: Visit,
    desk: Callable[..., Client],
    django_assert_max_num_queries: Any,
) -> None:
    client = desk(Role.ANALYST)
    for number in range(30):
        visit(f"m{number}", "model", seen=2, clicks=1)
    with django_assert_max_num_queries(27):
        client.get(f"{PAGES}{experiment.pk}/change/")


def test_figures_are_rounded_not_cut_off(db: None) -> None:
    metrics = current_metrics()
    assert value_text(metrics["conversion"], 0.99999) == "100.0 %"
    assert value_text(metrics["satisfaction"], 3.996) == "4.00"
    assert value_text(metrics["latency"], 3.996) == "4.0 ms"
    assert interval_text(metrics["ctr"], Estimate(0.1, 0.0449, 0.16666)) == "4.5 % to 16.7 %"
