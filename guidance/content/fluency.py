"""The writer recipe's language models: one for each language in which the shop says enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from guidance.content.corpus import shop_texts, subjects
from guidance.content.learning import too_little
from guidance.content.presentation import language_label
from guidance.content.selectors.shop import languages_with_facts
from guidance.core.jobs import JobContext
from guidance.training.labels import PHASES
from models_ml.writer.preference.fluency import corpus_of, fluency_of
from models_ml.writer.preference.model import Fluency
from models_ml.writer.reranker_train import STEPS, train_reranker

# Of each language. On one free core 1,000 products' texts take less; what is best by then is kept.
MINUTES = 1.5
SEED = 1


@dataclass(frozen=True)
class Limits:
    """What ends the training of one language's model at the latest."""

    minutes: float
    steps: int


@dataclass(frozen=True)
class Spoken:
    """What came of one language: figures for its page, what tells fluency (None for too little
    text), and the copy of held-out products, which judges where nobody decided yet.
    """

    figures: dict[str, Any]
    fluency: Fluency | None
    judging: Sequence[str]


def train_languages(
    context: JobContext, folder: Path, params: dict[str, Any], *, until: float
) -> dict[str, Spoken]:
    """Train a model for each language; `until` is the job's progress at the end of it.

    `params` may hold other `minutes` and `steps` than the usual ones for each language. A later
    attempt goes on where a killed one stood.
    """
    limits = Limits(params.get("minutes", MINUTES), params.get("steps", STEPS))
    languages, found = languages_with_facts(), {}
    for number, language in enumerate(languages):
        first, share = until * number / len(languages), until / len(languages)
        found[language] = _train(context, folder, language, limits, first, share)
    return found


def _train(
    context: JobContext, folder: Path, language: str, limits: Limits, first: float, share: float
) -> Spoken:
    corpus = corpus_of(shop_texts(language))
    told = {"language": language_label(language), "prose": corpus.prose}
    if not corpus.is_enough:
        context.progress(PHASES["language"], first, line=too_little(language, corpus.prose))
        return Spoken({"prose": corpus.prose}, None, corpus.judging)

    def show(done: float) -> None:
        context.progress(PHASES["language"], first + share * done)

    line = _("%(language)s: learning from %(prose)d texts of copy, titles and facts") % told
    context.progress(PHASES["language"], first, line=line)
    figures = train_reranker(
        corpus.learning,
        corpus.kept_back,
        folder / language,
        work_dir=context.folder / language,
        seed=SEED,
        minutes=limits.minutes,
        steps=limits.steps,
        on_progress=show,
    )
    fluency = fluency_of(folder / language, subjects(language, held_out=False))
    return Spoken({"prose": corpus.prose, **figures}, fluency, corpus.judging)
