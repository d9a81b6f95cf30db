"""Before the start: what the surface's own last days say an experiment can find, and how long."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from scipy.stats import norm

from guidance.core.roles import Role
from guidance.experiments.advice import advise
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.outlook import Outlook, foresee, outlook_lines
from guidance.experiments.pace import criterion, smallest_shown
from guidance.experiments.selectors import history_of, report
from guidance.experiments.services import approve_experiment
from guidance.experiments.statistics import Criterion, Effect, Monitoring, NotMeasured
from tests import factories
from tests.experiments.conftest import Visit, draft

PAGES = "/admin/experiments/experiment/"


@pytest.fixture
def weeks(visit: Visit) -> None:
    """140 shoppers of the last 14 days, of whom a quarter clicked and a fifth bought."""
    for number in range(140):
        at = timezone.now() - timedelta(days=13.5 - number % 14)
        bought = 1 if number % 5 == 0 else None
        clicked = int(number % 4 == 0)
        made = visit(f"c{number}", "model", at=at, seen=1, clicks=clicked, buys_after_hours=bought)
        factories.event(customer=made.customer, occurred_at=at - timedelta(days=9), kind="view")


def _arms(experiment: Experiment) -> list[Arm]:
    return list(experiment.arms.all())


def _foreseen(experiment: Experiment) -> Outlook:
    return foresee(experiment, list(experiment.arms.all()), history_of(experiment))


def _needed(rate: float, lift: float) -> float:
    """The textbook's number of shoppers in two equal arms, alpha shared by three tests."""
    z = norm.isf(0.05 / 3 / 2) + norm.isf(0.2)
    return float((z / lift) ** 2 * (1 - rate) / rate * (2 + 2 * (1 + lift) ** 2))


@pytest.mark.parametrize(("metric", "rate"), [("ctr", 0.25), ("conversion", 0.2)])
def test_a_plan_is_foreseen_from_the_surfaces_own_days(
    weeks: None, metric: str, rate: float
) -> None:
    written = draft(key="next", primary_metric=metric, smallest_effect=Decimal(50))
    found = _foreseen(written)
    assert found.expected == 140
    assert found.needed == pytest.approx(_needed(rate, 0.5), rel=0.02)
    assert found.days == pytest.approx(_needed(rate, 0.5) / 10, rel=0.03)
    assert isinstance(found.smallest, float)
    assert _needed(rate, found.smallest) == pytest.approx(140, rel=0.03)


def test_part_of_the_shoppers_takes_longer_and_many_looks_need_more(weeks: None) -> None:
    whole = _foreseen(draft(key="whole", smallest_effect=Decimal(50)))
    half = _foreseen(draft(key="half", smallest_effect=Decimal(50), coverage=Decimal("0.5")))
    looked = _foreseen(draft(key="many", smallest_effect=Decimal(50), stop_rule="sequential"))
    assert None not in (whole.days, half.days, whole.needed, looked.needed)
    assert half.needed == whole.needed
    assert half.expected == 70
    assert half.days == pytest.approx(2 * (whole.days or 0), abs=1)
    assert (looked.needed or 0) > (whole.needed or 0)


def test_the_draft_and_the_approved_plan_lead_to_it(
    weeks: None, desk: Callable[..., Client]
) -> None:
    client = desk(Role.ANALYST)
    written = draft(key="next", smallest_effect=Decimal(50), surface="home")
    for _status in ("draft", "approved"):
        text = client.get(f"{PAGES}{written.pk}/change/").content.decode()
        assert f"{PAGES}{written.pk}/outlook/" in text
        text = client.get(f"{PAGES}{written.pk}/outlook/").content.decode()
        assert "The last 14 days: 140 shoppers met this surface; CTR was 25.0 %." in text
        assert "The plan will meet about 140 shoppers: they show a lift of" in text
        assert "A lift of 50.0 %, the smallest that is worth the change, needs about" in text
        assert "It could not start now" in text
        assert "Home-test" in text
        if written.status == "draft":
            written = approve_experiment(experiment=written, actor=None)
    running = Experiment.objects.get(key="home-test")
    assert "It has started" in client.get(f"{PAGES}{running.pk}/outlook/").content.decode()
    bare = draft(key="bare", primary_metric="")
    said = client.get(f"{PAGES}{bare.pk}/outlook/").content.decode()
    assert "Name the primary metric and two arms" in said


def test_a_drafts_page_reads_no_decision_and_a_stranger_nothing(
    weeks: None, desk: Callable[..., Client]
) -> None:
    written = draft(key="next", smallest_effect=Decimal(50))
    address = f"{PAGES}{written.pk}/change/"
    client = desk(Role.ANALYST)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert not [q for q in asked if "decisions_decision" in q["sql"]]
    stranger = desk(Role.SUPPORT_AGENT)
    with CaptureQueriesContext(connection) as asked:
        assert stranger.get(address).status_code == 403
    assert not [q for q in asked if "experiments_arm" in q["sql"]]


def test_a_form_that_is_refused_shows_the_plan_as_it_is_kept(
    weeks: None, desk: Callable[..., Client]
) -> None:
    written = draft(key="next", smallest_effect=Decimal(50))
    address = f"{PAGES}{written.pk}/change/"
    text = desk(Role.ANALYST).post(address, {"smallest_effect": "7"}).content.decode()
    assert "worth a change from 50 % on" in text


