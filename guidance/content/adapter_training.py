"""The adapter's recipe: a language model on disk learns the house's style from what was decided."""

import gc
import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from guidance.content.adapters import NO_ADAPTER, RECIPE, Adapter, promoted_adapter
from guidance.content.frames import DecidedTexts, decided_texts
from guidance.content.selectors.voice import voice_in
from guidance.content.services.providers import unmetered_model
from guidance.core.jobs import JobContext
from guidance.training.hooks import Trained
from guidance.training.labels import PHASES
from guidance.training.models import TrainingRun
from guidance.training.selectors import promoted_version
from guidance.training.services.runs import folder_of
from models_ml.recommender.checkpoints import Checkpoints
from models_ml.writer.adapters.examples import lessons_of
from models_ml.writer.adapters.files import BASE
from models_ml.writer.adapters.loading import AdapterRefused
from models_ml.writer.adapters.measure import (
    Texts,
    Yardstick,
    judged,
    written_texts,
    yardstick,
)
from models_ml.writer.adapters.train import PREFERENCES, SUPERVISED, Settings, train_adapter
from models_ml.writer.facts import LANGUAGES
from models_ml.writer.preference.data import brands_of, count_decisions
from models_ml.writer.preference.measure import CURRENT, MODEL

# Where each phase begins and ends on the way from 0 to 1.
PARTS = {SUPERVISED: (0.02, 0.4), PREFERENCES: (0.4, 0.6), "evaluate": (0.6, 0.98)}
# A job keeps these and the names of its live figures in English; its page translates them.
NAMES = {
    SUPERVISED: gettext_noop("learning to write as was published"),
    PREFERENCES: gettext_noop("learning what is preferred"),
    "evaluate": PHASES["evaluate"],
}
FIGURES = (gettext_noop("step"), gettext_noop("steps in all"), gettext_noop("margin"))
SHOWN_EVERY = 10


def train_writer_adapter(context: JobContext, run: TrainingRun) -> Trained:
    """Train an adapter on the decided texts, measure it on held-out products, and let the gate
    judge.

    It takes minutes to hours: an attempt after a kill goes on from the newest checkpoint while the
    decided texts are the same, and begins anew where they are not. Raises ValueError, in words for
    people, where there is nothing to learn from.
    """
    started, data, voices = time.monotonic(), decided_texts(), _voices()
    line = _("%(count)d decided texts, data set %(version)s") % {
        "count": len(data.rows),
        "version": data.version,
    }
    context.progress(PHASES["prepare"], 0.0, line=line)
    lessons = lessons_of(
        [row for row in data.rows if not row.is_held_out], voices, brands_of(data.rows)
    )
    if not lessons.examples:
        raise ValueError(_("Nothing to learn from yet: decide drafts at the review desk first."))
    measure = yardstick(data.rows, on_progress=lambda phase, share: context.check())
    folder, progress = folder_of(run), _Progress(context)
    parts = train_adapter(
        lessons,
        settings.LLM_PATH,
        folder,
        context.folder,
        Settings(threads=settings.MODEL_THREADS, **run.params),
        on_progress=progress.train,
    )
    gc.collect()  # the model that learned makes room for those that are measured
    version = promoted_version(RECIPE)
    measuring = _Measuring(measure, voices, _texts_kept(context, data, voices), progress)
    texts, note = measuring.all_texts(Adapter(str(folder), "candidate"))
    figures, verdict = judged(data.rows, measure, texts)
    context.progress(PHASES["export"], 0.98)
    report = {
        "candidates": figures,
        "best_baseline": BASE,
        "learned": {
            **count_decisions(data.rows),
            "examples": len(lessons.examples),
            "preferences": len(lessons.preferences),
            "version": data.version,
        },
        "parts": parts,
        "seconds": {"total": time.monotonic() - started},
    }
    current = {"current_version": str(version.pk) if version else "", "note": note}
    return Trained(folder=folder, report=report, verdict={**verdict, **current})


def _voices() -> dict[str, str]:
    return {language: voice_in(language).as_prompt() for language in LANGUAGES}


class _Progress:
    """What the run's page shows while it trains and measures; raises where it must not go on."""

    def __init__(self, context: JobContext) -> None:
        self._context = context

    def train(self, part: str, done: int, steps: int, figures: dict[str, float]) -> None:
        names = {"loss": "loss", "rewards/margins": "margin"}
        shown = {names[key]: round(value, 4) for key, value in figures.items() if key in names}
        line = ""
        if done == steps or done % SHOWN_EVERY == 0:
            told = ", ".join(f"{name} {value:.4f}" for name, value in shown.items())
            line = f"{part}: step {done} of {steps}, {told}"
        self._show(part, done / steps, {"step": done, "steps in all": steps, **shown}, line)

    def measure(self, share: float) -> None:
        self._show("evaluate", share, {}, "")

    def _show(self, part: str, share: float, detail: dict[str, Any], line: str) -> None:
        start, end = PARTS[part]
        fraction = start + (end - start) * share
        self._context.progress(NAMES[part], fraction, detail=detail, line=line)


@dataclass(frozen=True)
class _Measuring:
    """Has models write of held-out products; what one wrote is kept for a later attempt."""

    measure: Yardstick
    voices: dict[str, str]
    kept: Checkpoints
    progress: _Progress

    def all_texts(self, candidate: Adapter) -> tuple[dict[str, Texts], str]:
        """Return what the base model, the candidate and today's adapter write, and why today's
        could not be measured. Raises AdapterRefused for a candidate that its own base refuses.
        """
        current, note = promoted_adapter(), ""
        policies = {BASE: NO_ADAPTER, MODEL: candidate}
        if current.folder:
            policies[CURRENT] = current
        found: dict[str, Texts] = {}
        for number, (policy, adapter) in enumerate(policies.items()):
            share = (number / len(policies), 1 / len(policies))
            try:
                found[policy] = self._texts(policy, adapter, *share)
            except AdapterRefused as refused:
                if policy != CURRENT:
                    raise
                note = f"{adapter.name}: {refused}"
        return found, note

    def _texts(self, policy: str, adapter: Adapter, start: float, width: float) -> Texts:
        name = f"texts-{policy}"
        texts = self.kept.read_json(name)
        if texts is not None:
            return list(texts)
        with closing(unmetered_model(adapter)) as model:
            texts = written_texts(
                model,
                self.measure.rows,
                self.voices,
                lambda share: self.progress.measure(start + width * share),
            )
            if model.refused:
                raise AdapterRefused(model.refused)
        self.kept.write_json(name, texts)
        return texts


def _texts_kept(context: JobContext, data: DecidedTexts, voices: dict[str, str]) -> Checkpoints:
    """Return where texts are kept that these models wrote by this data and in this voice."""
    said = json.dumps([data.version, settings.LLM_PATH, promoted_adapter().folder, voices])
    return Checkpoints(context.folder / "texts", said)
