"""A rule, and a pack of rules for one market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CATEGORIES = (
    "superlative",
    "comparison",
    "guarantee",
    "health",
    "environment",
    "price",
    "urgency",
    "endorsement",
    "superstition",
    "profanity",
    "origin",
)
SEVERITIES = ("block", "warn")
EXCEPTIONS = (
    "self_comparison",
    "stated_goal",
    "tip",
    "trademark",
    "standard_grade",
    "sourced_fact",
    "disclaimer",
)
"""The contexts in which a rule may only warn; `rules.contexts` tells them."""


@dataclass(frozen=True)
class Rule:
    """Words and patterns that copy in `language` may not contain.

    Of all terms and harmless phrases the longest match at a place decides. `exceptions` name the
    contexts in which the rule only warns; `fact_lifts` says that a fact with the very words lifts
    it, and `signable` that a person may sign for an exception. `hint` is by language.
    """

    key: str
    category: str
    severity: str
    language: str
    terms: tuple[str, ...] = ()
    harmless: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    law: str = ""
    hint: Mapping[str, str] = field(default_factory=dict)
    exceptions: tuple[str, ...] = ()
    fact_lifts: bool = False
    signable: bool = True


@dataclass(frozen=True)
class RulePack:
    """The rules of one market; `name` is by language."""

    key: str
    name: Mapping[str, str]
    rules: tuple[Rule, ...]

    def over(self, base: RulePack) -> RulePack:
        """This pack with the rules of `base` behind it, but those whose key it has itself."""
        own = {rule.key for rule in self.rules}
        inherited = tuple(rule for rule in base.rules if rule.key not in own)
        return RulePack(self.key, self.name, (*self.rules, *inherited))
