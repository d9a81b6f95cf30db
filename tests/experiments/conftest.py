"""A running experiment on replayed or live traffic, and shoppers who meet it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.catalog.models import Product
from guidance.core.models import User
from guidance.customers.models import Customer
from guidance.decisions.models import Decision
from guidance.experiments.models import Arm, Experiment
from guidance.experiments.services import (
    approve_experiment,
    save_arms,
    save_experiment,
    start_experiment,
)
from guidance.experiments.services.counting import count_customers
from guidance.recommendations.models import Surface

Visit = Callable[..., Decision]


def draft(
    *weights: str,
    key: str = "home-test",
    controls: int = 1,
    actor: User | None = None,
    **given: Any,
) -> Experiment:
    """Write a draft that may be approved, on a surface that is served.

    Its arms are `baseline` and `model`, or of the weights given, the first so many controls.
    """
    plan = {
        "name": key.capitalize(),
        "hypothesis": "The model shows more of what shoppers want.",
        "surface": "home",
        "primary_metric": "ctr",
        "smallest_effect": Decimal(5),
        "horizon_days": 14,
    }
    plan |= given
    Surface.objects.get_or_create(key=plan["surface"], defaults={"policy": "popularity"})
    experiment = save_experiment(experiment=Experiment(key=key, **plan), actor=actor)
    half = Decimal("0.5")
    arms = [
        Arm(key="baseline", policy="best_baseline", weight=half, is_control=True),
        Arm(key="model", policy="model", weight=half),
    ]
    if weights:
        arms = [
            Arm(key=f"arm-{i}", policy="model", weight=Decimal(weight), is_control=i < controls)
            for i, weight in enumerate(weights)
        ]
    save_arms(experiment=experiment, arms=arms, actor=actor)
    return experiment


def start(*weights: str, **given: Any) -> Experiment:
    """Write a draft of the software's own, approve and start it."""
    approved = approve_experiment(experiment=draft(*weights, **given), actor=None)
    return start_experiment(experiment=approved, actor=None)


@pytest.fixture
def experiment(db: None) -> Experiment:
    return start()


@pytest.fixture
def visit(experiment: Experiment) -> Visit:
    """Have a shopper meet an arm: `visit("c1", "model", seen=10, clicks=1, buys_after_hours=2)`."""
    tea, _ = Product.objects.get_or_create(sku="tea", defaults={"title": "Tea"})
    month_ago = timezone.now() - timedelta(days=30)

    def make(
        ref: str,
        arm: str,
        *,
        at: datetime = month_ago,
        seen: int = 0,
        clicks: int = 0,
        rating: int | None = None,
        buys_after_hours: float | None = None,
        **fields: object,
    ) -> Decision:
        customer = Customer.objects.get_or_create(ref=ref)[0] if ref else None
        decision = Decision.objects.create(
            customer=customer,
            surface="home",
            policy="popularity",
            experiment=experiment.key,
            arm=arm,
            source=experiment.source,
            at=at,
            **fields,
        )
        events = [(Event.Kind.IMPRESSION, 0, None)] * seen + [(Event.Kind.CLICK, 0, None)] * clicks
        if rating:
            events.append((Event.Kind.RATING, 0, rating))
        if buys_after_hours is not None:
            events.append((Event.Kind.PURCHASE, buys_after_hours, None))
        Event.objects.bulk_create(
            Event(
                kind=kind,
                customer=customer,
                product=tea,
                decision=None if kind == Event.Kind.PURCHASE else decision.pk,
                source=experiment.source,
                occurred_at=at + timedelta(hours=hours),
                rating=stars,
            )
            for kind, hours, stars in events
        )
        if customer is not None:
            count_customers([customer.pk])
        return decision

    return make
