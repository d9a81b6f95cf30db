"""Runs: asked for, carried out in the job's own process, cancelled."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from guidance.core.jobs import JobContext
from guidance.core.locks import hold_lock
from guidance.core.models import User
from guidance.core.services import record_audit
from guidance.core.services.jobs import JobCancelled, request_job
from guidance.training.due import Cause
from guidance.training.hooks import Trained, data_size, recipe, verdict_in_words
from guidance.training.labels import PHASES, nothing_found
from guidance.training.models import ModelVersion, TrainingRun
from guidance.training.selectors import active_run, kept_params
from guidance.training.services.estimates import request_estimate
from guidance.training.services.kept import replace_params


class AlreadyTraining(Exception):
    """A run of this recipe is on its way; `run` is the one."""

    def __init__(self, run: TrainingRun) -> None:
        text = _("A training, search or measurement of this model is already on its way.")
        super().__init__(text)
        self.run = run


class CannotTrain(Exception):
    """The recipe lacks what it needs; the message says what, in words for people."""


@transaction.atomic
def request_training(
    *,
    recipe_key: str,
    requested_by: User | None,
    params: dict[str, Any] | None = None,
    kind: str = TrainingRun.Kind.TRAIN,
    cause: Cause | None = None,
    start: bool = True,
) -> TrainingRun:
    """Queue a run of a kind; a worker starts its process unless `start` is False.

    `params` are added to those that the recipe's retraining keeps for every run. Without a
    `cause` a person asked, or a command where there is none. Raises KeyError for a recipe nobody
    registered, CannotTrain where the recipe lacks what it needs, and AlreadyTraining where a run
    of it is on its way.
    """
    if lacking := recipe(recipe_key).what_is_lacking():
        raise CannotTrain(lacking)
    hold_lock(f"training.{recipe_key}")
    if (running := active_run(recipe_key)) is not None:
        raise AlreadyTraining(running)
    cause = cause or Cause.asked_by(requested_by)
    job = request_job(
        kind="train", params={"recipe": recipe_key}, requested_by=requested_by, start=start
    )
    run = TrainingRun.objects.create(
        recipe=recipe_key,
        kind=kind,
        params={**kept_params(recipe_key), **(params or {})},
        job=job,
        trigger=cause.trigger,
        cause=cause.figures,
        data_size=data_size(recipe_key),
    )
    record_audit(
        actor=requested_by,
        verb=f"request_{TrainingRun.Kind(kind).name.lower()}",
        target=run,
        details={"recipe": recipe_key, "trigger": cause.trigger, **cause.figures},
    )
    return run


def run_training(context: JobContext) -> dict[str, Any]:
    """Carry out the run of this job; the runner of the job kind `train`.

    An attempt that was killed is gone on with: the recipe finds its folder as it was left, and a
    run whose version was already written is only closed.
    """
    run = TrainingRun.objects.select_related("job").get(job_id=context.job_id)
    try:
        result = _WORK[run.kind](context, run)
    except JobCancelled:
        shutil.rmtree(folder_of(run), ignore_errors=True)
        shutil.rmtree(context.folder, ignore_errors=True)
        raise
    shutil.rmtree(context.folder, ignore_errors=True)
    return result


def _train(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    version = ModelVersion.objects.filter(run=run).first()
    if version is None:
        trained = recipe(run.recipe).load()(context, run)
        context.check()
        version = record_version(run=run, trained=trained)
        for sentence in verdict_in_words(version.recipe, version.verdict):
            context.progress(PHASES["export"], 1.0, line=sentence)
    return {"version": str(version.pk), "number": version.number, "status": version.status}


def _search(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    report = recipe(run.recipe).load_searcher()(context, run)
    context.check()
    TrainingRun.objects.filter(pk=run.pk).update(report=report)
    best = report["best"]
    if best is None:
        context.progress(PHASES["search"], 1.0, line=nothing_found())
    return {"trials": len(report["trials"]), "best": best["number"] if best else None}


def _measure_effects(context: JobContext, run: TrainingRun) -> dict[str, Any]:
    """Measure; where whoever asked wished so, later trainings take the steps that it proposes,
    unless somebody has chosen steps meanwhile.
    """
    report = recipe(run.recipe).load_measurer()(context, run)
    context.check()
    TrainingRun.objects.filter(pk=run.pk).update(report=report)
    applied = False
    if run.params.get("apply") and report["proposed"] != report["in_use"]:
        applied = replace_params(
            recipe_key=run.recipe,
            params=report["proposed"],
            seen=run.params,
            actor=run.job.requested_by,
        )
    return {"measured": sum("difference" in step for step in report["steps"]), "applied": applied}


_WORK: dict[str, Callable[[JobContext, TrainingRun], dict[str, Any]]] = {
    TrainingRun.Kind.TRAIN: _train,
    TrainingRun.Kind.SEARCH: _search,
    TrainingRun.Kind.EFFECTS: _measure_effects,
}


def folder_of(run: TrainingRun) -> Path:
    """Return the folder that a run's files belong in; it is made when missing."""
    folder = Path(settings.MODEL_DIR) / run.recipe / str(run.pk)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@transaction.atomic
def record_version(*, run: TrainingRun, trained: Trained) -> ModelVersion:
    """Write what a run made: a candidate where the gate passed it, refused otherwise.

    What the decision log says of it is asked for in the same transaction.
    """
    list(TrainingRun.objects.select_for_update().filter(recipe=run.recipe).values_list("pk"))
    highest = ModelVersion.objects.filter(recipe=run.recipe).aggregate(Max("number"))["number__max"]
    passed = bool(trained.verdict["passed"])
    status = ModelVersion.Status.CANDIDATE if passed else ModelVersion.Status.REFUSED
    best_baseline = trained.report["best_baseline"]
    version = ModelVersion.objects.create(
        recipe=run.recipe,
        number=(highest or 0) + 1,
        run=run,
        policy="model" if passed else best_baseline,
        best_baseline=best_baseline,
        directory=str(trained.folder.relative_to(settings.MODEL_DIR)),
        metrics=trained.report["candidates"],
        verdict=trained.verdict,
        status=status,
    )
    TrainingRun.objects.filter(pk=run.pk).update(report=trained.report)
    record_audit(
        actor=run.job.requested_by,
        verb="train_version",
        target=version,
        details={"passed": passed, "best_baseline": best_baseline},
    )
    if recipe(run.recipe).estimator:
        request_estimate(version=version, requested_by=run.job.requested_by)
    return version
