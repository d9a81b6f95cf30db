"""Fills a shop for `serving_load`: products, shoppers with histories, a model of full size.

The network's weights are random, because what is measured is time; everything else is fitted and
exported as a training does it.
"""

import json
import sys
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import torch
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from guidance.behaviour.models import Event
from guidance.behaviour.services.rollups import advance_rollups, mark_days
from guidance.catalog.models import Category, Product
from guidance.core.ids import new_id
from guidance.core.services import create_api_key
from guidance.customers.models import Customer
from guidance.recommendations.models import Surface
from models_ml.data.cleaning import clean
from models_ml.recommender.blending import Blend
from models_ml.recommender.export import Fitted, export
from models_ml.recommender.model import SequenceConfig, SequenceModel
from models_ml.recommender.stages import build_past
from models_ml.recommender.tuning import Tuned, fit_baselines
from tests import factories

SHOPPERS, CATEGORIES, DAYS, SEED = 2_000, 200, 60, 1
# Of a shopper's events; the median is 20 and one in a hundred has more than 200.
SPREAD = {"mean": 3.0, "sigma": 1.0}
LONGEST = 1_000
KINDS, SHARES = ("view", "click", "cart", "purchase"), (0.6, 0.15, 0.1, 0.15)
TUNED = {
    "popularity": {"days": 30.0},
    "repeat_frequency": {"half_life": 60.0, "browsing": 0.05},
    "co_occurrence": {"scope": "customer", "damping": 0.5, "half_life": 30.0, "browsing": 0.05},
    "ease": {"regularisation": 50.0, "half_life": 60.0, "browsing": 0.05},
}
WEIGHTS = {"ease": 0.3, "co_occurrence": 0.2, "repeat_frequency": 0.6}


def fill_shop(items: int) -> dict[str, Any]:
    """Fill an empty database and the model folder; return what a storefront needs to know."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    skus = [f"sku-{number:06d}" for number in range(items)]
    _make_products(skus)
    frame = _behaviour(skus)
    _write_events(frame)
    _make_model(frame, skus)
    Surface.objects.create(key="home", name="Home")
    _key, secret = create_api_key(name="load", scopes=["read"])
    return {"key": secret, "shoppers": SHOPPERS}


def _make_products(skus: list[str]) -> None:
    categories = Category.objects.bulk_create(
        Category(path=f"Shop > {number}", names={"en": f"Kind {number}"})
        for number in range(CATEGORIES)
    )
    Product.objects.bulk_create(
        (
            Product(
                sku=sku,
                title=f"Product {sku}",
                titles={"zh-hans": f"产品{sku}"},
                category=categories[place % CATEGORIES],
                family=f"family {place // 3}" if place % 2 else "",
                price="9.50",
                currency="GBP",
                stock=5,
            )
            for place, sku in enumerate(skus)
        ),
        batch_size=5_000,
    )


def _behaviour(skus: list[str]) -> pd.DataFrame:
    """Return events whose products are drawn as shops sell them: the n-th best 1/n as often."""
    random = np.random.default_rng(SEED)
    lengths = np.minimum(random.lognormal(**SPREAD, size=SHOPPERS).astype(int) + 1, LONGEST)
    shoppers = np.repeat(np.arange(SHOPPERS), lengths)
    weights = 1.0 / np.arange(1, len(skus) + 1)
    items = random.choice(len(skus), len(shoppers), p=weights / weights.sum())
    end = pd.Timestamp.now(tz="UTC").floor("s") - pd.Timedelta(hours=1)
    ages = np.sort(random.random(len(shoppers)) * DAYS)[::-1]
    kinds = random.choice(KINDS, len(shoppers), p=SHARES)
    rows = pd.DataFrame(
        {
            "customer": [f"shopper-{number}" for number in shoppers],
            "item": [skus[place] for place in items],
            "time": end - pd.to_timedelta(random.permutation(ages), unit="D").round("s"),
            "kind": kinds,
            "basket": [f"basket {number}" for number in range(len(shoppers))],
            "quantity": 1.0,
        }
    )
    return rows.sort_values("time", kind="stable")


def _write_events(frame: pd.DataFrame) -> None:
    Customer.objects.bulk_create(Customer(ref=ref) for ref in frame["customer"].unique())
    customers = dict(Customer.objects.values_list("ref", "pk"))
    products = dict(Product.objects.values_list("sku", "pk"))
    Event.objects.bulk_create(
        (
            Event(
                id=new_id(),
                kind=row.kind,
                customer_id=customers[row.customer],
                product_id=products[row.item],
                occurred_at=row.time.to_pydatetime(),
                basket=row.basket if row.kind == "purchase" else "",
                price="9.50",
            )
            for row in frame.itertuples()
        ),
        batch_size=5_000,
    )
    mark_days(moments=((time, "live") for time in frame["time"].dt.to_pydatetime()))
    advance_rollups()


def _make_model(frame: pd.DataFrame, skus: list[str]) -> None:
    """Write and promote a version that knows every product of the catalogue."""
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    first = frame["time"].min() - timedelta(days=1)
    once = pd.DataFrame(
        {
            "customer": "nobody",
            "item": skus,
            "time": first,
            "kind": "view",
            "basket": "",
            "quantity": 1.0,
        }
    )
    # Cleaning would take somebody who looks at everything for a robot.
    rows = pd.concat([once, clean(frame)[0]])
    past = build_past(rows, pd.Timestamp(timezone.now()))
    assert past.items == len(skus)
    tuned = {name: Tuned(parameters, 0.0) for name, parameters in TUNED.items()}
    model = SequenceModel(SequenceConfig(items=past.items)).eval()
    folder = settings.MODEL_DIR / "version-1"
    facts = {"fitted_until": timezone.now().isoformat()}
    blend = Blend(WEIGHTS, 0.0, {}, {})
    export(Fitted(past, model, fit_baselines(past, tuned), blend), folder, facts, None)
    factories.model_version(
        number=1, directory="version-1", status="promoted", promoted_at=timezone.now()
    )


def main() -> None:
    """`serving_shop ITEMS`: fill the shop and say, as JSON, what a storefront needs."""
    sys.stdout.write(json.dumps(fill_shop(int(sys.argv[1]))))
