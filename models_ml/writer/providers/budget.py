"""A day's budget of tokens and money: asked before each request, told after it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from models_ml.writer.providers import BudgetSpent, Usage

MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Price:
    """Money for a million tokens, in the currency of the budget."""

    prompt: Decimal = Decimal(0)
    completion: Decimal = Decimal(0)

    @property
    def is_set(self) -> bool:
        """Whether tokens cost anything."""
        return bool(self.prompt or self.completion)

    def of(self, usage: Usage) -> Decimal:
        """What this usage costs."""
        prompt = usage.prompt_tokens * self.prompt
        return (prompt + usage.completion_tokens * self.completion) / MILLION


@dataclass(frozen=True)
class Spent:
    """What one day has cost."""

    tokens: int = 0
    money: Decimal = Decimal(0)


class Ledger(Protocol):
    """Where a day's usage is kept, shared by everybody who spends from one budget."""

    def spent(self) -> Spent:
        """Return what today has cost so far."""
        ...

    def record(self, *, usage: Usage, money: Decimal, is_failure: bool) -> None:
        """Add one request to today."""
        ...


@dataclass
class MemoryLedger:
    """A ledger within one process, of a day that never ends."""

    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    money: Decimal = Decimal(0)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def spent(self) -> Spent:
        return Spent(self.tokens, self.money)

    def record(self, *, usage: Usage, money: Decimal, is_failure: bool) -> None:
        with self._lock:
            self.requests += 1
            self.failures += is_failure
            self.prompt_tokens += usage.prompt_tokens
            self.completion_tokens += usage.completion_tokens
            self.money += money


@dataclass(frozen=True)
class Budget:
    """At most so much a day; None is no limit.

    What is asked for is not reserved: a day ends over its limit by no more than what was in flight
    when it was reached.
    """

    ledger: Ledger
    daily_tokens: int | None = None
    daily_money: Decimal | None = None
    price: Price = Price()

    def check(self) -> None:
        """Let a request through, or raise BudgetSpent."""
        if self.daily_tokens is None and self.daily_money is None:
            return
        spent = self.ledger.spent()
        if self.daily_tokens is not None and spent.tokens >= self.daily_tokens:
            raise BudgetSpent(f"{spent.tokens} of {self.daily_tokens} tokens are spent today")
        if self.daily_money is not None and spent.money >= self.daily_money:
            raise BudgetSpent(f"{spent.money:.2f} of {self.daily_money:.2f} is spent today")

    def record(self, usage: Usage, *, is_failure: bool = False) -> None:
        """Add one request to today."""
        money = self.price.of(usage)
        self.ledger.record(usage=usage, money=money, is_failure=is_failure)
