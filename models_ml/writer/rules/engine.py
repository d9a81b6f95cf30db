"""Finding what a pack's rules forbid in a text."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from models_ml.writer.rules.contexts import context_of, sentence_bounds
from models_ml.writer.rules.model import Rule, RulePack
from models_ml.writer.terms import Terms, fold

PATTERN_SECONDS = 0.2
"""What all patterns of a rule may take on one text; usual texts take under 0.1 ms."""

_ESCAPE = re.compile(r"\\.")


@dataclass(frozen=True)
class Hit:
    """`text[start:end]` breaks `rule`; `exception` names the context in which it only warns.

    `timed_out` when the rule's patterns took too long to tell.
    """

    start: int
    end: int
    rule: Rule
    exception: str = ""
    timed_out: bool = False

    @property
    def severity(self) -> str:
        return "warn" if self.exception or self.timed_out else self.rule.severity


class CompiledRules:
    """A pack's rules, indexed once per language and used for many texts.

    Raises ValueError, naming the rule, where its patterns do not compile.
    """

    def __init__(self, pack: RulePack) -> None:
        self.pack = pack
        self.rules = {rule.key: rule for rule in pack.rules}
        self._by_language = {
            language: _Language([rule for rule in pack.rules if rule.language == language])
            for language in {rule.language for rule in pack.rules}
        }

    def hits(
        self, text: str, language: str, named: Sequence[tuple[int, int]] = ()
    ) -> Iterator[Hit]:
        """Yield what breaks a rule outside `named`, the product's own names, left to right."""
        rules = self._by_language.get(language)
        if rules is not None:
            bounds = sentence_bounds(text)
            for start, end, rule, timed_out in rules.find(text, named):
                exception = context_of(text, start, end, language, rule.exceptions, bounds)
                yield Hit(start, end, rule, exception, timed_out)


class _Language:
    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rule_of: dict[str, Rule | None] = {}
        for rule in rules:
            for term in rule.terms:
                self._rule_of.setdefault(fold(term), rule)
        for rule in rules:
            for phrase in rule.harmless:
                self._rule_of.setdefault(fold(phrase), None)
        self._terms = Terms(self._rule_of)
        self._patterns = [(rule, _compiled(rule)) for rule in rules if rule.patterns]

    def find(
        self, text: str, named: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int, Rule, bool]]:
        """Return every hit; of two of one category that overlap the longer."""
        folded = fold(text)
        masked = bytearray(len(text))
        for start, end in named:
            masked[start:end] = b"\x01" * (end - start)
        found: list[tuple[int, int, Rule, bool]] = []
        for start, end, term in self._terms.find(text, folded):
            rule = self._rule_of[term]
            if rule is None:
                masked[start:end] = b"\x01" * (end - start)
            else:
                found.append((start, end, rule, False))
        found += self._matches(folded)
        free = [hit for hit in found if hit[3] or not masked[hit[0]]]
        return _longest(free)

    def _matches(self, folded: str) -> Iterator[tuple[int, int, Rule, bool]]:
        for rule, pattern in self._patterns:
            try:
                for match in pattern.finditer(folded, timeout=PATTERN_SECONDS):
                    if match.group():
                        yield *match.span(), rule, False
            except TimeoutError:
                yield 0, len(folded), rule, True


def _compiled(rule: Rule) -> regex.Pattern[str]:
    try:
        return joined(rule.patterns)
    except (regex.error, RecursionError) as error:
        raise ValueError(f"the patterns of rule {rule.key!r} do not compile: {error}") from error


def joined(patterns: Sequence[str]) -> regex.Pattern[str]:
    """All patterns of a rule in one; the text is lower case, and not to ignore case is faster.

    Raises regex.error where they are none.
    """
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    has_capitals = any(letter.isupper() for letter in _ESCAPE.sub("", whole))
    return regex.compile(whole, regex.IGNORECASE if has_capitals else 0)


def _longest(found: list[tuple[int, int, Rule, bool]]) -> list[tuple[int, int, Rule, bool]]:
    """Drop what overlaps a longer hit of its category, or one alike of a severer rule."""
    chosen: list[tuple[int, int, Rule, bool]] = []
    taken: dict[str, bytearray] = defaultdict(lambda: bytearray(max(hit[1] for hit in found)))
    for hit in sorted(found, key=lambda hit: (hit[0] - hit[1], hit[2].severity != "block")):
        start, end, category = hit[0], hit[1], taken[hit[2].category]
        if not any(category[start:end]):
            category[start:end] = b"\x01" * (end - start)
            chosen.append(hit)
    return sorted(chosen, key=lambda hit: hit[:2])
