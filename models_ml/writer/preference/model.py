"""The chooser: what a house likes and how fluent a wording reads, among texts that are all true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from models_ml.writer.facts import Fact
from models_ml.writer.openings import Openings
from models_ml.writer.preference.features import DIMENSIONS, feature_rows

LanguageModel = Callable[[Sequence[str]], np.ndarray]
"""From texts to their mean log-probability per piece, shape (texts,)."""

CANDIDATES = 32
"""Texts to choose among. The third version of a scripted style, whose first left 8.7 edits a text,
left 4.3 with 20 of them and 3.5 with 32, which take 12 ms to write and to read."""
FLUENT_CANDIDATES = 6
"""Texts to choose among where fluency alone tells; it is looked at of all of them."""
READ_FOR_FLUENCY = 3
"""The best by the house's taste whose fluency is looked at; a text takes two milliseconds, and
10,000 drafts with their checks two minutes of two cores at most."""


@dataclass(frozen=True)
class Fluency:
    """A language model, and by how much the wordings of one product usually differ under it (the
    standard deviation within a set, its mean over many sets).
    """

    language_model: LanguageModel
    spread: float

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Return log-probabilities per piece in such deviations; differences alone mean much."""
        scores: np.ndarray = self.language_model(texts) / self.spread
        return scores


@dataclass(frozen=True)
class PreferenceModel:
    """Weights over hashed features, shape (DIMENSIONS,), and one for fluency, with what tells it by
    language: the higher the score, the liker.

    A model learned from decisions scores in edits. Without decisions `weights` are zero, and
    deviations of fluency are what it scores in.
    """

    weights: np.ndarray
    fluency_weight: float = 0.0
    fluencies: Mapping[str, Fluency] = field(default_factory=dict)

    @property
    def has_taste(self) -> bool:
        """Whether it learned from decisions."""
        return bool(self.weights.any())

    @property
    def candidates(self) -> int:
        """How many wordings it wants to choose among."""
        return CANDIDATES if self.has_taste else FLUENT_CANDIDATES

    def scorer(self, *, facts: Sequence[Fact], title: str, language: str) -> Scorer:
        """Return what scores texts about one product."""
        return Scorer(self, facts, title, language)


def fluent_only(fluencies: Mapping[str, Fluency]) -> PreferenceModel:
    """Return the model of a shop where nobody decided anything yet."""
    return PreferenceModel(np.zeros(DIMENSIONS, np.float32), 1.0, fluencies)


@dataclass(frozen=True)
class Scorer:
    """A model, ready for texts about one product in one language."""

    model: PreferenceModel
    facts: Sequence[Fact]
    title: str
    language: str

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Return the scores of all texts, shape (texts,)."""
        return self.taste(texts) + self.fluency(texts)

    def taste(self, texts: Sequence[str]) -> np.ndarray:
        """Return the scores of all texts but for their fluency."""
        if not self.model.has_taste:
            return np.zeros(len(texts))
        rows = feature_rows(texts, facts=self.facts, title=self.title, language=self.language)
        scores: np.ndarray = rows @ self.model.weights
        return scores

    def fluency(self, texts: Sequence[str]) -> np.ndarray:
        """Return what fluency adds to the scores: nothing without a language model."""
        told = self.model.fluencies.get(self.language)
        if told is None or not self.model.fluency_weight:
            return np.zeros(len(texts))
        return self.model.fluency_weight * told(texts)


def usual_spread(language_model: LanguageModel, sets: Sequence[Sequence[str]]) -> float:
    """Return the standard deviation within sets of wordings, its mean over all; 1 for none."""
    found = [float(language_model(texts).std()) for texts in sets if len(texts) > 1]
    return max(float(np.mean(found)), 1e-6) if found else 1.0


def choose(texts: Sequence[str], scorer: Scorer, openings: Openings) -> int:
    """Return the place of the best text, of equals the first; it counts among the openings.

    Beside a house's taste fluency is looked at of those only that are best without it. Raises
    ValueError for no text.
    """
    if not texts:
        raise ValueError("there is no text to choose")
    plain = scorer.taste(texts) - openings.crowding(texts)
    most = READ_FOR_FLUENCY if scorer.model.has_taste else len(texts)
    places = np.sort(np.argsort(-plain, kind="stable")[:most])
    scores = plain[places] + scorer.fluency([texts[place] for place in places])
    best = int(places[np.argmax(scores)])
    openings.add(texts[best])
    return best
