"""The recommender's recipe. Only a training's own process imports this module: it needs torch."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
from django.conf import settings
from django.utils.translation import gettext as _

from guidance.behaviour.frames import interactions
from guidance.catalog.frames import item_facts
from guidance.core.jobs import JobContext
from guidance.recommendations.rankers import RECIPE
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.progress import LiveCurve, LiveEffects, LiveSearch
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.data.content import ItemFacts
from models_ml.recommender.artefacts import ArtefactError
from models_ml.recommender.comparison import measure_served
from models_ml.recommender.config import Progress, TrainConfig, TrainingStopped
from models_ml.recommender.effects import EffectBounds, EffectsProgress, measure_effects
from models_ml.recommender.gate import gate
from models_ml.recommender.origins import cross_validate
from models_ml.recommender.report import TrainReport
from models_ml.recommender.search import Bounds, SearchProgress, search
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
    with _stopping(context):
        report = train(
            frame,
            items=_items(context),
            out_dir=folder_of(run),
            config=config,
            previous=_last_folder(run),
            on_progress=show,
            should_stop=context.should_stop,
        )
        content = {**report.as_dict(), **_earlier_cuts(context, run, frame, config, report)}
    current, ndcgs, problem = _measure_today(frame, config)
    verdict = {**gate(report, ndcgs).as_dict(), "current_version": current, "note": problem}
    return Trained(folder=folder_of(run), report=content, verdict=verdict)


def search_settings(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    """Try settings on the validation window and return the report; an attempt after a kill goes on
    with the trial that was under way.
    """
    context.progress(PHASES["prepare"], 0.0, line=PHASES["prepare"])
    live = LiveSearch(context, run)

    def show(progress: SearchProgress) -> None:
        live.report(
            progress.fraction,
            progress.report,
            epoch=progress.epoch.epoch if progress.epoch else None,
            validation_ndcg=progress.epoch.validation_ndcg if progress.epoch else None,
        )

    with _stopping(context):
        return search(
            _frame(context),
            items=_items(context),
            out_dir=context.folder / "search",
            config=config_of(run),
            bounds=Bounds(run.params["trials"], run.params["minutes"]),
            on_progress=show,
            should_stop=context.should_stop,
        )


def measure_steps(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    """Measure what each step of cleaning and each augmentation is worth; an attempt after a kill
    goes on with the training that was under way.
    """
    context.progress(PHASES["prepare"], 0.0, line=PHASES["prepare"])
    live = LiveEffects(context, run)

    def show(progress: EffectsProgress) -> None:
        live.report(
            progress.fraction,
            progress.report,
            measured=progress.measured,
            variants=progress.variants,
            epoch=progress.epoch.epoch if progress.epoch else None,
            validation_ndcg=progress.epoch.validation_ndcg if progress.epoch else None,
        )

    with _stopping(context):
        return measure_effects(
            _frame(context),
            items=_items(context),
            out_dir=context.folder / "effects",
            config=config_of(run),
            bounds=EffectBounds(run.params["seeds"], run.params["minutes"]),
            on_progress=show,
            should_stop=context.should_stop,
        )


def config_of(run: TrainingRun) -> TrainConfig:
    """Return the settings of a run; its `params` hold those that differ from the usual."""
    params: dict[str, Any] = {"threads": settings.MODEL_THREADS, **run.params}
    for bound in ("origins", "trials", "minutes", "seeds", "apply"):
        params.pop(bound, None)
    if isinstance(params.get("until"), str):
        params["until"] = datetime.fromisoformat(params["until"])
    return TrainConfig(**params)


@contextmanager
def _stopping(context: JobContext) -> Iterator[None]:
    """A training stops because the job must: say which of its reasons it was."""
    try:
        yield
    except TrainingStopped:
        context.check()
        raise


def _last_folder(run: TrainingRun) -> Path | None:
    """Return the folder of the newest version there was when this run was asked for."""
    earlier = ModelVersion.objects.filter(recipe=RECIPE, created_at__lt=run.created_at)
    version = earlier.only("directory").order_by("-number").first()
    return version.folder if version else None


def _earlier_cuts(
    context: JobContext,
    run: TrainingRun,
    frame: pd.DataFrame,
    config: TrainConfig,
    latest: TrainReport,
) -> dict[str, Any]:
    """Measure the recipe at so many earlier ends as the run wants, for the report; one with too
    little data before it is left out, and the log says so.
    """
    wanted = run.params.get("origins", 0)
    if not wanted:
        return {}

    def show(progress: Progress) -> None:
        cut = min(math.floor(progress.fraction * wanted) + 1, wanted)
        detail = {"cut": cut, "cuts in all": wanted}
        context.progress(PHASES["origins"], progress.fraction, detail=detail)

    context.progress(PHASES["origins"], 0.0, line=PHASES["origins"])
    found = cross_validate(
        frame,
        items=_items(context),
        origins=wanted,
        out_dir=context.folder,
        config=config,
        latest=latest,
        on_progress=show,
        should_stop=context.should_stop,
    )
    for reason in found["left_out"]:
        line = _("Left out: %(reason)s") % {"reason": reason}
        context.progress(PHASES["origins"], 1.0, line=line)
    return {"rolling_origin": found}


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
