"""What is measured for retraining: inputs against what was learned, what serves against itself."""

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from guidance.behaviour.models import DayRollup, DirtyDay, Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.core.roles import Role
from guidance.customers.models import Customer
from guidance.recommendations.drift import count_interactions, input_drift, quality_loss
from guidance.training.hooks import DriftMeasure
from guidance.training.models import ModelVersion, TrainingRun
from models_ml.recommender.report import TrainReport
from tests import factories
from tests.recommendations.health_traffic import computed
from tests.trained import SKUS, tiny_frame

pytestmark = pytest.mark.django_db
LEARNED = timezone.now().replace(hour=12, minute=0) - timedelta(days=10)


@pytest.fixture
def learned(db: None) -> ModelVersion:
    """A version whose data ended ten days ago."""
    run = factories.training_run(
        report={"data": {"end": LEARNED.isoformat()}}, job=factories.job(status="succeeded")
    )
    return factories.model_version(run=run, number=1)


@pytest.fixture
def buys(products: dict[str, Product]) -> Callable[..., None]:
    """Have so many baskets of these products bought on each of some days after the training."""
    customer = factories.customer()

    def make(days: range, skus: list[str], kind: str = "purchase", source: str = "live") -> None:
        rows = [
            Event(
                id=new_id(),
                kind=kind,
                customer=customer,
                product=products[sku],
                occurred_at=LEARNED + timedelta(days=day, minutes=place),
                basket=f"{day} {place // (1 + day % 3)}" if kind == "purchase" else "",
                source=source,
            )
            for day in days
            for place, sku in enumerate(skus)
        ]
        Event.objects.bulk_create(rows)
        DirtyDay.objects.bulk_create(
            DirtyDay(day=row.occurred_at.date(), source=source) for row in rows
        )
        advance_rollups()

    return make


def _by_key() -> dict[str, DriftMeasure]:
    return {one.key: one for one in input_drift()}


def test_an_unchanged_shop_shows_no_drift(learned: ModelVersion, buys: Callable) -> None:
    buys(range(-40, 8), SKUS)
    buys(range(-40, 8), SKUS[:12], kind="view")
    found = _by_key()
    assert {"kinds", "baskets"} <= set(found)
    assert all(one.size < 0.05 for one in found.values()), found


def test_each_input_that_moves_is_found_and_the_others_are_not_blamed(
    learned: ModelVersion, buys: Callable, products: dict[str, Product]
) -> None:
    Product.objects.filter(sku__in=SKUS[:12]).update(category=factories.category(), price="90")
    buys(range(-40, 1), SKUS)
    buys(range(1, 8), SKUS[:12] * 2)
    found = _by_key()
    assert found["categories"].size > 0.25
    assert found["categories"].certain
    assert found["prices"].size > 0.25
    assert found["baskets"].size < 0.05


def test_another_mix_of_kinds_is_found(learned: ModelVersion, buys: Callable) -> None:
    buys(range(-40, 1), SKUS)
    buys(range(-40, 1), SKUS, kind="view")
    buys(range(1, 8), SKUS, kind="view")
    buys(range(1, 8), SKUS[:2])
    kinds = _by_key()["kinds"]
    assert kinds.certain
    assert kinds.size > 0.25
    assert kinds.now["view"] > kinds.before["view"]
    assert kinds.days["now_from"] > kinds.days["before_until"]


def test_new_products_count_once_the_shop_is_old_enough(
    learned: ModelVersion, buys: Callable
) -> None:
    buys(range(-120, 1), SKUS[:20])
    buys(range(1, 8), SKUS[:20] + SKUS[20:] * 5)
    new = _by_key()["new_items"]
    assert new.certain
    assert new.now["new"] > 0.3
    assert new.before.get("new", 0.0) < 0.05


def test_replayed_traffic_moves_nothing(learned: ModelVersion, buys: Callable) -> None:
    buys(range(-40, 8), SKUS)
    before = _by_key()
    buys(range(1, 8), SKUS[:2] * 20, source="replay")
    assert _by_key() == before


def test_nothing_is_measured_before_the_third_day_or_without_a_training(
    buys: Callable, db: None
) -> None:
    buys(range(-40, 3), SKUS)
    assert input_drift() == []
    run = factories.training_run(report={"data": {"end": LEARNED.isoformat()}})
    factories.model_version(run=run, number=1)
    assert input_drift() == []
    buys(range(3, 4), SKUS)
    assert input_drift() != []


