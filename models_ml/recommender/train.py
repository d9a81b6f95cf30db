"""Trains, tunes, measures and exports the recommender and its baselines."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from threadpoolctl import threadpool_limits

from models_ml.data.cleaning import CleaningReport, clean
from models_ml.data.content import ItemFacts
from models_ml.data.split import TimeSplit, split_by_time
from models_ml.recommender import stages, starts
from models_ml.recommender.added_weights import AddedBlend
from models_ml.recommender.blending import Blend
from models_ml.recommender.checkpoints import Checkpoints, fingerprint
from models_ml.recommender.config import OnProgress, ShouldStop, TrainConfig
from models_ml.recommender.evaluate import Evaluation, by_scorer, evaluate, paired_interval
from models_ml.recommender.export import Fitted, export
from models_ml.recommender.report import (
    MEASURED,
    MODEL,
    TRANSFORMER,
    CandidateReport,
    DataSummary,
    TrainReport,
)
from models_ml.recommender.run import Run
from models_ml.recommender.stages import Window
from models_ml.recommender.starts import Started
from models_ml.recommender.tuning import Tuned
from models_ml.recommender.unknown import find_added_blend


def train(
    frame: pd.DataFrame,
    *,
    out_dir: Path,
    config: TrainConfig,
    items: Sequence[ItemFacts] = (),
    previous: Path | None = None,
    measure_only: bool = False,
    on_progress: OnProgress = lambda progress: None,
    should_stop: ShouldStop = lambda: False,
) -> TrainReport:
    """Train on `frame` (columns of `models_ml.data.columns`) and leave the serving form and the
    report in `out_dir`. With `items`, what the products say about themselves, those that come later
    can be recommended without another training.

    Everything is tuned on the validation window. The recipe is then fitted up to the test window
    and measured on it; that form lies in `out_dir / "measured"`, so that a later candidate can be
    compared with it on data new to both. What `out_dir` itself serves is the same recipe carried on
    to the end of the data.

    `previous` is the folder of an earlier training, whose network this one may start from. With
    `measure_only` there is a report alone and nothing that serves.

    Run again with the same `out_dir`, it goes on where it was stopped. Raises `BadFrame`,
    `NotEnoughData` or `TrainingStopped`.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(config.threads)
    with threadpool_limits(config.threads):
        return _train(
            frame, items, out_dir, config, previous, measure_only, on_progress, should_stop
        )


def _train(
    frame: pd.DataFrame,
    items: Sequence[ItemFacts],
    out_dir: Path,
    config: TrainConfig,
    previous: Path | None,
    measure_only: bool,
    on_progress: OnProgress,
    should_stop: ShouldStop,
) -> TrainReport:
    rows, cleaning = clean(frame, config.cleaning)
    split = split_by_time(
        rows, config.test_days, config.validation_days, config.until and pd.Timestamp(config.until)
    )
    settings = {**_learning(config), "previous": starts.digest_of(previous)}
    checkpoints = Checkpoints(out_dir, fingerprint(rows, items, settings))
    run = Run(config, checkpoints, on_progress, should_stop)
    with run.phase("prepare"):
        content = stages.ShopContent(items, rows) if items else None
        validation = stages.build_window(split.fit, split.validation, split.validation_cut, content)
        test = stages.build_window(split.before_test, split.test, split.test_cut, content)
        end = stages.build_past(split.everything, split.end, content)
    with run.phase("baselines"):
        tuned = stages.tune_baselines(run, validation)
    started = starts.fit_start(
        run, validation, split.validation_cut, previous, content.vocabulary if content else None
    )
    with run.phase("fit"):
        blend = stages.find_blend(run, validation, started.model, tuned)
        parts = (split.fit, split.validation, split.validation_cut)
        found = (started.model, tuned, blend)
        added = find_added_blend(run, validation, parts, content, found) if content else None
        blends = (blend, added)
        model = stages.carry_on(run, "measured", started.model, validation.past, test.past, 0.8)
        measured = stages.fit_all(run, test.past, model, tuned, blends)
        if not measure_only:
            model = stages.carry_on(run, "final", model, test.past, end, 1.0)
            final = stages.fit_all(run, end, model, tuned, blends)
    with run.phase("evaluate"):
        results = _evaluate(run, measured, test)
    report = _report(run, cleaning, split, test, results, tuned, blends, started)
    if not measure_only:
        with run.phase("export"):
            vocabulary = content.vocabulary if content else None
            skus = validation.past.histories.skus
            starts.keep_start(started.model, skus, vocabulary, split.validation_cut, out_dir)
            facts = {"fitted_until": split.test_cut.isoformat()}
            export(measured, out_dir / MEASURED, facts, vocabulary)
            run.tell("export", 0.5)
            export(final, out_dir, {"fitted_until": split.end.isoformat()}, vocabulary)
    report.save(out_dir)
    run.tell("export", 1.0)
    return report


