"""Measures repurchase timing: which of a customer's items are bought again within a fortnight."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from models_ml.data.cleaning import clean
from models_ml.data.columns import CUSTOMER, ITEM, KIND, PURCHASE, TIME
from models_ml.data.generated_shop import read_categories, read_end, read_generated_shop
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.data.online_retail import read_online_retail
from models_ml.recommender.features import decay
from models_ml.recommender.past import Past
from models_ml.recommender.renewal import Spells, find_spells
from models_ml.recommender.renewal_fit import fit_renewal

DAYS = 14
HALF_LIVES = (30.0, 120.0)
ROUNDS = 200


def add_parser(benches: argparse._SubParsersAction) -> None:
    """Register the `repurchase` bench."""
    parser = benches.add_parser("repurchase", help=__doc__)
    parser.add_argument(
        "--shop",
        type=Path,
        required=True,
        help="an Online Retail parquet file, or the folder of a generated shop",
    )
    parser.add_argument("--json", type=Path, required=True, help="where to write the figures")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure on the last fortnight; what has to be tuned is, on the fortnight before."""
    generated = options.shop.is_dir()
    rows, _ = clean(
        read_generated_shop(options.shop) if generated else read_online_retail(options.shop)
    )
    rows = rows[rows[KIND] == PURCHASE]
    end = read_end(options.shop) if generated else rows[TIME].max()
    categories = read_categories(options.shop) if generated else {}
    cut = (end - pd.Timedelta(days=DAYS)).normalize()
    test = _Question(rows, cut, categories)
    validation = _Question(rows, cut - pd.Timedelta(days=DAYS), categories)
    content = _measure(validation, test)
    for name, figures in content["policies"].items():
        print(f"{name:36s} AUC {figures['auc']:.4f}  log-loss {figures['log_loss']:.5f}")
    print({name: figure for name, figure in content.items() if name != "policies"})
    options.json.write_text(json.dumps(content, indent=2) + "\n")


class _Question:
    """All pairs of customer and item bought before a cut, and which were bought again after it."""

    def __init__(self, rows: pd.DataFrame, cut: pd.Timestamp, categories: dict[str, int]) -> None:
        known = build_histories(rows[rows[TIME] < cut])
        numbers = np.array([categories.get(str(sku), -1) for sku in known.skus])
        self.past = Past(known, cut.timestamp() / DAY_SECONDS, categories=numbers)
        self.spells: Spells = find_spells(known.items, known.owners, known.times, self.past.cut)
        window = rows[(rows[TIME] >= cut) & (rows[TIME] < cut + pd.Timedelta(days=DAYS))]
        bought = set(zip(window[CUSTOMER], window[ITEM], strict=True))
        pairs = zip(
            known.customers[self.spells.open_owners].tolist(),
            known.skus[self.spells.open_items].tolist(),
            strict=True,
        )
        self.again = np.array([pair in bought for pair in pairs])

    @property
    def frequencies(self) -> list[np.ndarray]:
        """Purchases of each pair, faded by each of the half-lives."""
        known, spells = self.past.histories, self.spells
        keys = known.owners * np.int64(self.past.items) + known.items
        wanted = spells.open_owners * np.int64(self.past.items) + spells.open_items
        order = np.argsort(wanted)
        places = order[np.searchsorted(wanted, keys, sorter=order)]
        ages = self.past.cut - known.times
        return [np.bincount(places, decay(ages, half), len(wanted)) for half in HALF_LIVES]

    def features(self, name: str) -> np.ndarray:
        recency, count = self.spells.log_waits, np.log1p(self.spells.returns)
        columns = {
            "recency": [recency],
            "frequency": [count],
            "recency and frequencies": [recency, count, *np.log(0.01 + np.array(self.frequencies))],
        }[name]
        return np.stack([np.ones(len(recency)), *columns], axis=1)


def _measure(validation: _Question, test: _Question) -> dict[str, Any]:
    predicted = {"nothing but the share": np.full(len(test.again), validation.again.mean())}
    for name in ("recency", "frequency", "recency and frequencies"):
        weights = _logistic(validation.features(name), validation.again)
        predicted[f"logistic: {name}"] = expit(test.features(name) @ weights)
    best, customers = "renewal", len(test.past.histories)
    without = fit_renewal(replace(test.past, categories=None))
    predicted[best] = without.predict(test.spells, customers, DAYS)[0]
    if test.past.categories is not None and (test.past.categories >= 0).any():
        best = "renewal with categories"
        predicted[best] = fit_renewal(test.past).predict(test.spells, customers, DAYS)[0]
    return {
        "pairs": len(test.again),
        "bought_again": float(test.again.mean()),
        "policies": {
            name: {"auc": _auc(test.again, p), "log_loss": float(_losses(test.again, p).mean())}
            for name, p in predicted.items()
        },
        "auc_beyond_the_best_logistic_95": _interval(
            test, predicted[best], predicted["logistic: recency and frequencies"]
        ),
    }


def _logistic(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        found = expit(features @ weights)
        return _losses(labels, found).mean(), features.T @ (found - labels) / len(labels)

    return minimize(loss, np.zeros(features.shape[1]), jac=True, method="L-BFGS-B").x


def _losses(labels: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    predicted = np.clip(predicted, 1e-6, 1 - 1e-6)
    return -np.where(labels, np.log(predicted), np.log1p(-predicted))


def _auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """The Mann-Whitney form; ties count half."""
    positive, negative = labels.sum(), (~labels).sum()
    ranks = rankdata(scores)[labels].sum() - positive * (positive + 1) / 2
    return float(ranks / (positive * negative))


def _interval(test: _Question, a: np.ndarray, b: np.ndarray) -> list[float]:
    """Of the difference in AUC, resampling customers."""
    random = np.random.default_rng(0)
    order = np.argsort(test.spells.open_owners, kind="stable")
    starts = np.searchsorted(test.spells.open_owners[order], np.arange(len(test.past.histories)))
    rows = np.split(order, starts[1:])
    found: list[float] = []
    for _ in range(ROUNDS):
        people = random.integers(0, len(rows), len(rows))
        chosen = np.concatenate([rows[person] for person in people])
        again = test.again[chosen]
        found.append(_auc(again, a[chosen]) - _auc(again, b[chosen]))
    return [float(edge) for edge in np.percentile(found, [2.5, 97.5])]
