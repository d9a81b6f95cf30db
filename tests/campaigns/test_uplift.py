"""Who is moved: learned from past plans, passed by the gate, promoted, and worn by plans."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.frames import features_of, past_plans
from guidance.campaigns.models import CustomerScore, PlanEntry, PushPlan, Verdict
from guidance.campaigns.services.scoring import refresh_scores
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.customers.models import Customer
from guidance.training.models import ModelVersion
from guidance.training.services import promote_version, request_training, roll_back
from models_ml.uplift.trial import UpliftProblem
from tests import factories
from tests.campaigns.pushes import allow, proposed, push

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(days=20)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_DIR, settings.JOB_DIR = tmp_path / "models", tmp_path / "jobs"


def past_campaign(*, moved: str, count: int = 1_200, held: float = 0.4) -> PushPlan:
    """A plan of twenty days ago: its messages moved one tier, and nobody else."""
    chance = np.random.default_rng(7)
    people = Customer.objects.bulk_create(
        Customer(ref=f"p{n}", tier=("gold", "")[n % 2], language="en", time_zone="Europe/Berlin")
        for n in range(count)
    )
    message = push()
    decided = timezone.now() - LONG_AGO
    plan = factories.push_plan(
        campaign=message.step.campaign,
        state="approved",
        decided_at=decided,
        decided_by=factories.user(),
    )
    entries, events = [], []
    for person in people:
        is_held = chance.random() < held
        entries.append(
            PlanEntry(
                plan=plan,
                customer=person,
                verdict=Verdict.HOLDOUT if is_held else Verdict.SEND,
                message=None if is_held else message,
                send_at=None if is_held else decided,
                tier=person.tier,
            )
        )
        usual = 0.5 if person.tier == moved and not is_held else 0.15
        events.append(_event(person, "view", decided - timedelta(days=3)))
        if chance.random() < usual:
            events.append(_event(person, "purchase", decided + timedelta(days=2)))
    PlanEntry.objects.bulk_create(entries)
    Event.objects.bulk_create(events)
    sent = {"state": "sent", "sent_at": decided}
    factories.delivery(plan=plan, message=message, customer=people[0], **sent)
    return plan


def _event(person: Customer, kind: str, at: Any) -> Event:
    return Event(customer=person, kind=kind, occurred_at=at, price=Decimal(20), currency="USD")


def trained() -> ModelVersion:
    run = request_training(recipe_key="uplift", requested_by=None, start=False)
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    return ModelVersion.objects.get(run=run)


def test_a_model_of_who_is_moved_is_learned_promoted_and_worn_by_plans() -> None:
    past_campaign(moved="gold")
    version = trained()
    assert version.verdict["passed"]
    assert version.verdict["qini"]["low"] > 0
    assert refresh_scores() == 0
    promote_version(version=version, actor=factories.user())
    assert refresh_scores() == Customer.objects.count()
    assert refresh_scores() == 0
    scores = CustomerScore.objects.filter(kind="uplift")
    gold = np.mean(scores.filter(customer__tier="gold").values_list("value", flat=True))
    plain = np.mean(scores.filter(customer__tier="").values_list("value", flat=True))
    assert gold > 0.2 > 0.1 > plain
    people = [Customer.objects.filter(tier=tier).first() for tier in ("gold", "")]
    for person in people:
        assert person is not None
        allow(person, "null")
    campaign = push(
        *[person for person in people if person],
        currency="USD",
        response_value=Decimal(10),
        contact_cost=Decimal("1.5"),
    ).step.campaign
    plan = proposed(campaign)
    told = dict(plan.entries.values_list("customer__tier", "verdict"))
    assert told == {"gold": Verdict.SEND, "": Verdict.NOT_MOVED}
    roll_back(recipe_key="uplift", actor=factories.user())
    refresh_scores()
    assert not scores.exists()


def test_what_cannot_be_told_from_chance_is_refused() -> None:
    past_campaign(moved="nobody")
    version = trained()
    assert version.status == ModelVersion.Status.REFUSED


def test_nothing_that_happened_after_a_moment_is_known_at_it() -> None:
    person = factories.customer(tier="gold", joined_at=timezone.now() - timedelta(days=100))
    now = timezone.now()
    for kind, days in (("view", 40), ("purchase", 30), ("purchase", -1), ("view", 400)):
        factories.event(
            customer=person, kind=kind, price=Decimal(5), occurred_at=now - timedelta(days=days)
        )
    row = features_of([person.pk], at=now).iloc[0]
    assert (row.views, row.purchases, row.spent, row.tier) == (1, 1, 5, "gold")
    assert row.recency == pytest.approx(30, abs=0.01)
    assert row.age == pytest.approx(100, abs=0.01)


def test_too_little_to_learn_from_is_said_in_words() -> None:
    with pytest.raises(ValueError, match="No approved plan"):
        past_plans()
    past_campaign(moved="gold", count=300)
    with pytest.raises(UpliftProblem, match="are needed"):
        past_plans()
