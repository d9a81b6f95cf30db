"""A scorer of wordings, and choosing by it among texts that are all true."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from models_ml.writer.facts import Fact
from models_ml.writer.preference.features import feature_rows

Scorer = Callable[[Sequence[str]], Sequence[float]]


@dataclass(frozen=True)
class PreferenceModel:
    """Weights over hashed features, shape (DIMENSIONS,): the higher the score, the liker."""

    weights: np.ndarray

    def scorer(self, *, facts: Sequence[Fact], title: str, language: str) -> Scorer:
        """Return the scores of texts about one product as a function of the texts alone."""

        def scores(texts: Sequence[str]) -> Sequence[float]:
            rows = feature_rows(texts, facts=facts, title=title, language=language)
            found: list[float] = (rows @ self.weights).tolist()
            return found

        return scores


def choose(texts: Sequence[str], scorer: Scorer) -> int:
    """Return the place of the best text, of equals the first; raises ValueError for none."""
    if not texts:
        raise ValueError("there is no text to choose")
    return int(np.argmax(scorer(texts)))
