"""Decisions whose outcome is still open: rewards come late, or never.

A decision is learned once, when its window has closed, with the best outcome heard of until then
or 0. Learning rewards at once and their absence only later would make whatever was shown last look
best.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from models_ml.policy.base import Policy
from models_ml.policy.problems import PolicyProblem, checked_number, checked_positive


@dataclass(slots=True)
class _Open:
    arm: str
    context: list[float] | None
    at: float
    reward: float | None = None


class Settled(NamedTuple):
    """How many decisions were learned, and how many dropped because their arm is gone."""

    learned: int
    dropped: int


class Waiting:
    """Decisions by their key, each open for `window` days."""

    def __init__(self, window: float) -> None:
        self.window = checked_positive(window, "window")
        self._open: dict[str, _Open] = {}

    def __len__(self) -> int:
        return len(self._open)

    def decided(self, key: str, arm: str, context: object, at: float) -> None:
        """Note a decision made at `at` (days)."""
        if key in self._open:
            raise PolicyProblem(f"decision {key!r} is already open")
        values = None if context is None else np.asarray(context, dtype=float).tolist()
        if values is not None and not np.isfinite(values).all():
            raise PolicyProblem(f"the context of decision {key!r} is not all finite numbers")
        self._open[key] = _Open(arm, values, checked_number(at, "at"))

    def rewarded(self, key: str, reward: float, at: float) -> bool:
        """Note an outcome that came at `at` (days); of several the highest counts.

        Return whether it counts: not for a decision that is not open, nor out of its window.
        """
        value, time = checked_number(reward, "reward"), checked_number(at, "at")
        found = self._open.get(key)
        if found is None or not found.at <= time <= found.at + self.window:
            return False
        found.reward = value if found.reward is None else max(found.reward, value)
        return True

    def settle(self, policy: Policy, now: float) -> Settled:
        """Let `policy` learn every decision whose window has closed by `now` (days)."""
        time = checked_number(now, "now")
        closed = [key for key, found in self._open.items() if found.at + self.window < time]
        learned = 0
        for key in closed:
            found = self._open[key]
            if found.arm in policy.arms:
                policy.update(found.arm, found.context, found.reward or 0.0, at=found.at)
                learned += 1
            del self._open[key]
        return Settled(learned, len(closed) - learned)

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return {
            "window": self.window,
            "open": {key: asdict(found) for key, found in self._open.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Waiting:
        """Return what `state` was taken of."""
        waiting = cls(state["window"])
        waiting._open = {key: _Open(**found) for key, found in state["open"].items()}
        return waiting
