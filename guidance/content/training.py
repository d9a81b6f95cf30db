"""The writer's recipe: it learns the house's style from what the desk decided."""

import time
from typing import Any

from django.utils.translation import gettext as _

from guidance.content.frames import count_decided_products, decided_texts
from guidance.content.reranking import RECIPE
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.edits import recurring_replacements
from models_ml.writer.preference.data import Decided
from models_ml.writer.preference.files import load
from models_ml.writer.preference.measure import LEAST_PRODUCTS, PLAIN
from models_ml.writer.preference.model import PreferenceModel
from models_ml.writer.preference.train import train, write_files

# Where each phase begins and ends on the way from 0 to 1; shares of the time with 500 texts.
PARTS = {"prepare": (0.0, 0.6), "fit": (0.6, 0.65), "evaluate": (0.65, 0.95)}
MOST_REPLACEMENTS = 30


def train_writer(context: JobContext, run: TrainingRun) -> Trained:
    """Train on the decided texts, measure on held-out products, and let the gate judge.

    It takes seconds to minutes: an attempt after a kill begins again with the decisions of then.
    Raises ValueError, in words for people, where there is nothing to learn from.
    """
    started, data = time.monotonic(), decided_texts()
    line = _("%(count)d decided texts, data set %(version)s") % {
        "count": len(data.rows),
        "version": data.version,
    }
    context.progress(PHASES["prepare"], 0.0, line=line)
    if len({row.product for row in data.rows}) < 2:
        raise ValueError(_("Nothing to learn from yet: decide drafts at the review desk first."))

    def show(phase: str, share: float) -> None:
        start, end = PARTS[phase]
        context.progress(PHASES[phase], start + (end - start) * share)

    today, current, note = _today()
    outcome = train(data.rows, current=current, on_progress=show)
    context.progress(PHASES["export"], 0.95)
    folder = folder_of(run)
    write_files(outcome, folder, data.version)
    report = {
        "candidates": outcome.candidates,
        "best_baseline": PLAIN,
        "learned": {**outcome.learned, "version": data.version},
        "replacements": _replacements(data.rows),
        "seconds": {"total": time.monotonic() - started},
    }
    verdict = {**outcome.verdict, "current_version": today, "note": note}
    return Trained(folder=folder, report=report, verdict=verdict)


def has_enough() -> bool:
    """Tell whether enough products are decided for a model to pass the gate."""
    return count_decided_products() >= LEAST_PRODUCTS


def _today() -> tuple[str, PreferenceModel | None, str]:
    """Return today's version, its model, and why that could not be measured."""
    version = promoted_version(RECIPE)
    if version is None:
        return "", None, ""
    try:
        return str(version.pk), load(version.folder), ""
    except ArtefactError as problem:
        return str(version.pk), None, f"{version}: {problem}"


def _replacements(rows: tuple[Decided, ...]) -> list[dict[str, Any]]:
    edited = (
        (row.language, row.written, row.published)
        for row in rows
        if row.is_edited and row.published is not None
    )
    found = recurring_replacements(edited)[:MOST_REPLACEMENTS]
    return [
        {"language": one.language, "old": one.old, "new": one.new, "count": one.count}
        for one in found
    ]
