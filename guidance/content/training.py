"""The writer's recipe: it learns the house's style from what the desk decided."""

import time
from typing import Any

from django.utils.translation import gettext as _

from guidance.content.corpus import subjects
from guidance.content.fluency import Spoken, train_languages
from guidance.content.frames import decided_texts
from guidance.content.reranking import RECIPE
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.recommender.artefacts import ArtefactError
from models_ml.writer.edits import recurring_replacements
from models_ml.writer.preference.data import LEAST_PROSE, Decided
from models_ml.writer.preference.files import load
from models_ml.writer.preference.measure import LEAST_PRODUCTS, PLAIN
from models_ml.writer.preference.model import PreferenceModel
from models_ml.writer.preference.train import Outcome, train, train_fluent, write_files

# Where each phase begins and ends on the way from 0 to 1; shares of the time with 500 texts.
LANGUAGES_UNTIL = 0.6
PARTS = {"prepare": (0.6, 0.8), "fit": (0.8, 0.83), "evaluate": (0.83, 0.95)}
MOST_REPLACEMENTS = 30


def train_writer(context: JobContext, run: TrainingRun) -> Trained:
    """Train language models on the shop's texts and a taste on decided texts, measure on held-out
    products, and let the gate judge.

    An attempt after a kill goes on with the language model that it was at, and learns the taste
    anew. Raises ValueError, in words for people, where there is nothing to learn from.
    """
    started, data, folder = time.monotonic(), decided_texts(), folder_of(run)
    line = _("%(count)d decided texts, data set %(version)s") % {
        "count": len(data.rows),
        "version": data.version,
    }
    context.progress(PHASES["prepare"], 0.0, line=line)
    spoken = train_languages(context, folder, run.params, until=LANGUAGES_UNTIL)
    today, current, note = _today()
    outcome = _outcome(context, data.rows, spoken, current)
    context.progress(PHASES["export"], 0.95)
    write_files(outcome, folder, data.version)
    report = {
        "candidates": outcome.candidates,
        "best_baseline": PLAIN,
        "learned": {**outcome.learned, "version": data.version},
        "languages": {language: one.figures for language, one in spoken.items()},
        "replacements": _replacements(data.rows),
        "seconds": {"total": time.monotonic() - started},
    }
    verdict = {**outcome.verdict, "current_version": today, "note": note}
    return Trained(folder=folder, report=report, verdict=verdict)


def _outcome(
    context: JobContext,
    rows: tuple[Decided, ...],
    spoken: dict[str, Spoken],
    current: PreferenceModel | None,
) -> Outcome:
    """Learn the house's taste from decisions; before there are enough, fluency alone may choose."""
    fluencies = {name: one.fluency for name, one in spoken.items() if one.fluency is not None}

    def show(phase: str, share: float) -> None:
        start, end = PARTS[phase]
        context.progress(PHASES[phase], start + (end - start) * share)

    products = len({row.product for row in rows})
    if products >= LEAST_PRODUCTS or (products > 1 and not fluencies):
        return train(rows, fluencies=fluencies, current=current, on_progress=show)
    if not fluencies:
        raise ValueError(
            _(
                "Nothing to learn from yet: decide drafts at the review desk first,"
                " or have copy or descriptions of at least %(least)d products."
            )
            % {"least": LEAST_PROSE}
        )
    measured_on = [one for name in fluencies for one in subjects(name, held_out=True)]
    judging = {name: one.judging for name, one in spoken.items()}
    return train_fluent(fluencies, measured_on, judging, current=current, on_progress=show)


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
