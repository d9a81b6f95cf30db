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
    """What a sentence asks for; `words` are the whole sentence in order.

    `trigger` is what starts a message to one shopper, `daily_maximum` how many a day then.
    """

    objective: str = ""
    conditions: list[dict[str, Any]] = field(default_factory=list)
    offer_kind: str = ""
    offer_value: Decimal | None = None
    offer_currency: str = ""
    category: str = ""
    trigger: str = ""
    daily_maximum: int | None = None
    quiet: tuple[time, time] | None = None
    send_at: time | None = None
    words: list[Word] = field(default_factory=list)

    @property
    def unresolved(self) -> list[str]:
        return [word.text for word in self.words if not word.is_understood and word.text.strip()]

    @property
    def unresolved_letters(self) -> int:
        return sum(len(word) for word in self.unresolved)

    @property
    def rules(self) -> dict[str, Any]:
        """The audience's rules, as its language has them."""
        return {"all": self.conditions} if self.conditions else {}

    @property
    def may_begin(self) -> bool:
        """Whether there is anything to begin a campaign with."""
        return bool(self.conditions or self.objective or self.offer_kind or self.trigger)

    def add(self, condition: dict[str, Any]) -> None:
        """Ask for a condition, once."""
        if condition not in self.conditions:
            self.conditions.append(condition)
