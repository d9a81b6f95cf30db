"""Asking a language model for copy until a text of it passes, and not for ever."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models_ml.writer.providers import (
    BadAnswer,
    CopyTask,
    Generation,
    Provider,
    ProviderError,
)
from models_ml.writer.providers.prompts import (
    COPY_SCHEMA,
    copy_messages,
    sentences_of,
    told_again,
)
from models_ml.writer.realiser import Sentence

TRIES = 2
"""A first text, and a second one that is told what was wrong with the first."""
LONGEST_SHOWN = 4_000
"""Characters of an answer that its author is shown again."""

Faults = Callable[[str, Sequence[Sentence]], list[str]]
"""From a text and its sentences to what is wrong with it, in the English that models are told."""


class ChecksFailed(ProviderError):
    """The model wrote, and no text of it passed the checks."""

    code = "checks_failed"


@dataclass(frozen=True)
class Passed:
    """A text that passed, its sentences in their places, and how it came."""

    text: str
    sentences: list[Sentence]
    generation: Generation
    tries: int


def write_until_it_passes(
    task: CopyTask, provider: Provider, *, seed: int, faults: Faults
) -> Passed:
    """Return the first of TRIES texts without faults; a sentence that cites no fact is one.

    Raises ProviderError: BadAnswer or ChecksFailed where the last answer could not be read or did
    not pass.
    """
    asked = messages = copy_messages(task)
    failed: ProviderError | None = None
    for number in range(TRIES):
        try:
            generation = provider.generate(messages, COPY_SCHEMA, seed=seed + number)[0]
            text, sentences = sentences_of(generation.parsed, task)
        except BadAnswer as bad:
            answer, found, failed = bad.text, [str(bad)], bad
        else:
            found = [*faults(text, sentences), *_uncited(sentences)]
            if not found:
                return Passed(text, sentences, generation, number + 1)
            answer, failed = generation.text, ChecksFailed("; ".join(found))
        messages = told_again(asked, answer[:LONGEST_SHOWN], found, task.language)
    assert failed is not None
    raise failed


def _uncited(sentences: Sequence[Sentence]) -> list[str]:
    return [f"No fact is cited for: {s.text}" for s in sentences if not s.fact_keys]
