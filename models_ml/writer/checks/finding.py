"""What a check reads and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from models_ml.writer.duplicates import Neighbour
from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import Fact
from models_ml.writer.rules.engine import CompiledRules
from models_ml.writer.terms import Terms

BLOCK = "block"
WARN = "warn"


def gettext_noop(message: str) -> str:
    """Mark a message for translation; whoever shows it translates it."""
    return message


@dataclass(frozen=True)
class Finding:
    """One thing wrong at `text[start:end]`.

    `message` and `hint` are English message ids with %(name)s for the `params`; `hints` has a
    rule's own hint by language instead. `rule` names what was broken, by default the check;
    `exception` the context in which a rule only warns; `signable`: a person may sign for it.
    """

    check: str
    severity: str
    start: int
    end: int
    message: str
    hint: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    rule: str = ""
    category: str = ""
    law: str = ""
    exception: str = ""
    signable: bool = False
    hints: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rule:
            object.__setattr__(self, "rule", self.check)

    def render(
        self, translate: Callable[[str], str] = str, language: str = "en"
    ) -> tuple[str, str]:
        """Message and hint, translated by `translate` and with the params filled in.

        A rule's own hint is shown in `language` where it has one, as it stands.
        """
        hint = self.hints.get(language) or self.hints.get("en")
        return translate(self.message) % self.params, hint or translate(self.hint) % self.params


@dataclass(frozen=True)
class Context:
    """One piece of copy with all that the checks need, computed once."""

    text: str
    folded: str
    title: str
    facts: tuple[Fact, ...]
    evidence: Evidence
    language: str
    kind: str
    banned: frozenset[str]
    brands: Terms
    rules: CompiledRules
    channel: str = ""
    longest: int = 0
    neighbours: Callable[[str], Neighbour | None] | None = None
