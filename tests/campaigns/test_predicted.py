"""What models foretell of shoppers: learned, promoted, worn by audiences, and told with reasons."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.campaigns.audiences.language import read
from guidance.campaigns.audiences.words import in_words
from guidance.campaigns.models import CustomerScore, CustomerSegment
from guidance.campaigns.predicted import FILE, segment_key, segment_names
from guidance.campaigns.predicted_panel import PREDICTED
from guidance.campaigns.selectors.audience_choices import names_in, offered
from guidance.campaigns.selectors.audiences import members
from guidance.campaigns.services.audiences import save_audience
from guidance.campaigns.services.scoring import refresh_scores
from guidance.core.jobs import run_job
from guidance.core.models import Job
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.training.models import ModelVersion
from guidance.training.services import promote_version, request_training, roll_back
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_DIR, settings.JOB_DIR = tmp_path / "models", tmp_path / "jobs"


def shop(count: int = 1_600) -> None:
    """Shoppers seen every week, of whom the busy ones buy, whatever day they were seen last."""
    chance, now = np.random.default_rng(7), timezone.now()
    people = Customer.objects.bulk_create(
        Customer(ref=f"p{n}", joined_at=now - timedelta(days=300)) for n in range(count)
    )
    events = []
    for n, person in enumerate(people):
        busy = n % 4 == 0
        for week in range(14):
            at = now - timedelta(days=week * 7 + chance.random() * 7)
            events += [_event(person, "view", at) for _view in range(8 if busy else 1)]
            if chance.random() < (0.25 if busy else 0.01):
                events.append(_event(person, "purchase", at))
    Event.objects.bulk_create(events)


def _event(person: Customer, kind: str, at: Any) -> Event:
    return Event(customer=person, kind=kind, occurred_at=at, price=Decimal(20), currency="USD")


def trained(recipe: str) -> ModelVersion:
    run = request_training(recipe_key=recipe, requested_by=None, start=False)
    assert run_job(run.job_id) == Job.Status.SUCCEEDED
    return ModelVersion.objects.get(run=run)


def test_who_will_buy_is_learned_promoted_and_asked_for_by_audiences(
    desk: Callable[..., Client],
) -> None:
    shop()
    version = trained("propensity")
    assert version.verdict["passed"]
    assert version.verdict["auc"]["low"] > 0.7
    # Today's tier is earned by the purchases that are to be foretold.
    assert "tier" not in version.run.report["features"]
    assert refresh_scores() == 0
    promote_version(version=version, actor=factories.user())
    assert refresh_scores() == Customer.objects.count()
    assert refresh_scores() == 0
    rules = {"field": "propensity", "operator": "at_least", "value": 0.4}
    found = members(factories.audience(rules=rules), at=timezone.now())
    refs = {int(ref[1:]) % 4 for ref in found.values_list("ref", flat=True)}
    assert refs == {0}
    person = Customer.objects.get(ref="p0")
    ((_at, what, points, why),) = PREDICTED.rows(person.pk)
    assert (what, points.endswith("points")) == ("propensity", True)
    assert "in a year" in why
    html = desk(Role.ANALYST).get(reverse("admin:training_modelversion_change", args=[version.pk]))
    assert "Who will buy: predicted, and what came of it" in html.content.decode()
    roll_back(recipe_key="propensity", actor=factories.user())
    refresh_scores()
    assert not CustomerScore.objects.exists()


def test_who_bought_by_chance_is_told_by_no_model() -> None:
    shop(600)
    # The busy are shuffled: what was done before says nothing of what was bought.
    buyers = list(Customer.objects.values_list("pk", flat=True))
    chance = np.random.default_rng(2)
    for event in Event.objects.filter(kind="purchase"):
        event.customer_id = int(chance.choice(buyers))
        event.save(update_fields=["customer"])
    assert trained("propensity").status == ModelVersion.Status.REFUSED


def test_too_few_purchases_are_said_in_words() -> None:
    factories.customer()
    run = request_training(recipe_key="propensity", requested_by=None, start=False)
    assert run_job(run.job_id) == Job.Status.FAILED
    assert "must have bought" in Job.objects.get(pk=run.job_id).error


def test_segments_are_found_named_and_gone_with_their_version(
    desk: Callable[..., Client],
) -> None:
    shop()
    first = trained("segments")
    assert first.verdict["passed"]
    promote_version(version=first, actor=factories.user())
    assert refresh_scores() == Customer.objects.count()
    choices = offered()["learned"]
    key = CustomerSegment.objects.get(customer__ref="p0").segment
    assert key in dict(choices)
    rules = {"field": "learned", "operator": "in", "value": [key]}
    audience = factories.audience(rules=rules)
    save_audience(audience=audience, actor=factories.user())
    busy = members(audience, at=timezone.now())
    assert {int(ref[1:]) % 4 for ref in busy.values_list("ref", flat=True)} == {0}
    assert dict(choices)[key] in in_words(read(rules)[0], names_in(offered()))
    ((_at, _what, name, _why),) = PREDICTED.rows(Customer.objects.get(ref="p0").pk)
    assert name == dict(choices)[key]
    html = desk(Role.ANALYST).get(reverse("admin:training_modelversion_change", args=[first.pk]))
    assert "The segments, and what their shoppers did" in html.content.decode()
    second = trained("segments")
    promote_version(version=second, actor=factories.user())
    with pytest.raises(ValidationError, match="any more") as refused:
        save_audience(audience=audience, actor=factories.user())
    assert set(refused.value.message_dict) == {"rules"}
    # Until shoppers wear the new version's segments nobody can tell who is in them.
    renewed = segment_key(second.number, 0)
    audience.rules = {**rules, "value": [renewed]}
    with pytest.raises(ValidationError, match="is being written"):
        save_audience(audience=audience, actor=factories.user())
    refresh_scores()
    save_audience(audience=audience, actor=factories.user())
    names = segment_names([segment_key(first.number, 0), renewed])
    assert len(set(names.values())) == 2


def test_broken_files_of_one_model_keep_no_other_back() -> None:
    shop()
    for recipe in ("propensity", "segments"):
        promote_version(version=trained(recipe), actor=factories.user())
    promoted = ModelVersion.objects.get(recipe="propensity")
    (promoted.folder / FILE).unlink()
    with pytest.raises(ValueError, match="propensity"):
        refresh_scores()
    assert CustomerSegment.objects.count() == Customer.objects.count()


def test_too_few_shoppers_to_group_are_said_in_words() -> None:
    factories.customer()
    run = request_training(recipe_key="segments", requested_by=None, start=False)
    assert run_job(run.job_id) == Job.Status.FAILED
    assert "at least 200 are needed" in Job.objects.get(pk=run.job_id).error


def test_a_shopper_without_a_prediction_has_no_rows() -> None:
    assert PREDICTED.rows(factories.customer().pk) == []
