"""The recommender's recipe. Only a training's own process imports this module: it needs torch."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from django.conf import settings

from guidance.behaviour.frames import interactions
from guidance.catalog.frames import item_facts
from guidance.core.jobs import JobContext
from guidance.recommendations.rankers import RECIPE
from guidance.training.hooks import Trained
from guidance.training.models import TrainingRun
from guidance.training.progress import LiveCurve
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.data.content import ItemFacts
from models_ml.recommender.artefacts import ArtefactError
from models_ml.recommender.comparison import measure_served
from models_ml.recommender.config import Progress, TrainConfig, TrainingStopped
from models_ml.recommender.gate import gate
from models_ml.recommender.train import train

FRAME = "interactions.parquet"
ITEMS = "items.json"


def train_recommender(context: JobContext, run: TrainingRun) -> Trained:
    """Train on all real behaviour, measure against today's model, and let the gate judge.

    The interactions and what the products say of themselves are kept in the job's folder, so that
    an attempt after a kill goes on with the very same ones.
    """
    curve = LiveCurve(context, run)

    def show(progress: Progress) -> None:
        curve.report(
            progress.phase,
            progress.fraction,
            epoch=progress.epoch,
            loss=progress.loss,
            validation_ndcg=progress.validation_ndcg,
        )

    curve.report("prepare", 0.0)
    frame, config = _frame(context), config_of(run)
    try:
        report = train(
            frame,
            items=_items(context),
            out_dir=folder_of(run),
            config=config,
            on_progress=show,
            should_stop=context.should_stop,
        )
    except TrainingStopped:
        context.check()
        raise
    current, ndcgs, problem = _measure_today(frame, config)
    verdict = {**gate(report, ndcgs).as_dict(), "current_version": current, "note": problem}
    return Trained(folder=folder_of(run), report=report.as_dict(), verdict=verdict)


def config_of(run: TrainingRun) -> TrainConfig:
    """Return the settings of a run; its `params` hold those that differ from the usual."""
    params: dict[str, Any] = {"threads": settings.MODEL_THREADS, **run.params}
    if isinstance(params.get("until"), str):
        params["until"] = datetime.fromisoformat(params["until"])
    return TrainConfig(**params)


def _frame(context: JobContext) -> pd.DataFrame:
    path: Path = context.folder / FRAME
    if not path.exists():
        part = path.with_suffix(".part")
        interactions().to_parquet(part)
        part.rename(path)
    return pd.read_parquet(path)


def _items(context: JobContext) -> list[ItemFacts]:
    path: Path = context.folder / ITEMS
    if not path.exists():
        part = path.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(item_facts()))
        part.rename(path)
    return msgspec.json.decode(path.read_bytes(), type=list[ItemFacts])


def _measure_today(frame: pd.DataFrame, config: TrainConfig) -> tuple[str, np.ndarray | None, str]:
    """Return today's version, its NDCG@10 per test customer, and why it could not be measured."""
    current = promoted_version(RECIPE)
    if current is None:
        return "", None, ""
    try:
        ndcgs = measure_served(current.folder, current.policy, frame, config)
    except ArtefactError as problem:
        return str(current.pk), None, f"{current}: {problem}"
    return str(current.pk), ndcgs, ""
