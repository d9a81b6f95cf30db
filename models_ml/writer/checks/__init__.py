"""Checks over copy of any author: each finding says what, where, how bad and what to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from models_ml.writer.checks import (
    experience,
    form,
    injection,
    lengths,
    likeness,
    names,
    numbers,
    wording,
)
from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding
from models_ml.writer.duplicates import Neighbour
from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import KINDS, LANGUAGES, Fact
from models_ml.writer.packs import builtin_rules, default_market
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import Terms, fold, terms_of

__all__ = ["BLOCK", "CHECKS", "WARN", "Finding", "check", "check_wording"]

CHECKS: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    form.empty,
    lengths.length,
    lengths.longer_than_asked,
    form.language,
    form.markup,
    form.links,
    form.personal_data,
    form.placeholder,
    form.punctuation,
    numbers.quantities,
    names.brands,
    names.concepts,
    wording.banned,
    injection.instructions,
    experience.experience,
    likeness.near_duplicate,
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
    rules: CompiledRules | None = None,
    channel: str = "",
    longest: int = 0,
    neighbours: Callable[[str], Neighbour | None] | None = None,
) -> list[Finding]:
    """Run every check over `text` and return the findings in the order of their place in it.

    `rules` are those of the market, by default the built-in ones for the language; `banned` are
    the shop's own words beside them; `brands` are all brands the shop knows; `channel` is where
    the text will be shown, "" for a page of the shop, and `longest` how many characters it was
    asked for at most, 0 for no such wish; `neighbours` finds the text of the shop that is nearly
    the same, if there is one.
    Raises ValueError for an unknown kind, language or channel, or one the kind does not go to.
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
        rules=builtin_rules(default_market(language)) if rules is None else rules,
        channel=lengths.channel_of(kind, channel),
        longest=longest,
        title=title,
        neighbours=neighbours,
    )
    found = [finding for run in CHECKS for finding in run(context)]
    return sorted(found, key=lambda finding: (finding.start, finding.end, finding.check))


def check_wording(
    text: str, *, facts: Sequence[Fact], title: str, language: str, rules: CompiledRules
) -> list[Finding]:
    """Run only the rules over `text`, in the order of their place in it."""
    context = Context(
        text=text,
        folded=fold(text),
        title=title,
        facts=tuple(facts),
        evidence=Evidence(facts, title),
        language=language,
        kind="description",
        banned=frozenset(),
        brands=terms_of(()),
        rules=rules,
    )
    return list(wording.banned(context))
