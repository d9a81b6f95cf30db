"""How products rank that the training never saw: ours against popularity and content kNN.

The served code ranks them: a folder is trained without them, and they are added by what they say of
themselves. Measured are customers with a history who bought such a product in the test window: its
rank in the full catalogue, among what is new to them, and among the added products alone. What the
added products' own weights do to everybody's rankings is measured beside, with everything bought.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from models_ml.data.cleaning import clean
from models_ml.data.columns import ITEM, KIND, PURCHASE
from models_ml.data.content import ItemFacts
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.data.split import TimeSplit, split_by_time
from models_ml.recommender.additions import ContentReader
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import TOP, interval, ndcg
from models_ml.recommender.fusion import FusionScorer
from models_ml.recommender.ranking import top_items
from models_ml.recommender.report import MEASURED, MODEL
from models_ml.recommender.scorers import Scorer
from models_ml.recommender.serving import Ranker, load
from models_ml.recommender.train import train

HELD_OUT_SHARE = 0.1
POLICIES = (MODEL, "content", "popularity")
# The model, with added products weighed as known ones are.
UNMIXED = "as known ones"
FULL, NEW_TO_THEM, AMONG = "full catalogue", "new to the customer", "new products"
SCOPES = (FULL, NEW_TO_THEM, AMONG)


def measure_held_out(
    directory: Path, frame: pd.DataFrame, items: Sequence[ItemFacts], config: TrainConfig
) -> dict[str, Any]:
    """Train beside `directory` without any interaction of a random tenth of the products, and rank
    those for whoever bought them in the test window.
    """
    rows, split = _split(frame, config)
    known = np.intersect1d(split.before_test[ITEM].unique(), [facts.item for facts in items])
    random = np.random.default_rng(config.seed)
    held = set(random.choice(known, max(1, int(HELD_OUT_SHARE * len(known))), replace=False))
    told = [facts for facts in items if facts.item not in held]
    folder = directory / "held_out"
    train(rows[~rows[ITEM].isin(held)], items=told, out_dir=folder, config=config)
    added = [facts for facts in items if facts.item in held]
    return _measure(folder, split, added, config.seed)


def measure_new(
    directory: Path, frame: pd.DataFrame, items: Sequence[ItemFacts], config: TrainConfig
) -> dict[str, Any]:
    """The same of products first seen in the test window, by what was trained in `directory`."""
    _, split = _split(frame, config)
    new = set(split.test[ITEM].unique()) - set(split.before_test[ITEM].unique())
    added = [facts for facts in items if facts.item in new]
    return _measure(directory, split, added, config.seed)


def table(found: dict[str, dict[str, Any]]) -> str:
    """NDCG@10 by kind of new product, scope and policy, with intervals."""
    lines = []
    for kind, measured in found.items():
        counts = f"{measured['products']} products, {measured['customers']} customers"
        lines.append(f"cold start, {kind}: {counts}")
        told = {scope: measured[scope] for scope in SCOPES if scope in measured}
        told |= {f"all, {scope}": one for scope, one in measured["everybody"].items()}
        for scope, by_name in told.items():
            for name, figures in by_name.items():
                mean, low, high = (figures[key] for key in ("mean", "low", "high"))
                lines.append(f"  {scope:26}{name:24}{mean:9.4f} [{low:.4f}, {high:.4f}]")
    return "\n".join(lines)


def _split(frame: pd.DataFrame, config: TrainConfig) -> tuple[pd.DataFrame, TimeSplit]:
    rows, _ = clean(frame, config.cleaning)
    until = config.until and pd.Timestamp(config.until)
    return rows, split_by_time(rows, config.test_days, config.validation_days, until)


def _measure(
    directory: Path, split: TimeSplit, added: Sequence[ItemFacts], seed: int
) -> dict[str, Any]:
    reader = ContentReader.open(directory / MEASURED)
    assert reader is not None, "trained with items"
    additions = reader.read(added)
    rankers = {
        policy: load(directory / MEASURED, policy).with_added(additions) for policy in POLICIES
    }
    plain = load(directory / MEASURED, MODEL).over(UNMIXED, _unmixed).with_added(additions)
    rankers[UNMIXED] = plain
    now = split.test_cut.timestamp() / DAY_SECONDS
    everybody = _cases(plain, split, set(plain.skus), set(additions.skus))
    compared = {name: rankers[name] for name in (MODEL, UNMIXED)}
    result: dict[str, Any] = {
        "everybody": {
            scope: _figures(compared, everybody, now, scope, len(added), seed)
            for scope in (FULL, NEW_TO_THEM)
        }
    }
    cases = _cases(plain, split, set(additions.skus), set(additions.skus))
    result |= {"products": len(added), "customers": len(cases)}
    for scope in SCOPES if cases else ():
        result[scope] = _figures(rankers, cases, now, scope, len(added), seed)
    return result


def _unmixed(scorer: Scorer) -> Scorer:
    return replace(scorer, mix=None) if isinstance(scorer, FusionScorer) else scorer


def _figures(
    rankers: dict[str, Ranker], cases: list[Case], now: float, scope: str, added: int, seed: int
) -> dict[str, dict[str, float]]:
    """NDCG@10 by policy and of the model's difference from each other, with intervals."""
    values = {
        name: np.array([_ndcg(ranker, case, now, scope, added) for case in cases])
        for name, ranker in rankers.items()
    }
    asked = ~np.isnan(values[MODEL])
    values = {name: found[asked] for name, found in values.items()}
    figures = {name: _with_interval(found, seed) for name, found in values.items()}
    for other in rankers.keys() - {MODEL}:
        figures[f"{MODEL} - {other}"] = _with_interval(values[MODEL] - values[other], seed)
    return figures


def _cases(ranker: Ranker, split: TimeSplit, wanted: set[str], added: set[str]) -> list[Case]:
    """Who bought a wanted product in the window, with a history of known ones before it."""
    test, before = split.test, split.before_test
    window = test[test[ITEM].isin(wanted) & (test[KIND] == PURCHASE)]
    if window.empty:
        return []
    histories = build_histories(before[~before[ITEM].isin(added)], np.array(ranker.skus))
    return build_cases(histories, window)


def _ndcg(ranker: Ranker, case: Case, now: float, scope: str, added: int) -> float:
    """NaN where the customer bought nothing that the scope holds."""
    scores, relevant = ranker.scores(case.history, now).copy(), case.relevant
    if scope == AMONG:
        scores[: len(scores) - added] = -np.inf
    elif scope == NEW_TO_THEM:
        own = case.history.purchases.items
        scores[own] = -np.inf
        relevant = np.setdiff1d(relevant, own)
    if not len(relevant):
        return float("nan")
    return ndcg(top_items(scores, TOP), relevant, len(relevant))


def _with_interval(values: np.ndarray, seed: int) -> dict[str, float]:
    mean, low, high = interval(values, seed)
    return {"mean": mean, "low": low, "high": high}