@pytest.mark.django_db
def test_too_little_history_is_said_plainly(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    at = timezone.now() - timedelta(days=1)
    visit("c1", "model", at=at, seen=1, context={"viewed": 1})
    written = draft(key="next")
    text = desk(Role.ANALYST).get(f"{PAGES}{written.pk}/outlook/").content.decode()
    assert (
        "Not enough history to say how long it takes: 1 shopper met this surface in the last 14 "
        "days." in text
    )


def test_a_day_of_many_shoppers_is_no_history(visit: Visit) -> None:
    for number in range(120):
        at = timezone.now() - timedelta(days=1)
        visit(f"c{number}", "model", at=at, seen=1, clicks=number % 2, context={"viewed": 1})
    written = draft(key="next")
    [said] = outlook_lines(written, list(written.arms.all()))
    assert said.startswith("Not enough history")


def test_what_cannot_be_foreseen_is_left_out_or_said(weeks: None) -> None:
    bare = draft(key="bare", primary_metric="")
    assert outlook_lines(bare, list(bare.arms.all())) == []
    one = draft("1", key="one")
    assert outlook_lines(one, list(one.arms.all())) == []
    subject = draft(key="subject", subject="tea")
    [said] = outlook_lines(subject, list(subject.arms.all()))
    assert "the log does not tell who met this subject" in said
    aimed = draft(key="aimed", targeting={"tier": "gold"})
    assert "Targeting is not counted in" in outlook_lines(aimed, list(aimed.arms.all()))[-1]
    rated = draft(key="rated", primary_metric="satisfaction")
    assert "Not enough history" in outlook_lines(rated, list(rated.arms.all()))[0]


def test_who_can_be_in_no_arm_is_not_counted(weeks: None, visit: Visit) -> None:
    """A shopper of whom nothing is known meets no experiment; the held out meet none at all."""
    for number in range(60):
        at = timezone.now() - timedelta(days=13.5 - number % 14)
        visit(f"new{number}", "model", at=at, seen=1)
    written = draft(key="next", smallest_effect=Decimal(50))
    assert history_of(written).shoppers == 140
    whole = _foreseen(written)
    assert not any("holdout" in line for line in outlook_lines(written, _arms(written)))
    factories.holdout(share="0.25", is_active=True, ended_at=None)
    part = _foreseen(written)
    assert (whole.expected, part.expected, part.needed) == (140, 105, whole.needed)
    assert (part.days or 0) == pytest.approx((whole.days or 0) / 0.75, abs=2)
    said = outlook_lines(written, _arms(written))
    assert "The holdout keeps 25 % of the shoppers out; they are not counted in." in said
    replayed = draft(key="again", smallest_effect=Decimal(50), source="replay")
    assert not any("holdout" in line for line in outlook_lines(replayed, _arms(replayed)))


def _reads(experiment: Experiment) -> list[str]:
    """Return the statements of a look at history that read rows, in order."""
    with CaptureQueriesContext(connection) as asked:
        history_of(experiment)
    return [query["sql"].split(None, 1)[0] for query in asked if "SELECT" in query["sql"]]


@pytest.mark.parametrize(
    ("metric", "reads"), [("ctr", 11), ("conversion", 12), ("satisfaction", 11)]
)
def test_history_takes_the_same_statements_at_any_size(
    weeks: None, visit: Visit, metric: str, reads: int
) -> None:
    """Tables of one transaction are described by statements of their own, which read none."""
    written = draft(key=f"q-{metric}", primary_metric=metric)
    few = _reads(written)
    for number in range(60):
        visit(f"more{number}", "model", seen=1, at=timezone.now() - timedelta(days=number % 7 + 1))
    assert _reads(written) == few
    assert len(few) == reads


def test_a_long_sequential_plan_is_reckoned_with_a_bounded_number_of_looks(weeks: None) -> None:
    year = draft(key="year", smallest_effect=Decimal(50), stop_rule="sequential", horizon_days=365)
    arms = list(year.arms.all())
    judged = criterion(year, 1, 5000.0)
    assert judged.monitoring == Monitoring(5000.0, looks=60)
    assert any("Reckoned with 60 looks" in line for line in outlook_lines(year, arms))
    month = draft(key="month", smallest_effect=Decimal(50), stop_rule="sequential", horizon_days=28)
    assert criterion(month, 1, 5000.0).monitoring == Monitoring(5000.0, looks=28)
    assert criterion(month, 1, 5000.0, days=3).monitoring == Monitoring(5000.0, looks=3)


def test_few_shoppers_of_a_large_sequential_plan_break_nothing() -> None:
    """Its boundary is then so far that no double holds what lies there."""
    judged = Criterion(comparisons=3, monitoring=Monitoring(1e6, looks=3))
    found = smallest_shown(Effect(0.1, 1.5, 9, 10, 0.3), judged)
    assert isinstance(found, NotMeasured) or found > 10


def test_what_a_decision_is_judged_by_foresees_nothing(visit: Visit) -> None:
    running = Experiment.objects.get(key="home-test")
    found = report(running)
    assert "days are left" in advise(running, found).reason
    assert "left" not in advise(running, found, foresee=False).reason
