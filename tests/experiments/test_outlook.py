"""Before the start: what the surface's own last days say an experiment can find, and how long."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from scipy.stats import norm

from guidance.core.roles import Role
from guidance.experiments.models import Experiment
from guidance.experiments.outlook import Outlook, foresee, outlook_lines
from guidance.experiments.selectors import history_of
from guidance.experiments.services import approve_experiment
from tests.experiments.conftest import Visit, draft

PAGES = "/admin/experiments/experiment/"


@pytest.fixture
def weeks(visit: Visit) -> None:
    """140 shoppers of the last 14 days, of whom a quarter clicked and a fifth bought."""
    for number in range(140):
        at = timezone.now() - timedelta(days=13.5 - number % 14)
        bought = 1 if number % 5 == 0 else None
        clicked = int(number % 4 == 0)
        visit(f"c{number}", "model", at=at, seen=1, clicks=clicked, buys_after_hours=bought)


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


def test_the_draft_and_the_approved_plan_say_it(weeks: None, desk: Callable[..., Client]) -> None:
    client = desk(Role.ANALYST)
    written = draft(key="next", smallest_effect=Decimal(50), surface="home")
    text = client.get(f"{PAGES}{written.pk}/change/").content.decode()
    assert "The last 14 days: 140 shoppers met this surface; CTR was 25.0 %." in text
    assert "The plan will meet about 140 shoppers: they show a lift of" in text
    assert "A lift of 50.0 %, the smallest that is worth the change, needs about" in text
    approve_experiment(experiment=written, actor=None)
    text = client.get(f"{PAGES}{written.pk}/change/").content.decode()
    assert "What it can find" in text


@pytest.mark.django_db
def test_too_little_history_is_said_plainly(
    experiment: Experiment, visit: Visit, desk: Callable[..., Client]
) -> None:
    visit("c1", "model", at=timezone.now() - timedelta(days=1), seen=1)
    written = draft(key="next")
    text = desk(Role.ANALYST).get(f"{PAGES}{written.pk}/change/").content.decode()
    assert (
        "Not enough history to say how long it takes: 1 shopper met this surface in the last 14 "
        "days." in text
    )


def test_a_day_of_many_shoppers_is_no_history(visit: Visit) -> None:
    for number in range(120):
        at = timezone.now() - timedelta(days=1)
        visit(f"c{number}", "model", at=at, seen=1, clicks=number % 2)
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


def test_history_takes_a_few_statements_at_any_size(
    weeks: None, django_assert_num_queries: Any
) -> None:
    for metric, statements in (("ctr", 4), ("conversion", 5), ("satisfaction", 4)):
        written = draft(key=f"q-{metric}", primary_metric=metric)
        with django_assert_num_queries(statements):
            history_of(written)
