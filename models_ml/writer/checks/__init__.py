"""Checks over copy of any author: each finding says what, where, how bad and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from models_ml.writer.checks import form, names, numbers, wording
from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding
from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import KINDS, LANGUAGES, Fact
from models_ml.writer.terms import Terms, fold, terms_of

__all__ = ["BLOCK", "CHECKS", "WARN", "Finding", "check"]

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    form.empty,
    form.length,
    form.language,
    form.markup,
    form.personal_data,
    form.placeholder,
    form.punctuation,
    numbers.quantities,
    names.brands,
    names.concepts,
    wording.banned,
)


def check(
    text: str,
    *,
    facts: Sequence[Fact],
    title: str,
    language: str,
    kind: str,
    banned: Collection[str] = (),
    brands: Collection[str] | Terms = (),
) -> list[Finding]:
    """Run every check over `text` and return the findings in the order of their place in it.

    `banned` are the shop's own words beside the built-in list; `brands` are all brands the shop
    knows.
    Raises ValueError for an unknown kind or language.
    """
    if language not in LANGUAGES:
        raise ValueError(f"language {language!r} is none of {', '.join(LANGUAGES)}")
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    context = Context(
        text=text,
        folded=fold(text),
        facts=tuple(facts),
        evidence=Evidence(facts, title),
        language=language,
        kind=kind,
        banned=frozenset(banned),
        brands=terms_of(brands),
    )
    found = [finding for run in CHECKS for finding in run(context)]
    return sorted(found, key=lambda finding: (finding.start, finding.end, finding.check))
