"""What a market's rules forbid to say, outside the product's own names."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from models_ml.writer.checks.finding import BLOCK, WARN, Context, Finding, gettext_noop
from models_ml.writer.concepts import concept_table
from models_ml.writer.english import plural
from models_ml.writer.evidence import Evidence
from models_ml.writer.packs import builtin_rules, default_market
from models_ml.writer.rules.engine import Hit
from models_ml.writer.rules.model import Rule
from models_ml.writer.terms import Terms

_SHOP_HINT = gettext_noop("The shop's own list forbids it.")
_CLAIM = gettext_noop("Banned wording: %(said)s")
_EXCUSED = gettext_noop("Strong wording in a context that may allow it: %(said)s")
_LATE = gettext_noop("A rule took too long to tell: %(rule)s")


def banned(context: Context) -> Iterator[Finding]:
    """Wording that a rule of the market's pack, or the shop's own list, forbids.

    A rule that a fact may lift is lifted by one that says the very words, unless another denies
    them; a superlative stays one, whoever says it.
    """
    named = context.evidence.name_spans(context.text)
    for hit in context.rules.hits(context.text, context.language, named):
        said = context.text[hit.start : hit.end]
        if not (hit.rule.fact_lifts and _is_stated(said, hit.rule, context.evidence)):
            yield _finding(hit, said)
    if context.banned:
        shop, word_of = _shop_terms(context.banned, context.language)
        for start, end, form in shop.find(context.text, context.folded):
            if not any(low <= start and end <= high for low, high in named):
                params = {"said": context.text[start:end]}
                rule = f"shop:{word_of[form]}"
                yield Finding("banned", BLOCK, start, end, _CLAIM, _SHOP_HINT, params, rule=rule)


@lru_cache(maxsize=64)
def _shop_terms(banned: frozenset[str], language: str) -> tuple[Terms, dict[str, str]]:
    """An index of the shop's words, in English with their plurals, and the word of each form."""
    word_of = {plural(word): word for word in banned} if language == "en" else {}
    word_of |= {word: word for word in banned}
    return Terms(word_of), {form.strip(): word for form, word in word_of.items()}


def _is_stated(said: str, rule: Rule, evidence: Evidence) -> bool:
    """Whether the facts say the very words; of an origin, whether they name it in any words."""
    if evidence.affirms(said):
        return True
    named = concept_table("origin").find(said) if rule.category == "origin" else []
    return bool(named) and all(evidence.originates(one.concept) for one in named)


def _finding(hit: Hit, said: str) -> Finding:
    rule = hit.rule
    message = _LATE if hit.timed_out else _EXCUSED if hit.exception else _CLAIM
    return Finding(
        "banned",
        WARN if hit.timed_out else hit.severity,
        hit.start,
        hit.end,
        message,
        rule.hint.get("en", ""),
        {"said": said, "rule": rule.key},
        rule=rule.key,
        category=rule.category,
        law=rule.law,
        exception=hit.exception,
        signable=rule.signable,
        hints=rule.hint,
    )


@lru_cache(maxsize=16_384)
def is_harmless(value: str, language: str) -> bool:
    """Whether a fact's value breaks no built-in rule, so that the writer may quote it.

    Remembered: the facts of a shop repeat from product to product.
    """
    rules = builtin_rules(default_market(language))
    return next(rules.hits(value, language), None) is None
