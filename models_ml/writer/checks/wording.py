"""Words that advertising must not use, with the harmless phrases that contain them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from models_ml.writer.checks.finding import BLOCK, Context, Finding, gettext_noop
from models_ml.writer.lexicon import rows, words
from models_ml.writer.terms import Terms, terms_of

_HINTS = {
    "superlative": gettext_noop("Say what the facts show instead of praising."),
    "unproved": gettext_noop("Needs proof that the facts do not hold; leave it out."),
    "price": gettext_noop("Prices change; leave them to the price tag."),
    "guarantee": gettext_noop("A promise that the shop would have to keep; leave it out."),
    "health": gettext_noop("Claims on health are forbidden for ordinary goods."),
    "green": gettext_noop("Claims on the environment need proof; name the certified fact instead."),
    "superstition": gettext_noop("Promises of luck are forbidden; leave them out."),
    "urgency": gettext_noop("Copy outlives an offer; leave the hurry to the campaign."),
    "shop": gettext_noop("The shop's own list forbids it."),
}
_FACT_LIFTS = frozenset({"green"})
"""Reasons that a fact saying the very words removes; a superlative stays one, whoever says it."""


class _Rule(NamedTuple):
    severity: str
    reason: str


@cache
def _rules(language: str) -> tuple[Terms, dict[str, _Rule | None]]:
    rules: dict[str, _Rule | None] = {}
    for term, severity, reason, harmless in rows(
        "banned_zh" if language == "zh-hans" else "banned_en"
    ):
        rules[term] = _Rule(severity, reason)
        rules.update(dict.fromkeys(words(harmless)))
    return Terms(rules), rules


def banned(context: Context) -> Iterator[Finding]:
    """Built-in and shop-banned words outside the product's own names; the longest match decides."""
    named = context.evidence.name_spans(context.text)
    terms, rules = _rules(context.language)
    hits = [
        (start, end, rules[term]) for start, end, term in terms.find(context.text, context.folded)
    ]
    if context.banned:
        shop = terms_of(context.banned)
        hits += [
            (start, end, _Rule(BLOCK, "shop"))
            for start, end, _ in shop.find(context.text, context.folded)
        ]
    seen: set[tuple[int, int]] = set()
    for start, end, rule in hits:
        if (
            rule is None
            or (start, end) in seen
            or any(low <= start and end <= high for low, high in named)
        ):
            continue
        said = context.text[start:end]
        if rule.reason in _FACT_LIFTS and context.evidence.contains(said):
            continue
        seen.add((start, end))
        message = gettext_noop("Banned word: %(said)s")
        yield Finding(
            "banned", rule.severity, start, end, message, _HINTS[rule.reason], {"said": said}
        )


def is_harmless(value: str, language: str) -> bool:
    """Whether a fact's value is free of blocking words, so that the writer may quote it."""
    terms, rules = _rules(language)
    found = (rules[term] for _, _, term in terms.find(value))
    return not any(rule is not None for rule in found)
