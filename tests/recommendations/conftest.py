"""A small shop whose recommender was trained: three tastes, families, a shopper of the first."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from guidance.behaviour.models import DirtyDay, Event
from guidance.behaviour.services.rollups import advance_rollups
from guidance.catalog.models import Product
from guidance.core.ids import new_id
from guidance.customers.models import Customer
from guidance.experiments.models import Bandit
from guidance.recommendations.models import Surface
from guidance.recommendations.services import save_surface
from guidance.recommendations.state import state
from guidance.training.models import ModelVersion
from tests import factories
from tests.trained import SKUS, taste_of

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_version_of_another_test(db: None) -> None:
    """The process keeps what it serves; a registry without versions makes it forget."""
    state.refresh()


@pytest.fixture
def products(db: None) -> dict[str, Product]:
    """The trained products; every two neighbours of a taste are variants of one family."""
    category = factories.category()
    Product.objects.bulk_create(
        Product(
            sku=sku,
            title=f"Product {sku}",
            titles={"zh-hans": f"产品{sku}"},
            family=f"F{number // 2}",
            category=category,
            price="9.50",
            currency="GBP",
            stock=5,
        )
        for number, sku in enumerate(SKUS)
    )
    return {product.sku: product for product in Product.objects.all()}


@pytest.fixture
def happened(products: dict[str, Product]) -> Callable[..., Event]:
    """Make something happen: `happened("c1", "view", "P00", minutes_ago=5)`."""

    def make(ref: str, kind: str, sku: str, minutes_ago: float = 5, **more: object) -> Event:
        customer, _created = Customer.objects.get_or_create(ref=ref)
        at = timezone.now() - timedelta(minutes=minutes_ago)
        DirtyDay.objects.create(day=at.date(), source=more.get("source", "live"))
        return Event.objects.create(
            id=new_id(),
            kind=kind,
            customer=customer,
            product=products[sku],
            occurred_at=at,
            basket=f"{ref} {minutes_ago}" if kind == "purchase" else "",
            **more,
        )

    return make


@pytest.fixture
def shopper(happened: Callable[..., Event]) -> Customer:
    """A customer who bought three products of the first taste."""
    for place, sku in enumerate(taste_of(0)[:6:2]):
        event = happened("ann", "purchase", sku, minutes_ago=60 * 24 * (place + 2))
    return event.customer


@pytest.fixture
def sold(happened: Callable[..., Event]) -> None:
    """The shop at large bought the last taste lately: P16 most, then P18, then P20."""
    for sku, times in (("P16", 3), ("P18", 2), ("P20", 1)):
        for buyer in range(times):
            happened(f"buyer {sku} {buyer}", "purchase", sku, minutes_ago=60 * 24 * 3)
    advance_rollups()


@pytest.fixture
def home(db: None) -> Surface:
    """A patient surface that wants the model."""
    return Surface.objects.create(key="home", name="Home", limit=4, deadline_ms=5_000)


@pytest.fixture
def new_version(trained_recommender: Path) -> Callable[..., ModelVersion]:
    """Register a copy of the trained folder as a version: promoted unless told otherwise."""

    def make(status: str = "promoted", passed: bool = True, **given: object) -> ModelVersion:
        run = factories.training_run(job=factories.job(status="succeeded"))
        directory = f"recommender/{run.pk}"
        shutil.copytree(trained_recommender, Path(settings.MODEL_DIR) / directory)
        verdict = {**factories.PASSED_VERDICT, "passed": passed, "current_version": ""}
        return factories.model_version(
            run=run,
            directory=directory,
            status=status,
            policy="model" if passed else "co_occurrence",
            best_baseline="co_occurrence",
            verdict=verdict,
            promoted_at=timezone.now() if status in {"promoted", "retired"} else None,
            **given,
        )

    return make


@pytest.fixture
def version(new_version: Callable[..., ModelVersion]) -> ModelVersion:
    """The promoted version."""
    return new_version()


@pytest.fixture
def shoppers(happened: Callable[..., Event]) -> list[Customer]:
    """Twenty-four customers; each bought two products of one taste."""
    people = []
    for number in range(24):
        for place, sku in enumerate(taste_of(number)[number % 3 : number % 3 + 4 : 2]):
            event = happened(f"s{number}", "purchase", sku, minutes_ago=60 * 24 * (place + 2))
        people.append(event.customer)
    Event.objects.update(received_at=timezone.now() - timedelta(days=9))
    return people


@pytest.fixture
def explored(home: Surface) -> Surface:
    """The surface explores half of its places, and asked for popularity until today."""
    home.exploration, home.limit = 0.5, 3
    home.save()
    return home


@pytest.fixture
def slotted(home: Surface, products: dict[str, Product]) -> Surface:
    """A surface of four places, half of them explored, whose slots Thompson sampling fills."""
    home.policy, home.exploration, home.limit = Surface.Policy.POPULARITY, 0.5, 4
    home.slots_by = Bandit.Method.BETA_THOMPSON
    changed = ["policy", "exploration", "limit", "slots_by"]
    save_surface(surface=home, changed=changed, actor=None)
    Product.objects.update(created_at=timezone.now() - 90 * DAY)
    Product.objects.filter(sku__in=SKUS[:6]).update(created_at=timezone.now() - DAY)
    Product.objects.update(updated_at=timezone.now())
    return home
