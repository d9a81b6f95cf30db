"""Measures a model that already serves on a new training's test window, for the gate to pair."""

from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.data.cleaning import clean
from models_ml.data.histories import build_histories
from models_ml.data.history import DAY_SECONDS, History
from models_ml.data.split import split_by_time
from models_ml.recommender.artefacts import read_manifest
from models_ml.recommender.cases import Case, build_cases
from models_ml.recommender.config import TrainConfig
from models_ml.recommender.evaluate import TOP, ndcg
from models_ml.recommender.ranking import top_items
from models_ml.recommender.report import MEASURED
from models_ml.recommender.serving import Ranker, load


def measure_served(
    directory: Path, policy: str, frame: pd.DataFrame, config: TrainConfig
) -> np.ndarray:
    """NDCG@10 (repeats allowed) of a folder's policy per customer of the test window, (customers,).

    `frame` and `config` are the new training's, and so is the order of customers
    (`TrainReport.customers`). Of the folder's two forms the later one is measured that was fitted
    before the test window, so that neither side has seen the answers. Raises `ArtefactError` for a
    broken folder.
    """
    rows, _ = clean(frame, config.cleaning)
    until = config.until and pd.Timestamp(config.until)
    split = split_by_time(rows, config.test_days, config.validation_days, until)
    histories = build_histories(split.before_test)
    ranker = load(_unseen_form(directory, split.test_cut), policy)
    numbers = _numbers_in(ranker, histories.skus)
    now = split.test_cut.timestamp() / DAY_SECONDS
    return np.array(
        [_ndcg(ranker, case, numbers, now) for case in build_cases(histories, split.test)]
    )


def _unseen_form(directory: Path, cut: pd.Timestamp) -> Path:
    fitted_until = pd.Timestamp(read_manifest(directory)["fitted_until"])
    return directory if fitted_until <= cut else directory / MEASURED


def _numbers_in(ranker: Ranker, skus: np.ndarray) -> np.ndarray:
    """The ranker's number of every item of the new catalogue, -1 for unknown ones; (items,)."""
    return np.array([ranker.item_numbers.get(sku, -1) for sku in skus.tolist()])


def _ndcg(ranker: Ranker, case: Case, numbers: np.ndarray, now: float) -> float:
    """Items that the ranker does not know stay in the ideal ranking, so that it pays for them."""
    items = numbers[case.history.items]
    known = items >= 0
    history = History(items[known], case.history.times[known], case.history.kinds[known])
    ranked = top_items(ranker.scores(history, now), TOP)
    relevant = numbers[case.relevant]
    return ndcg(ranked, relevant[relevant >= 0], case.total)
