"""Choosing among candidates: the most fluent one, unless the shop opens too many texts that way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from models_ml.writer.facts import has_han

Scorer = Callable[[Sequence[str]], Sequence[float]]
"""From texts to their mean log-probability per piece; higher is better."""

_CROWDING = 4.0
"""What a text loses, in log-probability, times the share of texts that open as it does.

Measured on 729 Chinese descriptions with three candidates each: the commonest opening fell from
17% of the chosen texts to 10%; on 1,050 English ones from 2.5% to 1.9%.
"""
_LATIN_WORDS, _HAN_CHARACTERS = 3, 4


class Chooser:
    """Chooses for one batch of drafting and remembers how its texts opened."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self._openings: Counter[str] = Counter()

    def choose(self, texts: Sequence[str]) -> int:
        """The index of the best text; it counts as published from then on."""
        total = max(self._openings.total(), 1)
        rated = [
            score - _CROWDING * self._openings[opening(text)] / total
            for text, score in zip(texts, self._scorer(texts), strict=True)
        ]
        best = max(range(len(texts)), key=lambda index: (rated[index], -index))
        self._openings[opening(texts[best])] += 1
        return best


def opening(text: str) -> str:
    """The words a shopper sees again and again: three of English, four characters of Chinese."""
    if has_han(text[:_HAN_CHARACTERS]):
        return text[:_HAN_CHARACTERS]
    return " ".join(text.lower().split()[:_LATIN_WORDS])
