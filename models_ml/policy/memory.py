"""What a policy learned of each arm: sums that fade with age, whatever the order they come in."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from models_ml.policy.problems import PolicyProblem, checked_number, checked_positive


class Memory:
    """One array of sums per arm; what happened `half_life` days earlier counts half.

    `until` is the latest time heard of, in days; what is older fades against it. A reward that
    arrives late is added with the weight its decision has by then, so that rewards in any order
    leave the same sums. Without a half-life nothing fades.
    """

    def __init__(
        self, arms: Sequence[str], shape: tuple[int, ...], half_life: float | None = None
    ) -> None:
        self.shape = shape
        self.half_life = None if half_life is None else checked_positive(half_life, "half_life")
        self.until: float | None = None
        self._sums = {arm: np.zeros(shape) for arm in arms}

    def of(self, arm: str) -> np.ndarray:
        """Return the sums of one arm as of `until`."""
        return self._sums[arm]

    def add(self, arm: str, values: np.ndarray, at: float | None) -> None:
        """Count in what a decision made at `at` (days; None is `until`) came to."""
        weight = 1.0
        if at is not None:
            self.advance(at)
            weight = self._fade(at)
        self._sums[arm] += weight * values

    def advance(self, at: float) -> None:
        """Let time pass until `at` (days); an earlier time changes nothing."""
        now = checked_number(at, "at")
        if self.until is not None and now <= self.until:
            return
        before, self.until = self.until, now
        if before is not None:
            fade = self._fade(before)
            for sums in self._sums.values():
                sums *= fade

    def add_arm(self, arm: str) -> None:
        self._sums[arm] = np.zeros(self.shape)

    def remove_arm(self, arm: str) -> None:
        del self._sums[arm]

    def state(self) -> dict[str, Any]:
        """Return all of it as JSON values; shapes are the policy's to know."""
        return {
            "half_life": self.half_life,
            "until": self.until,
            "sums": {arm: sums.ravel().tolist() for arm, sums in self._sums.items()},
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the sums and the time of a saved state of the same arms and shape."""
        saved = state["sums"]
        until = state["until"]
        self.until = None if until is None else checked_number(until, "until")
        for arm in self._sums:
            values = np.asarray(saved.get(arm, ()), dtype=float)
            if values.size != np.prod(self.shape) or not np.isfinite(values).all():
                raise PolicyProblem(f"the saved sums of arm {arm!r} are not {self.shape} numbers")
            self._sums[arm] = values.reshape(self.shape)

    def _fade(self, at: float) -> float:
        if self.half_life is None or self.until is None:
            return 1.0
        return float(np.exp2((at - self.until) / self.half_life))
