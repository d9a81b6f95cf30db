"""Language models of the chooser: trained by language, and judged alone where nobody decided yet.

What a language model chooses is not measured by itself. The judge is a model of another kind, which
counts runs of pieces and learned from the held-out products' own copy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models_ml.recommender.evaluate import paired_interval
from models_ml.writer.ngrams import LanguageModel as Judge
from models_ml.writer.openings import Openings
from models_ml.writer.preference.data import (
    LEAST_PROSE,
    ShopText,
    Subject,
    brands_of,
    candidate_seeds,
    is_held_out,
    is_kept_back,
)
from models_ml.writer.preference.files import load_language_model
from models_ml.writer.preference.measure import (
    CURRENT,
    LEAST_PRODUCTS,
    MODEL,
    PLAIN,
    SEED,
    TOLERANCE,
    count_unsupported,
)
from models_ml.writer.preference.model import (
    FLUENT_CANDIDATES,
    Fluency,
    PreferenceModel,
    choose,
    usual_spread,
)
from models_ml.writer.realiser import NotEnoughFacts, write_wordings

KIND = "description"
LEAST_JUDGED_BY = 10
"""Texts of copy of held-out products that a judge needs."""
MOST_MEASURED = 300
"""Held-out products that are written for, of each language."""
_SETS = 50


@dataclass(frozen=True)
class Corpus:
    """One language's texts, by what they are for."""

    learning: tuple[str, ...]
    kept_back: tuple[str, ...]
    judging: tuple[str, ...]
    prose: int

    @property
    def is_enough(self) -> bool:
        """Whether a language model can be trained of it."""
        return self.prose >= LEAST_PROSE and bool(self.kept_back)


def corpus_of(texts: Sequence[ShopText]) -> Corpus:
    """Part texts by their products; only copy is kept back and judges, for what is chosen is copy.

    `prose` is how many different texts of copy there are to learn from.
    """
    rest = [one for one in texts if not is_held_out(one.product)]
    learning = [one for one in rest if not is_kept_back(one.product)]
    kept_back = [one.text for one in rest if is_kept_back(one.product) and one.is_prose]
    judging = [one.text for one in texts if is_held_out(one.product) and one.is_prose]
    return Corpus(
        learning=tuple(dict.fromkeys(one.text for one in learning)),
        kept_back=tuple(dict.fromkeys(kept_back)),
        judging=tuple(dict.fromkeys(judging)),
        prose=len({one.text for one in learning if one.is_prose}),
    )


def fluency_of(folder: Path, subjects: Sequence[Subject]) -> Fluency:
    """Return the language model of a folder with its spread over some products' wordings; raises
    ArtefactError.
    """
    model = load_language_model(folder)
    sets = [_wordings(subject, FLUENT_CANDIDATES) for subject in subjects[:_SETS]]
    return Fluency(model, usual_spread(model, sets))


@dataclass(frozen=True)
class Judged:
    """One policy on the held-out products: how surprising its texts are to the judges, in bits per
    piece, over so many products (`texts`).
    """

    bits: float
    unsupported_claims: int
    texts: int


def judge(
    models: Mapping[str, PreferenceModel],
    subjects: Sequence[Subject],
    judges: Mapping[str, Sequence[str]],
    on_progress: Callable[[float], None] = lambda share: None,
) -> dict[str, Any]:
    """Return the verdict on `models[MODEL]` beside no choosing and other models, as JSON.

    `subjects` are held-out products, and `judges` the held-out products' own copy by language. It
    passes with at least LEAST_PRODUCTS of them, no unsupported claim, texts that clearly surprise
    less than the first wordings, and no more than those of today's model (TOLERANCE apart).
    """
    brands = brands_of(subjects)
    by_language = {
        language: Judge(texts, language)
        for language, texts in judges.items()
        if len(texts) >= LEAST_JUDGED_BY
    }
    openings: dict[tuple[str, str], Openings] = defaultdict(Openings)
    # By product: what one is said of in two languages reads alike, and counts once.
    bits: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    unsupported: dict[str, int] = defaultdict(int)
    for number, subject in enumerate(subjects):
        on_progress(number / len(subjects))
        texts = _wordings(subject, max(model.candidates for model in models.values()))
        said_by = by_language.get(subject.language)
        if said_by is None or len(texts) < 2:
            continue
        for name, text in _chosen(models, subject, texts, openings).items():
            total, pieces = said_by.bits(text)
            bits[name][subject.product].append(total / pieces)
            unsupported[name] += count_unsupported(text, subject, brands)
    found = {
        name: np.array([np.mean(told) for told in bits[name].values()]) for name in (*models, PLAIN)
    }
    return _verdict(found, unsupported)


def _chosen(
    models: Mapping[str, PreferenceModel],
    subject: Subject,
    texts: Sequence[str],
    openings: dict[tuple[str, str], Openings],
) -> dict[str, str]:
    chosen = {PLAIN: texts[0]}
    for name, model in models.items():
        own = texts[: model.candidates]
        scorer = model.scorer(facts=subject.facts, title=subject.title, language=subject.language)
        chosen[name] = own[choose(own, scorer, openings[name, subject.language])]
    return chosen


def _verdict(bits: Mapping[str, np.ndarray], unsupported: Mapping[str, int]) -> dict[str, Any]:
    products = len(bits[PLAIN])
    problems = ["too_few_products"] if products < LEAST_PRODUCTS else []
    if unsupported.get(MODEL):
        problems.append("unsupported_claims")
    opponents = [name for name in (PLAIN, CURRENT) if products and name in bits]
    saved = {name: paired_interval(bits[name], bits[MODEL], SEED) for name in opponents}
    if PLAIN in saved and saved[PLAIN][1] <= 0:
        problems.append(PLAIN)
    if CURRENT in saved and saved[CURRENT][0] < -TOLERANCE * bits[CURRENT].mean():
        problems.append(CURRENT)
    judged = {
        name: asdict(Judged(float(one.mean()), unsupported.get(name, 0), len(one)))
        for name, one in bits.items()
        if len(one)
    }
    return {
        "passed": not problems,
        "by": "fluency",
        "problems": problems,
        "comparisons": [
            {"against": name, "difference": mean, "low": low, "high": high}
            for name, (mean, low, high) in saved.items()
        ],
        "products": products,
        "judged": judged,
    }


def _wordings(subject: Subject, count: int) -> list[str]:
    try:
        written = write_wordings(
            KIND,
            title=subject.title,
            facts=subject.facts,
            language=subject.language,
            seeds=candidate_seeds(0, count),
        )
    except NotEnoughFacts:
        return []
    return [one.text for one in written]
