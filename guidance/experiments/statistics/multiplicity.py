"""Many tests at once: metrics x arms x segments, corrected as one family.

Holm (1979) keeps the chance of any false find below alpha whatever hangs together; Benjamini and
Hochberg (1995) keep the expected share of false finds among all finds, for tests that are
independent or positively dependent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from guidance.experiments.statistics.results import ALPHA, Comparison, NotMeasured, Unmeasured


class Question(NamedTuple):
    """What one test of a family asks."""

    metric: str
    arm: str
    segment: str = ""


class Correction(StrEnum):
    """What a correction promises of the family."""

    HOLM = "holm"
    BENJAMINI_HOCHBERG = "benjamini_hochberg"


@dataclass(frozen=True)
class Corrected:
    """A test's own p-value, the one that counts within its family, and how large that is."""

    p_value: float
    adjusted: float
    family: int
    alpha: float

    @property
    def is_clear(self) -> bool:
        return self.adjusted <= self.alpha


def correct(
    tests: Mapping[Question, Comparison | NotMeasured],
    *,
    correction: Correction = Correction.HOLM,
    alpha: float = ALPHA,
) -> dict[Question, Corrected | NotMeasured]:
    """Return every test with its corrected p-value; what is not measured counts as no test."""
    p_values = {
        question: test.p_value for question, test in tests.items() if isinstance(test, Comparison)
    }
    unsound = {question for question, p in p_values.items() if not 0 <= p <= 1}
    ranked = sorted(p_values.keys() - unsound, key=lambda question: (p_values[question], question))
    adjust = holm if correction == Correction.HOLM else benjamini_hochberg
    adjusted = dict(zip(ranked, adjust([p_values[question] for question in ranked]), strict=True))
    return {
        question: (
            Corrected(p_values[question], adjusted[question], len(ranked), alpha)
            if question in adjusted
            else test
            if isinstance(test, NotMeasured)
            else NotMeasured(Unmeasured.NOT_A_NUMBER)
        )
        for question, test in tests.items()
    }


def is_clear(found: Comparison | NotMeasured, corrected: Corrected | NotMeasured) -> bool:
    """Tell whether a difference is clear by itself and among all that were tested with it."""
    if isinstance(found, NotMeasured) or isinstance(corrected, NotMeasured):
        return False
    return found.is_clear and corrected.is_clear


def holm(ascending: list[float]) -> list[float]:
    """Return Holm's adjusted p-values of p-values in ascending order."""
    steps = [min(1.0, (len(ascending) - rank) * p) for rank, p in enumerate(ascending)]
    for before, rank in pairwise(range(len(steps))):
        steps[rank] = max(steps[before], steps[rank])
    return steps


def benjamini_hochberg(ascending: list[float]) -> list[float]:
    """Return the Benjamini-Hochberg adjusted p-values of p-values in ascending order."""
    steps = [min(1.0, len(ascending) / (rank + 1) * p) for rank, p in enumerate(ascending)]
    for rank in reversed(range(len(steps) - 1)):
        steps[rank] = min(steps[rank], steps[rank + 1])
    return steps
