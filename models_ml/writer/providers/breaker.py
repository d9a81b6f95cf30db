"""A circuit breaker: a model that keeps failing is left alone, then tried by one call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from models_ml.writer.providers import CircuitOpen


@dataclass(frozen=True)
class Circuit:
    """`failures` in a row; while `open_until` is in the future nothing is sent."""

    failures: int = 0
    open_until: datetime | None = None
    reason: str = ""


class CircuitStore(Protocol):
    """Where a circuit's state lives, shared by everybody who calls the same model."""

    def read(self) -> Circuit:
        """Return the state now."""
        ...

    def fail(self, *, reason: str, threshold: int, open_until: datetime) -> None:
        """Count a failure; the `threshold`th in a row and each after it open the circuit."""
        ...

    def succeed(self) -> None:
        """Close the circuit and forget its failures."""
        ...

    def claim_probe(self, *, now: datetime, open_until: datetime) -> bool:
        """Move a circuit's end on where it lies before `now`; True for the one who moved it."""
        ...


class MemoryCircuit:
    """The state of a circuit within one process."""

    def __init__(self) -> None:
        self._circuit = Circuit()
        self._lock = threading.Lock()

    def read(self) -> Circuit:
        return self._circuit

    def fail(self, *, reason: str, threshold: int, open_until: datetime) -> None:
        with self._lock:
            failures = self._circuit.failures + 1
            until = open_until if failures >= threshold else self._circuit.open_until
            self._circuit = Circuit(failures, until, reason)

    def succeed(self) -> None:
        with self._lock:
            self._circuit = Circuit()

    def claim_probe(self, *, now: datetime, open_until: datetime) -> bool:
        with self._lock:
            if self._circuit.open_until is None or self._circuit.open_until > now:
                return False
            self._circuit = replace(self._circuit, open_until=open_until)
            return True


@dataclass(frozen=True)
class Breaker:
    """Opens after `threshold` failed calls in a row, for `cooldown`; then one call tries it."""

    store: CircuitStore
    threshold: int = 3
    cooldown: timedelta = timedelta(seconds=60)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def before(self) -> None:
        """Let a call through, or raise CircuitOpen."""
        circuit = self.store.read()
        if circuit.open_until is None:
            return
        now = self.now()
        is_over = circuit.open_until <= now
        if is_over and self.store.claim_probe(now=now, open_until=now + self.cooldown):
            return
        raise CircuitOpen(f"left alone after {circuit.failures} failures: {circuit.reason}")

    def succeeded(self) -> None:
        """Tell that a call got an answer."""
        if self.store.read() != Circuit():
            self.store.succeed()

    def failed(self, reason: str) -> None:
        """Tell that a call got none, with every attempt of it."""
        until = self.now() + self.cooldown
        self.store.fail(reason=reason, threshold=self.threshold, open_until=until)
