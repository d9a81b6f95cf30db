"""What a check reads and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from models_ml.writer.evidence import Evidence
from models_ml.writer.facts import Fact
from models_ml.writer.terms import Terms

BLOCK = "block"
WARN = "warn"


def gettext_noop(message: str) -> str:
    """Mark a message for translation; whoever shows it translates it."""
    return message


@dataclass(frozen=True)
class Finding:
    """One thing wrong at `text[start:end]`.

    `message` and `hint` are English message ids with %(name)s for the `params`.
    """

    check: str
    severity: str
    start: int
    end: int
    message: str
    hint: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def render(self, translate: Callable[[str], str] = str) -> tuple[str, str]:
        """Message and hint, translated by `translate` and with the params filled in."""
        return translate(self.message) % self.params, translate(self.hint) % self.params


@dataclass(frozen=True)
class Context:
    """One piece of copy with all that the checks need, computed once."""

    text: str
    folded: str
    facts: tuple[Fact, ...]
    evidence: Evidence
    language: str
    kind: str
    banned: frozenset[str]
    brands: Terms
