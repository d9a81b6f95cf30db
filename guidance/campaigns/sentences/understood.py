"""What a sentence comes to."""

from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Word:
    """A piece of the sentence, and whether it was understood."""

    text: str
    is_understood: bool


@dataclass
class Understood:
    """What a sentence asks for; `words` are the whole sentence in order."""

    objective: str = ""
    conditions: list[dict[str, Any]] = field(default_factory=list)
    offer_kind: str = ""
    offer_value: Decimal | None = None
    offer_currency: str = ""
    category: str = ""
    quiet: tuple[time, time] | None = None
    send_at: time | None = None
    words: list[Word] = field(default_factory=list)

    @property
    def unresolved(self) -> list[str]:
        return [word.text for word in self.words if not word.is_understood and word.text.strip()]

    @property
    def rules(self) -> dict[str, Any]:
        """The audience's rules, as its language has them."""
        return {"all": self.conditions} if self.conditions else {}