def _learning(config: TrainConfig) -> dict[str, Any]:
    """The settings that change what is learned; the others may differ between a run and its
    continuation.
    """
    settings = config.as_dict()
    del settings["threads"], settings["max_minutes"]
    return settings


def _evaluate(run: Run, fitted: Fitted, test: Window) -> dict[str, Evaluation]:
    """Every candidate on the test window, with the very code that serves."""
    cut, shares = test.past.cut, test.past.buyer_shares()
    results = {}
    for name, scorer in fitted.baselines.by_name().items():
        run.check()
        results[name] = evaluate(by_scorer(scorer, cut), test.cases, shares)
    asked = stages.ask_cases(test, run.config.max_length)
    scores = stages.network_scores(fitted.model, test, asked)
    parts = stages.parts_of(fitted.baselines)
    results[TRANSFORMER] = evaluate(lambda place, case: scores[place], test.cases, shares)
    weights = fitted.blend.weights
    results[MODEL] = results.get(fitted.blend.alone) or evaluate(
        lambda place, case: parts.blend(scores[place], weights, case.history, cut),
        test.cases,
        shares,
    )
    return results


def _report(
    run: Run,
    cleaning: CleaningReport,
    split: TimeSplit,
    test: Window,
    results: dict[str, Evaluation],
    tuned: dict[str, Tuned],
    blends: tuple[Blend, AddedBlend | None],
    started: Started,
) -> TrainReport:
    found = {name: (one.parameters, one.validation_ndcg) for name, one in tuned.items()}
    settings = _learning(run.config)
    blend, added = blends
    found[TRANSFORMER] = (settings, blend.ndcg_alone)
    served = blend.parts[blend.alone] if blend.alone else blend.ndcg
    told = {"added": added.as_parameters()} if added else {}
    found[MODEL] = ({**blend.as_parameters(), **told}, served)
    candidates = {
        name: CandidateReport(*found[name], *result.by_protocol())
        for name, result in results.items()
    }
    ndcgs = {name: result.ndcgs for name, result in results.items()}
    best = max(tuned, key=lambda name: results[name].repeats_allowed.ndcg_at_10)
    mean, low, high = paired_interval(ndcgs[MODEL], ndcgs[best], run.config.seed)
    return TrainReport(
        data=DataSummary(
            customers=len(test.past.histories),
            items=test.past.items,
            interactions=cleaning.kept,
            dropped=cleaning.dropped,
            validation_cut=split.validation_cut.isoformat(),
            test_cut=split.test_cut.isoformat(),
            end=split.end.isoformat(),
            test_customers=len(test.cases),
        ),
        candidates=candidates,
        best_baseline=best,
        model_minus_best_baseline={"mean": mean, "low": low, "high": high},
        epochs=started.epochs,
        start=started.as_dict(),
        seconds=run.seconds,
        seed=run.config.seed,
        customers=test.past.histories.customers[[case.customer for case in test.cases]],
        ndcgs=ndcgs,
    )
