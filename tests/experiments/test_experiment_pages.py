"""The experiment's page: every number opens rows that add up to it; drafts start by POST alone."""

import csv
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
from guidance.experiments.models import Experiment
from guidance.experiments.selectors import report
from guidance.experiments.services import save_experiment
from guidance.experiments.statistics import Estimate
from guidance.experiments.table import table_rows
from guidance.experiments.wording import interval_text, value_text
from tests.experiments.conftest import Visit, start

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
    assert {cell.url for cell in measured} <= {cell.url for cell in counted}
    assert len(measured) == 5
    page = client.get(f"{PAGES}{traffic.pk}/change/")
    for said, number, url in page.context["exclusions"]:
        if said.startswith("shoppers"):  # its rows are their decisions, two here
            assert (number, client.get(url).context["cl"].result_count) == (1, 2)
        else:
            assert client.get(url).context["cl"].result_count == number > 0, said


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


def test_a_draft_is_edited_started_and_stopped_through_its_pages(
    db: None, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    form = {
        "name": "Home",
        "key": "home",
        "hypothesis": "",
        "surface": "home",
        "source": "live",
        "arms-TOTAL_FORMS": "2",
        "arms-INITIAL_FORMS": "0",
        "arms-0-key": "control",
        "arms-0-policy": "best_baseline",
        "arms-0-weight": "0.5",
        "arms-0-is_control": "on",
        "arms-1-key": "model",
        "arms-1-policy": "model",
        "arms-1-weight": "0.5",
    }
    assert client.post(f"{PAGES}add/", form).status_code == 302
    experiment = Experiment.objects.get(key="home")
    assert experiment.created_by.username == "a-analyst"
    assert experiment.arms.count() == 2
    url = f"{PAGES}{experiment.pk}"
    assert client.get(f"{url}/start/").status_code == 405
    assert "/start/" in client.get(f"{url}/change/").content.decode()
    client.post(f"{url}/start/")
    experiment.refresh_from_db()
    assert experiment.status == Experiment.Status.RUNNING
    assert client.post(f"{url}/change/", form).status_code in {200, 403}
    assert experiment.arms.count() == 2
    assert client.get(f"{url}/stop/").status_code == 405
    client.post(f"{url}/stop/")
    experiment.refresh_from_db()
    assert experiment.status == Experiment.Status.STOPPED


def test_what_keeps_a_draft_from_starting_is_said_on_its_page(
    db: None, desk: Callable[..., Client]
) -> None:
    draft = save_experiment(experiment=Experiment(key="d", name="D", surface="home"), actor=None)
    answer = desk(Role.ANALYST).post(f"{PAGES}{draft.pk}/start/", follow=True)
    assert "An experiment needs two arms with a share." in answer.content.decode()


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
    with django_assert_max_num_queries(14):
        client.get(f"{PAGES}{experiment.pk}/change/")


def test_figures_are_rounded_not_cut_off() -> None:
    assert value_text("conversion", 0.99999) == "100.0 %"
    assert value_text("satisfaction", 3.996) == "4.00"
    assert interval_text("ctr", Estimate(0.1, 0.0449, 0.16666)) == "4.5 % to 16.7 %"