def test_what_can_be_learned_from_is_counted_without_replays(buys: Callable) -> None:
    buys(range(2), SKUS)
    buys(range(2), SKUS, source="replay")
    DayRollup.objects.create(
        day=LEARNED.date(), source="live", kind="impression", events=99, customers=1
    )
    assert count_interactions() == 2 * len(SKUS)


def test_the_health_report_tells_the_drift_that_retraining_goes_by(
    learned: ModelVersion, buys: Callable, desk: Callable[..., Client]
) -> None:
    buys(range(-40, 1), SKUS)
    buys(range(1, 8), SKUS[:2] * 12)
    came_in = computed()["came_in"]
    measures = {one.key: one for one in input_drift()}
    assert {row["input"] for row in came_in["rows"]} == set(measures)
    for row in came_in["rows"]:
        assert row["index"] == measures[row["input"]].size
        assert row["certain"] == measures[row["input"]].certain
    page = desk(Role.ANALYST).get(reverse("admin:recommendations_healthreport_changelist"))
    assert came_in["days"]["now_from"] in page.content.decode()


def test_quality_needs_a_promoted_version(learned: ModelVersion) -> None:
    assert quality_loss() == []


def _decisions(version: ModelVersion, at: datetime, seen: int, clicked: int) -> None:
    for number in range(seen):
        decision = factories.decision(policy="model", policy_version=str(version), at=at)
        for kind in ("impression", "click")[: 1 + (number < clicked)]:
            factories.event(
                kind=kind,
                decision=decision.pk,
                customer=decision.customer,
                occurred_at=at + timedelta(minutes=1),
            )


def test_a_click_rate_that_fell_is_told_against_the_version_s_own(version: ModelVersion) -> None:
    _decisions(version, timezone.now() - timedelta(days=12), seen=60, clicked=30)
    _decisions(version, timezone.now() - timedelta(days=2), seen=60, clicked=9)
    assert [one for one in quality_loss() if one.key == "ctr"] == [], "nothing was computed yet"
    computed()
    (ctr,) = [one for one in quality_loss() if one.key == "ctr"]
    assert (ctr.before["value"], ctr.now["value"]) == (0.5, 0.15)
    assert ctr.size == pytest.approx(0.7)
    assert ctr.certain


def test_a_version_promoted_lately_has_no_click_rate_of_its_own_yet(version: ModelVersion) -> None:
    _decisions(version, timezone.now() - timedelta(days=1), seen=3, clicked=1)
    computed()
    assert [one.key for one in quality_loss() if one.key == "ctr"] == []


def test_ranking_what_was_bought_since_is_compared_with_the_test_figure(
    version: ModelVersion, products: dict[str, Product]
) -> None:
    report = TrainReport.load(version.folder)
    assert TrainingRun.objects.get(pk=version.run_id).recipe == "recommender"
    end = datetime.fromisoformat(report.data.end)
    frame = tiny_frame(pd.Timestamp(end) + pd.Timedelta(days=1))
    customers = {ref: Customer.objects.create(ref=ref) for ref in frame["customer"].unique()}
    rows = [
        Event(
            id=new_id(),
            kind=row.kind,
            customer=customers[row.customer],
            product=products[row.item],
            occurred_at=row.time,
            basket=row.basket or "",
            source="import",
        )
        for row in frame.itertuples()
    ]
    # Since then everybody buys what the next taste's customers bought.
    random = np.random.default_rng(4)
    for number, customer in enumerate(customers.values()):
        place = (8 * ((number + 1) % 3)) + int(random.integers(0, 8))
        rows += [
            Event(
                id=new_id(),
                kind="purchase",
                customer=customer,
                product=products[SKUS[place]],
                occurred_at=end + timedelta(days=16 + number % 2),
                basket="since",
                source="import",
            )
        ]
    Event.objects.bulk_create(rows)
    (ranking,) = [one for one in quality_loss() if one.key == "ndcg"]
    assert ranking.before["value"] == pytest.approx(report.ndcgs["model"].mean())
    assert ranking.now["value"] < ranking.before["value"] / 2
    assert ranking.certain
